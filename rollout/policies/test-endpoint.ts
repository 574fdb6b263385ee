import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly messages: { role: string; content: string }[]; readonly [key: string]: unknown };
}

/** How one request is answered. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** An endpoint that speaks chat completions, well or badly, on a free port of this machine. For tests. */
export interface TestEndpoint {
  readonly baseURL: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** `answers` is asked for the n-th request's answer, from 0. */
export async function startEndpoint(answers: (request: SeenRequest, n: number) => Answer): Promise<TestEndpoint> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as SeenRequest['body'];
      const seen = { path: request.url ?? '', headers: request.headers, body };
      requests.push(seen);
      answers(seen, requests.length - 1)(response, seen);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

/** A completion with that text; `extra` goes into its first choice. */
export const says = (content: string | null, extra: object = {}, top: object = {}): Answer =>
  json(200, {
    id: 'x',
    object: 'chat.completion',
    model: 'served-model',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content }, ...extra }],
    usage: { prompt_tokens: 11, completion_tokens: 7 },
    ...top,
  });

export const fails = (
  status: number,
  message = 'it failed',
  headers: Record<string, string> = {},
  code?: string,
): Answer => json(status, { error: { message, type: 'test', code } }, headers);

/** Status 200 and a body that is no JSON. */
export const garbage: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('<html>not what you asked for');
};

/** Hangs up without a word. */
export const nothing: Answer = (response) => {
  response.socket?.destroy();
};

/** Hangs up in the middle of a completion. */
export const half: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
  response.write('{"choices":[{"message":{"content":"FINAL(', () => response.socket?.destroy());
};

/** Never answers. */
export const silence: Answer = () => undefined;
