import { expect, test } from 'vitest';
import { ReplError, type CellProgress } from '../../repl.ts';
import type { Defence } from '../defences.ts';
import { openPool } from '../open-pool.ts';
import { testBackend } from '../testing.ts';

/* What the host does with the messages of a worker that is no longer ours. */

const result = {
  stdout: '',
  stderr: '',
  cut: 0,
  variables: [],
  finish: null,
  cancelled: [],
  overwritten: [],
  hints: [],
  limit: null,
  alive: true,
  cpuMs: 1,
  wallMs: 1,
};
const done = (fields: object = {}) => ({ type: 'done', repl: 1, requests: [], result: { ...result, ...fields } });
const request = (fields: object = {}) => ({ id: 1, kind: 'llm', prompt: 'p', model: null, batch: null, ...fields });
const asks = (...requests: object[]) => ({ type: 'waiting', repl: 1, requests });
const js = (message: unknown) => `(${JSON.stringify(message)})`;

async function say(code: string, without: readonly Defence[] = []): Promise<CellProgress> {
  const pool = openPool(
    { workers: 1 },
    {
      without: new Set(without),
      entry: new URL('./hostile-worker.ts', import.meta.url),
      args: [],
      slackMs: 20_000,
    },
  );
  await using session = testBackend({}, pool);
  const { repl } = await session.open('calm', { outputChars: 1_000, answerChars: 1_000, promptChars: 1_000 });
  return await repl.run(code);
}

test('a message as it should be is taken', async () => {
  expect(await say(js(done({ stdout: 'x' })))).toMatchObject({ state: 'done', result: { stdout: 'x' } });
});

test.each([
  ['a type that does not exist', js({ type: 'shutdown' })],
  ['nothing', 'null'],
  ['a number for a text', js(done({ stdout: 42 }))],
  ['an object for a prompt', js(asks(request({ prompt: { toString: 1 } })))],
  ['a field too many', js(done({ reward: 1 }))],
  ['a prototype', '({ ...' + js(done()) + ', ["__proto__"]: { polluted: true } })'],
  ['a map for a result', `({ ...${js(done())}, result: new Map() })`],
  ['NaN milliseconds', `({ ...${js(done())}, result: { ...${js(result)}, cpuMs: NaN } })`],
  ['an output over its cap', js(done({ stdout: 'x'.repeat(2_000) }))],
  ['an error over its cap', js(done({ stderr: 'x'.repeat(20_000) }))],
  ['an answer over its cap', js(done({ finish: { source: 'FINAL', value: 'x'.repeat(1_001), cut: 0 } }))],
  ['a prompt over its cap', js(asks(request({ prompt: 'x'.repeat(1_001) })))],
  ['a sub-call numbered out of order', js(asks(request({ id: 2 })))],
  ['a sub-call told twice', js(asks(request(), request()))],
  ['too many sub-calls', js(asks(...Array.from({ length: 1_001 }, (_, at) => request({ id: at + 1 }))))],
  ['text that is not well-formed', `({ ...${js(done())}, result: { ...${js(result)}, stdout: '\\ud800' } })`],
])('%s ends the worker, as the doing of who was inside', async (_name, code) => {
  const error: unknown = await say(code).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ReplError);
  expect(error).toMatchObject({ failure: 'worker_lost', suspect: true });
  expect('polluted' in {}).toBe(false);
});

test('without the schema, or the caps, such messages reach the environment', async () => {
  expect(await say(js(done({ stdout: 42 })), ['message_schema', 'host_caps'])).toMatchObject({
    result: { stdout: 42 },
  });
  const long = js(done({ stdout: 'x'.repeat(2_000) }));
  expect(await say(long, ['host_caps'])).toMatchObject({ result: { stdout: 'x'.repeat(2_000) } });
});
