// An endpoint that fails nine times out of ten, each way as often, in a process of its own. `startStorm` forks this file.
import { fork } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { mix } from '../../env/seed.ts';

export const faults = [
  '429 with Retry-After',
  '429',
  '500',
  '503',
  'reset',
  'half an answer',
  'bad JSON',
  'empty choices',
  'silence',
] as const;
export type Fault = (typeof faults)[number];

/** The class that the record gives each of them. */
export const classOf: Readonly<Record<Fault, string>> = {
  '429 with Retry-After': 'rate_limited',
  '429': 'rate_limited',
  '500': 'upstream_5xx',
  '503': 'upstream_5xx',
  reset: 'network',
  'half an answer': 'network',
  'bad JSON': 'upstream_5xx',
  'empty choices': 'upstream_5xx',
  silence: 'upstream_timeout',
};

export interface Seen {
  readonly requests: number;
  readonly good: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Most requests for one text of one episode, all attempts together. */
  readonly mostForOneText: number;
  /** Texts that met nothing but faults as often as they are tried, by kind of call. */
  readonly exhausted: { readonly root: number; readonly llm: number };
}

export interface Storm {
  readonly url: string;
  seen(): Promise<Seen>;
  close(): void;
}

export async function startStorm(options: { readonly seed: number; readonly triesPerText: number }): Promise<Storm> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', String(options.seed), String(options.triesPerText)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const message = <Value>() =>
    new Promise<Value>((resolve, reject) => {
      child.once('message', (value) => resolve(value as Value));
      child.once('exit', () => reject(new Error('the server ended')));
    });
  const port = await message<number>();
  return {
    url: `http://127.0.0.1:${port}/v1`,
    seen: () => {
      child.send('seen');
      return message<Seen>();
    },
    close: () => void child.kill('SIGKILL'),
  };
}

/** A root says code with a sub-call, then repeats what it was told; a sub-model says 42. */
function textFor(messages: readonly { role: string; content: string }[]): string {
  if (messages[0]!.role !== 'system') return '42';
  if (messages.some(({ role }) => role === 'assistant')) return 'FINAL(42)';
  const task = /Q\d+\?/.exec(messages.find(({ role }) => role === 'user')!.content)![0];
  return `\`\`\`repl\nconst told = await llm_query("How much is it? ${task}");\nprint(told);\n\`\`\``;
}

function fail(fault: Fault, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' };
  const error = JSON.stringify({ error: { message: `a storm: ${fault}`, type: 'storm' } });
  switch (fault) {
    case '429 with Retry-After':
      response.writeHead(429, { ...json, 'retry-after': '0.02' }).end(error);
      return;
    case '429':
    case '500':
    case '503':
      response.writeHead(Number(fault), json).end(error);
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'half an answer':
      response.writeHead(200, { ...json, 'content-length': '5000' });
      response.write('{"choices":[{"message":{"content":"FINAL(', () => response.socket?.destroy());
      return;
    case 'bad JSON':
      response.writeHead(200, json).end('{"choices": [{"message": <html>');
      return;
    case 'empty choices':
      response.writeHead(200, json).end('{"object":"chat.completion","choices":[]}');
      return;
    default:
    // Silence: nothing is ever written.
  }
}

if (process.argv[2] === 'serve' && process.send) {
  const [seed, triesPerText] = process.argv.slice(3).map(Number) as [number, number];
  const counts: Record<string, number> = {};
  const texts = new Map<string, { requests: number; inARow: number }>();
  const exhausted = { root: 0, llm: 0 };
  let requests = 0;
  let good = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests += 1;
      const { messages } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
        messages: { role: string; content: string }[];
      };
      const kind = messages[0]!.role === 'system' ? 'root' : 'llm';
      const task = /Q\d+\?/.exec(messages.map(({ content }) => content).join('\n'))?.[0] ?? '';
      const key = `${task} ${kind} ${messages.length}`;
      const text = texts.get(key) ?? { requests: 0, inARow: 0 };
      texts.set(key, text);
      text.requests += 1;
      const drawn = faults[Math.floor((mix('storm', seed, key, text.requests) / 2 ** 32) * 10)];
      if (drawn) {
        counts[drawn] = (counts[drawn] ?? 0) + 1;
        text.inARow += 1;
        if (text.inARow === triesPerText) {
          exhausted[kind] += 1;
          text.inARow = 0;
        }
        fail(drawn, response);
        return;
      }
      good += 1;
      text.inARow = 0;
      const completion = {
        object: 'chat.completion',
        model: 'storm',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: textFor(messages) } }],
        usage: { prompt_tokens: 10, completion_tokens: 5 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion));
    });
  });
  process.on('message', () => {
    const mostForOneText = Math.max(0, ...Array.from(texts.values(), ({ requests: n }) => n));
    process.send!({ requests, good, faults: counts, mostForOneText, exhausted } satisfies Seen);
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () =>
    process.send!((server.address() as AddressInfo).port),
  );
}
