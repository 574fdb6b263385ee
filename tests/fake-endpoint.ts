import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request is answered with; `body` null: nothing ever comes. */
export interface FakeAnswer {
  readonly status?: number;
  readonly text?: string;
  readonly body?: unknown;
  readonly delayMs?: number;
}

/** A chat endpoint on 127.0.0.1 that answers as `answer` says. */
export async function fakeEndpoint(answer: (authorization: string, request: number) => FakeAnswer) {
  let requests = 0;
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    requests += 1;
    const {
      status = 200,
      text = 'FINAL(42)',
      body,
      delayMs = 0,
    } = answer(request.headers.authorization ?? '', requests);
    request.resume();
    if (body === null) return;
    const completion = {
      id: 'x',
      object: 'chat.completion',
      created: 0,
      model: 'fake',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    };
    setTimeout(() => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? completion));
    }, delayMs);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get requests() {
      return requests;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
