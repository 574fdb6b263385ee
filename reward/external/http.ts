import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Finding, RewardComponent } from '../components.ts';
import { failedScorer, findingOf, noAnswer, readReply, rowOf, type ScorerRow } from './row.ts';

export const httpOptionsSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => new URL(url).password === '', { message: 'has a password in it; name a variable in headersEnv' })
    .describe('Gets a POST with one row as JSON and answers {"score", "why"?}'),
  timeoutSeconds: z.number().positive().default(30).describe('Of one request'),
  retries: z
    .number()
    .int()
    .nonnegative()
    .max(20)
    .default(2)
    .describe('After a broken connection, a timeout, 429 or 5xx'),
  headersEnv: z
    .record(z.string(), z.string())
    .default({})
    .describe('Headers whose value is read from an environment variable: {header: NAME}'),
});
export type HttpOptions = z.output<typeof httpOptionsSchema>;

const replyChars = 1_000_000;
const firstBackoffMs = 200;

/** A component that an HTTP endpoint of one's own judges. A failure is null, never 0. */
export function httpComponent(options: HttpOptions): RewardComponent {
  return async (input) => (input.answer === null ? noAnswer(input) : ask(rowOf(input), options));
}

async function ask(row: ScorerRow, options: HttpOptions): Promise<Finding> {
  for (let attempt = 0; ; attempt += 1) {
    const { again, finding } = await post(row, options);
    if (!again || attempt >= options.retries) return finding;
    await delay(firstBackoffMs * 2 ** Math.min(attempt, 6));
  }
}

async function post(row: ScorerRow, options: HttpOptions): Promise<{ again: boolean; finding: Finding }> {
  const { url, timeoutSeconds, headersEnv } = options;
  const secrets: string[] = [];
  const failed = (why: string, again: boolean) => ({
    again,
    finding: failedScorer(
      `the scorer at ${url} failed: ${secrets.reduce((text, one) => text.replaceAll(one, '…'), why)}`,
    ),
  });
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  for (const [header, name] of Object.entries(headersEnv)) {
    const value = process.env[name];
    if (value === undefined) return failed(`the header ${header} is read from ${name}, which is not set`, false);
    headers[header] = value;
    if (value.length >= 4) secrets.push(value);
  }
  try {
    const signal = AbortSignal.timeout(timeoutSeconds * 1_000);
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(row),
      signal,
      redirect: 'error',
    });
    const text = await readText(response);
    if (!response.ok)
      return failed(`HTTP ${response.status} ${text.slice(0, 200)}`, response.status === 429 || response.status >= 500);
    const reply = readReply(text);
    if (typeof reply === 'string') return failed(reply, false);
    if (reply.id !== undefined && reply.id !== row.id)
      return failed(`it answered row ${reply.id}, not ${row.id}`, false);
    return { again: false, finding: findingOf(reply) };
  } catch (error) {
    const { name, message, cause } = error as Error;
    if (name === 'TimeoutError') return failed(`no reply within ${timeoutSeconds} s`, true);
    return failed(cause instanceof Error ? `${message}: ${cause.message}` : message, true);
  }
}

/** The body, up to a cap: an endpoint gone wild must not fill the memory. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (text.length > replyChars) throw new Error('its answer is longer than 1 MB');
  }
  return text + decoder.decode();
}
