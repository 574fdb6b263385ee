import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export interface HttpFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Ends the kept connections. */
  close(): void;
}

/** A body larger than this is no chat completion; reading on would only fill memory. */
const mostBytes = 256 * 1024 * 1024;

/**
 * A `fetch` over node:http(s) with kept connections, for request bodies that are strings and answers that are read whole.
 * It costs an engine about half the CPU of the built-in one, and an answer cut short rejects. Not handled: redirects,
 * streams, proxies.
 */
export function createHttpFetch(options: { readonly maxSockets?: number } = {}): HttpFetch {
  const settings = { keepAlive: true, maxSockets: options.maxSockets ?? 1024, scheduling: 'lifo' as const };
  const agents = { 'http:': new HttpAgent(settings), 'https:': new HttpsAgent(settings) };

  const fetch: typeof globalThis.fetch = (input, init = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const secure = url.protocol === 'https:';
      const body = typeof init.body === 'string' ? Buffer.from(init.body, 'utf8') : null;
      const headers = Object.fromEntries(new Headers(init.headers));
      if (body) headers['content-length'] = String(body.length);
      const request = (secure ? httpsRequest : httpRequest)(url, {
        method: init.method ?? 'GET',
        headers,
        agent: secure ? agents['https:'] : agents['http:'],
        ...(init.signal ? { signal: init.signal } : {}),
      });
      request.on('error', reject);
      request.on('response', (response) => {
        readBody(response).then((bytes) => resolve(toResponse(response, bytes)), reject);
      });
      request.end(body ?? undefined);
    });

  return {
    fetch,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function toResponse(answer: IncomingMessage, bytes: Buffer): Response {
  const status = answer.statusCode ?? 0;
  const bodiless = status === 204 || status === 304;
  return new Response(bodiless ? null : new Uint8Array(bytes), {
    // `Response` takes no status below 200; a server that ends with one is broken.
    status: status < 200 ? 502 : status,
    statusText: answer.statusMessage ?? '',
    headers: headersOf(answer),
  });
}

function readBody(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) response.destroy(new Error(`the answer is larger than ${mostBytes} bytes`));
      else chunks.push(chunk);
    });
    // Comes instead of 'end' when the other side hangs up in mid-answer.
    response.on('error', reject);
    response.on('end', () => {
      try {
        resolve(decode(Buffer.concat(chunks, size), response.headers['content-encoding']));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
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

function headersOf(response: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
