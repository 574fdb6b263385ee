// An OpenAI-compatible server with instant answers, in a process of its own: `startServer` forks this very file.
import { fork } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

interface Script {
  /** The n-th text of a conversation that has n earlier ones. */
  readonly turns: readonly string[];
  /** The answer to a prompt without a system message: a sub-call. */
  readonly sub?: string;
}

const cell = (...code: string[]): string => ['I look at it.', '```repl', ...code, '```'].join('\n');

/** What a "model" says, by the first part of the path: `http://…/NAME/v1`. */
const scripts: Record<string, Script> = {
  /** Four turns in a JavaScript REPL, one of which asks a sub-model. */
  engine: {
    turns: [
      cell('const part = context.slice(0, 400);', 'print(part.length, part.slice(0, 80));'),
      cell('const told = await llm_query(`What does this say?\\n${part}`);', 'print(told);'),
      cell('const keys = context.match(/key-\\d*7\\b/g) ?? [];', 'print(keys.length, told.length);'),
      'FINAL(42)',
    ],
    sub: 'It says 42.',
  },
  /** Three turns in a JavaScript REPL. */
  repl: {
    turns: [
      cell('const part = context.slice(0, 400);', 'print(part.length, part.slice(0, 80));'),
      cell('const keys = context.match(/key-\\d*7\\b/g) ?? [];', 'print(keys.length, part.length);'),
      'FINAL(42)',
    ],
  },
  /** Three turns of plain talk. */
  talk: {
    turns: ['I look at the first part of it.', 'Seven keys are in it, as far as I can see.', 'The answer is 42.'],
  },
};

export interface BenchServer {
  readonly pid: number;
  /** `baseURL` of a script's endpoint. */
  url(script: 'engine' | 'repl' | 'talk'): string;
  close(): void;
}

export async function startServer(): Promise<BenchServer> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  return {
    pid: child.pid ?? 0,
    url: (script) => `http://127.0.0.1:${port}/${script}/v1`,
    close: () => void child.kill('SIGKILL'),
  };
}

const escaped = (text: string): string => JSON.stringify(text);

/** The whole body of each answer, made once: what is measured is the asker. */
function answersOf({ turns, sub }: Script): { turns: Buffer[]; sub: Buffer | null } {
  const body = (text: string): Buffer =>
    Buffer.from(
      `{"id":"chatcmpl-1","object":"chat.completion","created":1760000000,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":${escaped(text)}},"finish_reason":"stop"}],"usage":{"prompt_tokens":900,"completion_tokens":40,"total_tokens":940}}`,
    );
  return { turns: turns.map(body), sub: sub === undefined ? null : body(sub) };
}

function count(text: Buffer, part: string): number {
  let found = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) found += 1;
  return found;
}

if (process.argv[2] === 'serve' && process.send) {
  const answers = new Map(Object.entries(scripts).map(([name, script]) => [name, answersOf(script)]));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      const script = answers.get(request.url?.split('/')[1] ?? '');
      // A quote within a message is written \" and so cannot look like this.
      const body = script?.sub && !text.includes('"system"') ? script.sub : script?.turns[count(text, '"assistant"')];
      if (!body) {
        response.writeHead(404, { 'content-length': 0 }).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
    });
  });
  server.keepAliveTimeout = 60_000;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () =>
    process.send!((server.address() as AddressInfo).port),
  );
}
