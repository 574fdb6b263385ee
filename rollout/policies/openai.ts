import OpenAI from 'openai';
import { mix } from '../../env/seed.ts';
import { createHttpFetch } from './http-fetch.ts';
import { classify } from './openai-errors.ts';
import type { Verdict } from './openai-errors.ts';
import { isLocal } from './openai-options.ts';
import type { OpenAiOptions } from './openai-options.ts';
import { readReply, toChatMessages } from './openai-reply.ts';
import { PolicyConfigError, PolicyError } from './policy.ts';
import type { Policy, PolicyReply, PolicyRequest } from './policy.ts';

export interface OpenAiDeps {
  readonly env: NodeJS.ProcessEnv;
  readonly fetch?: typeof globalThis.fetch;
}

const longestBackoffSeconds = 30;

/**
 * A policy behind an OpenAI-compatible endpoint. It is the one owner of retries: 429 (Retry-After holds back every request
 * to the endpoint, not only the one that met it), 5xx, timeouts, broken connections and answers that are no completion are
 * tried again, at most `maxRetries` times and never past `deadlineSeconds`. The key is read from the environment,
 * kept in this object alone and taken out of every error text.
 */
export function createOpenAiPolicy(options: OpenAiOptions, deps: OpenAiDeps): Policy {
  return new OpenAiPolicy(options, deps);
}

class OpenAiPolicy implements Policy {
  readonly name = 'openai';
  readonly price: Policy['price'];
  readonly #options: OpenAiOptions;
  readonly #client: OpenAI;
  readonly #secrets: readonly string[];
  readonly #close: () => void;
  #answered = false;
  /** No request begins before this time: the endpoint asked for it. */
  #notBefore = 0;

