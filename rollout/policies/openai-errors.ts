import { APIConnectionTimeoutError, APIError } from 'openai';
import { PolicyConfigError, PolicyError } from './policy.ts';

/** What to do about a request that failed: try it again, or give up with this error. */
export type Verdict =
  | { readonly retry: true; readonly error: PolicyError }
  | { readonly retry: false; readonly error: PolicyError | PolicyConfigError };

/** An answer with status 200 that is no chat completion. */
export class BadAnswer extends Error {
  override name = 'BadAnswer';
}

export interface Circumstances {
  readonly model: string;
  readonly baseURL: string;
  readonly apiKeyEnv: string;
  /** Has this endpoint answered before? Then a 400 is about this one prompt. */
  readonly answeredBefore: boolean;
  /** Did the request's own timer end it? */
  readonly timedOut: boolean;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
}

const tooLong =
  /context[ _]length|maximum context|max(?:imum)?[ _]model[ _]len|context window|prompt is too long|too many tokens|input (?:is )?too long|exceeds? the (?:model'?s? )?max/i;

/** Sorts a failed request into the classes of `env/episode.ts`; 4xx that will not get better stop the run. */
export function classify(error: unknown, about: Circumstances): Verdict {
  const text = about.redact(messageOf(error)).slice(0, 500);
  const again = (failure: PolicyError['failure'], options: { retryAfter?: number } = {}): Verdict => ({
    retry: true,
    error: new PolicyError(failure, text, options),
  });
  const limit = (failure: 'context_overflow' | 'content_filter'): Verdict => ({
    retry: false,
    error: new PolicyError(failure, text),
  });
  const config = (what: string, next: string): Verdict => ({
    retry: false,
    error: new PolicyConfigError(`${what}: ${text}`, { next }),
  });
  if (about.timedOut) return again('upstream_timeout');
  if (error instanceof BadAnswer || error instanceof SyntaxError) return again('upstream_5xx');
  if (error instanceof APIConnectionTimeoutError) return again('upstream_timeout');
  if (!(error instanceof APIError)) return { retry: false, error: new PolicyError('bug', text) };
  const { status } = error;
  if (status === undefined) return again('network');
  const code = error.code ?? error.type ?? '';
  const retryAfter = secondsToWait(error.headers);
  if (status === 429) {
    if (/insufficient_quota|billing/.test(code)) {
      return config(`${about.baseURL} has no quota left`, 'add credit there, then run the same command again');
    }
    return again('rate_limited', { retryAfter });
  }
  if (status >= 500) return again('upstream_5xx', { retryAfter });
  if (status === 408) return again('upstream_timeout', { retryAfter });
  if (status === 409 || status === 425) return again('upstream_5xx', { retryAfter });
  if (status === 413 || (status === 400 && (tooLong.test(code) || tooLong.test(text))))
    return limit('context_overflow');
  if (status === 400 && /content_filter|content_policy/.test(code)) return limit('content_filter');
  if (status === 401 || status === 403) {
    return config(
      `${about.baseURL} refuses the key`,
      `put a key that may use "${about.model}" into the environment variable ${about.apiKeyEnv}, then run the same command again`,
    );
  }
  if (status === 404) {
    return config(
      `${about.baseURL} does not know the model "${about.model}" or has no /chat/completions`,
      'look at model and baseURL in the config (vLLM: baseURL ends in /v1)',
    );
  }
  if (about.answeredBefore) return { retry: false, error: new PolicyError('bug', text) };
  return config(
    `${about.baseURL} refuses the request`,
    'look at the options of the policy in the config (maxTokensParam, temperature, extraBody, tokens)',
  );
}

/** Retry-After as seconds or as a date, and OpenAI's retry-after-ms. */
export function secondsToWait(headers: Headers | undefined, now: number = Date.now()): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds / 1_000;
  const value = headers?.get('retry-after');
  if (value == null || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1_000);
}

/** A connection error says little itself; its causes do. */
function messageOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at instanceof Error && parts.length < 4; at = at.cause) {
    const { code } = at as { code?: unknown };
    parts.push(typeof code === 'string' && !at.message.includes(code) ? `${at.message} (${code})` : at.message);
  }
  return parts.length > 0 ? [...new Set(parts)].join(': ') : String(error);
}
