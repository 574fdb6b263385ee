import { Agent as HttpAgent, request as httpRequest, validateHeaderName, validateHeaderValue } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** Name in lower case. */
  readonly header: (name: string) => string | undefined;
}

export interface PostLimits {
  /** Ends the request; the promise then rejects. */
  readonly signal: AbortSignal;
  /** The whole request, its answer's last byte included. */
  readonly timeoutMs: number;
}

/** Sends JSON texts to one address. */
export interface HttpPost {
  /** Rejects with {@link PostFailed}: no connection, one that broke, no answer in time, an aborted signal. */
  post(body: string, limits: PostLimits): Promise<HttpAnswer>;
  /** Ends the kept connections. */
  close(): void;
}

/** No answer came, or not all of it. */
export class PostFailed extends Error {
  override name = 'PostFailed';
  readonly timedOut: boolean;
  constructor(message: string, options: ErrorOptions & { timedOut?: boolean } = {}) {
    super(message, options);
    this.timedOut = options.timedOut ?? false;
  }
}

const tooLate = (timeoutMs: number, cause?: unknown) =>
  new PostFailed(`no answer within ${timeoutMs / 1_000} s`, { timedOut: true, cause });

/** A body larger than this is no chat completion; reading on would only fill memory. */
const mostBytes = 256 * 1024 * 1024;

/**
 * Posts over node:http(s) with kept connections. Against instant answers the openai client with the built-in `fetch` cost
 * an engine four times as much CPU a text, and with a `fetch` over node:http still twice as much: all that is fixed (URL,
 * headers) is made once here, and an answer is read as one text. An answer cut short rejects. Not handled: redirects,
 * streams, proxies.
 */
export function createHttpPost(options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxSockets?: number;
}): HttpPost {
  const url = new URL(options.url);
  const secure = url.protocol === 'https:';
  const settings = { keepAlive: true, maxSockets: options.maxSockets ?? 1024, scheduling: 'lifo' as const };
  const agent = secure ? new HttpsAgent(settings) : new HttpAgent(settings);
  const send = secure ? httpsRequest : httpRequest;
  // As a flat list, node:http writes them as they are instead of checking each one for each request.
  const headers = ['host', url.host, ...Object.entries(options.headers).flat()];
  for (let at = 0; at < headers.length; at += 2) {
    validateHeaderName(headers[at]!);
    // Its message names the header and not the value, which may be a key.
    validateHeaderValue(headers[at]!, headers[at + 1]!);
  }
  const where = {
    // An address in brackets is one for a URL only.
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : url.port,
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    agent,
  };
  return {
    post: (body, { signal, timeoutMs }) =>
      new Promise((resolve, reject) => {
        const length = String(Buffer.byteLength(body, 'utf8'));
        const request = send({ ...where, headers: [...headers, 'content-length', length] });
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
        };
        const fail = (error: Error) => {
          end();
          reject(error instanceof PostFailed ? error : new PostFailed('the request failed', { cause: error }));
          request.destroy();
        };
        const abort = () => fail(new PostFailed('no longer wanted'));
        const timer = setTimeout(() => fail(tooLate(timeoutMs)), timeoutMs);
        request.on('error', fail);
        request.on('response', (response) => {
          read(response, fail, (answer) => {
            end();
            resolve(answer);
          });
        });
        if (signal.aborted) {
          abort();
          return;
        }
        signal.addEventListener('abort', abort, { once: true });
        request.end(body, 'utf8');
      }),
    close: () => agent.destroy(),
  };
}

/** The same over a `fetch` of the caller's. */
export function postByFetch(options: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
}): HttpPost {
  const { url, headers } = options;
  return {
    async post(body, { signal, timeoutMs }) {
      const timer = AbortSignal.timeout(timeoutMs);
      try {
        const both = AbortSignal.any([signal, timer]);
        const response = await options.fetch(url, { method: 'POST', headers: { ...headers }, body, signal: both });
        const text = await response.text();
        return { status: response.status, text, header: (name) => response.headers.get(name) ?? undefined };
      } catch (error) {
        if (timer.aborted && !signal.aborted) throw tooLate(timeoutMs, error);
        throw new PostFailed('the request failed', { cause: error });
      }
    },
    close: () => undefined,
  };
}

function read(response: IncomingMessage, fail: (error: Error) => void, done: (answer: HttpAnswer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > mostBytes) response.destroy(new Error(`the answer is larger than ${mostBytes} bytes`));
    else chunks.push(chunk);
  });
  // Comes instead of 'end' when the other side hangs up in mid-answer.
  response.on('error', fail);
  response.on('end', () => {
    const { headers, statusCode = 0 } = response;
    let text: string;
    try {
      const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
      text = decode(whole, headers['content-encoding']).toString('utf8');
    } catch (error) {
      fail(new PostFailed('the answer cannot be decompressed', { cause: error }));
      return;
    }
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    done({ status: statusCode, text, header });
  });
}

/** None is asked for, but some proxies compress all the same. */
function decode(bytes: Buffer, encoding: string | undefined): Buffer {
  const most = { maxOutputLength: mostBytes };
  if (encoding === 'gzip') return gunzipSync(bytes, most);
  if (encoding === 'br') return brotliDecompressSync(bytes, most);
  if (encoding === 'deflate') return inflateSync(bytes, most);
  return bytes;
}