  constructor(options: OpenAiOptions, deps: OpenAiDeps) {
    this.#options = options;
    this.price = options.prices;
    const key = deps.env[options.apiKeyEnv] ?? '';
    if (key === '' && !isLocal(options.baseURL)) {
      throw new PolicyConfigError(`${options.baseURL} needs a key, and ${options.apiKeyEnv} is not set`, {
        next: `export ${options.apiKeyEnv}=…, or name another variable in apiKeyEnv`,
      });
    }
    const fromEnv = Object.entries(options.headersEnv).map(([header, name]): [string, string] => {
      const value = deps.env[name];
      if (value !== undefined) return [header, value];
      throw new PolicyConfigError(`the header ${header} is read from ${name}, which is not set`, {
        next: `export ${name}=…`,
      });
    });
    this.#secrets = [key, ...fromEnv.map(([, value]) => value)].filter((secret) => secret.length >= 4);
    const lean = deps.fetch ? null : createHttpFetch();
    this.#close = () => lean?.close();
    this.#client = new OpenAI({
      baseURL: options.baseURL,
      apiKey: key === '' ? 'none' : key,
      // Nothing of this is read from the environment behind the config's back.
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: options.timeoutSeconds * 1_000,
      defaultHeaders: { ...options.headers, ...Object.fromEntries(fromEnv) },
      logLevel: 'off',
      fetch: deps.fetch ?? lean!.fetch,
    });
  }

  async complete(request: PolicyRequest): Promise<PolicyReply> {
    const { maxRetries, backoffSeconds, deadlineSeconds } = this.#options;
    const deadline = Date.now() + deadlineSeconds * 1_000;
    const retries: Record<string, number> = {};
    const body = this.#body(request);
    for (let attempt = 0; ; attempt += 1) {
      await this.#waitForGate(deadline, request.signal);
      const verdict = await this.#ask(body, request, deadline);
      if ('reply' in verdict) {
        this.#answered = true;
        return attempt === 0 ? verdict.reply : { ...verdict.reply, retries };
      }
      if (request.signal.aborted || !verdict.retry) throw afterTries(verdict.error, attempt + 1, retries);
      const { error } = verdict;
      const backoff = Math.min(longestBackoffSeconds, backoffSeconds * 2 ** attempt) * (0.5 + Math.random() / 2);
      const wait = Math.max(error.retryAfter ?? 0, backoff) * 1_000;
      if (error.failure === 'rate_limited' && error.retryAfter !== undefined) {
        this.#notBefore = Math.max(this.#notBefore, Date.now() + error.retryAfter * 1_000);
      }
      if (attempt >= maxRetries || Date.now() + wait >= deadline) {
        throw afterTries(error, attempt + 1, retries);
      }
      retries[error.failure] = (retries[error.failure] ?? 0) + 1;
      await sleep(wait, request.signal);
    }
  }

  async close(): Promise<void> {
    this.#close();
  }

  async #ask(body: object, request: PolicyRequest, deadline: number): Promise<Verdict | { reply: PolicyReply }> {
    const timer = new AbortController();
    const left = Math.max(1, Math.min(this.#options.timeoutSeconds * 1_000, deadline - Date.now()));
    const timeout = setTimeout(() => timer.abort(), left);
    try {
      const answer: unknown = await this.#client.post('/chat/completions', {
        body,
        signal: AbortSignal.any([request.signal, timer.signal]),
      });
      const reply = readReply(answer, this.#options, request);
      if (reply.sampling.finishReason === 'content_filter') {
        return { retry: false, error: new PolicyError('content_filter', 'the endpoint filtered the answer') };
      }
      return { reply };
    } catch (error) {
      const { model, baseURL, apiKeyEnv } = this.#options;
      return classify(error, {
        model,
        baseURL,
        apiKeyEnv,
        answeredBefore: this.#answered,
        timedOut: timer.signal.aborted && !request.signal.aborted,
        redact: (text) => this.#secrets.reduce((clean, secret) => clean.replaceAll(secret, '[key]'), text),
      });
    } finally {
      clearTimeout(timeout);
    }
  }

  #body({ messages, maxTokens, draw, call }: PolicyRequest): object {
    const { model, temperature, topP, tokens, extraBody, sendReasoning, sendSeed } = this.#options;
    const most = Math.min(maxTokens, this.#options.maxTokens ?? Number.POSITIVE_INFINITY);
    const official = new URL(this.#options.baseURL).hostname === 'api.openai.com';
    const param = this.#options.maxTokensParam ?? (official ? 'max_completion_tokens' : 'max_tokens');
    return {
      model,
      messages: toChatMessages(messages, sendReasoning),
      [param]: most,
      ...(temperature === undefined ? {} : { temperature }),
      ...(topP === undefined ? {} : { top_p: topP }),
      // A signed 32-bit number is what every server takes.
      ...(sendSeed ? { seed: mix(draw, call.segment, call.turn) >>> 1 } : {}),
      ...(tokens ? { logprobs: true, return_token_ids: true } : {}),
      ...extraBody,
    };
  }

  async #waitForGate(deadline: number, signal: AbortSignal): Promise<void> {
    const wait = this.#notBefore - Date.now();
    if (wait <= 0) return;
    if (Date.now() + wait >= deadline) {
      throw new PolicyError(
        'rate_limited',
        `the endpoint asks to wait ${Math.ceil(wait / 1_000)} s, past the deadline`,
        {
          retryAfter: wait / 1_000,
        },
      );
    }
    await sleep(wait, signal);
  }
}

function afterTries<Failed extends PolicyError | PolicyConfigError>(
  error: Failed,
  tries: number,
  retries: Readonly<Record<string, number>>,
): Failed | PolicyError {
  if (tries === 1 || !(error instanceof PolicyError)) return error;
  const { failure, message, retryAfter } = error;
  return new PolicyError(failure, `${message} (after ${tries} tries)`, { retryAfter, retries });
}

/** Waits; rejects at once when the request is no longer wanted. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => {
      clearTimeout(timer);
      reject(new PolicyError('network', 'no longer wanted'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', gone);
      resolve();
    }, milliseconds);
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  });
}
