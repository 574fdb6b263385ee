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
 * It costs an engine less than half the CPU of the built-in one, and an answer cut short rejects. Not handled:
 * redirects, streams, proxies.
 */
export function createHttpFetch(options: { readonly maxSockets?: number } = {}): HttpFetch {
  const settings = { keepAlive: true, maxSockets: options.maxSockets ?? 1024, scheduling: 'lifo' as const };
  const agents = { 'http:': new HttpAgent(settings), 'https:': new HttpsAgent(settings) };
  let last = { text: '', url: new URL('http://localhost') };
  const parse = (text: string): URL => {
    if (text !== last.text) last = { text, url: new URL(text) };
    return last.url;
  };

  const fetch: typeof globalThis.fetch = (input, init = {}) =>
    new Promise((resolve, reject) => {
      const url = parse(input instanceof Request ? input.url : String(input));
      const secure = url.protocol === 'https:';
      const body = typeof init.body === 'string' ? init.body : '';
      // As a flat list node:http writes them as they are: `Headers` has checked them.
      const headers = ['host', url.host];
      for (const header of init.headers instanceof Headers ? init.headers : new Headers(init.headers)) {
        headers.push(...header);
      }
      headers.push('content-length', String(Buffer.byteLength(body, 'utf8')));
      const request = (secure ? httpsRequest : httpRequest)({
        // An address in brackets is one for a URL only.
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path: url.pathname + url.search,
        method: init.method ?? 'GET',
        headers,
        agent: secure ? agents['https:'] : agents['http:'],
      });
      request.on('error', reject);
      request.on('response', (response) => {
        readBody(response).then((bytes) => resolve(toResponse(response, bytes)), reject);
      });
      const { signal } = init;
      const abort = () => request.destroy(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      request.on('close', () => signal?.removeEventListener('abort', abort));
      request.end(body, 'utf8');
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
  if (status === 200) return plainResponse(answer, bytes);
  const bodiless = status === 204 || status === 304;
  return new Response(bodiless ? null : new Uint8Array(bytes), {
    // `Response` takes no status below 200; a server that ends with one is broken.
    status: status < 200 ? 502 : status,
    statusText: answer.statusMessage ?? '',
    headers: headersOf(answer),
  });
}

/** What the openai package reads of an answer, and no more: a whole `Response` costs as much as sending the request. */
function plainResponse({ headers, statusMessage }: IncomingMessage, bytes: Buffer): Response {
  const text = bytes.toString('utf8');
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : String(value);
  };
  const plain = {
    ok: true,
    status: 200,
    statusText: statusMessage ?? '',
    url: '',
    headers: { get, entries: () => Object.keys(headers).map((name) => [name, get(name)]) },
    body: null,
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  };
  return plain as unknown as Response;
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
