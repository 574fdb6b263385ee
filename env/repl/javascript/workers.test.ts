import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ReplError } from '../repl.ts';
import { hostMessageSchema } from './messages.ts';
import { testBackend } from './testing.ts';

const linux = process.platform === 'linux';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(done: () => boolean, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) if (done()) return true;
  return done();
}

const lost = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof ReplError ? error.failure : String(error)),
  );

test('no worker is forked before the first cell, and REPLs of one context share one', async () => {
  await using session = testBackend({ workers: 2, maxReplsPerWorker: 2 });
  const { backend } = session;
  const [a, b, c, d, e] = await Promise.all(
    ['one', 'one', 'two', 'one', 'three'].map((context) => session.open(context)),
  );
  expect(backend.pids()).toEqual([]);
  await a?.cell('1');
  await b?.cell('1');
  expect(backend.pids()).toHaveLength(1);
  await c?.cell('1');
  expect(backend.pids()).toHaveLength(2);
  await d?.cell('1');
  await e?.cell('1');
  expect(backend.pids()).toHaveLength(2);
});

test('two 2 s loops do not keep 20 neighbours on their worker waiting', async () => {
  await using session = testBackend();
  const limits = { cellCpuMs: 2000, cellWallMs: 8000 };
  const neighbours = await Promise.all(Array.from({ length: 20 }, () => session.open('calm', limits)));
  await Promise.all(neighbours.map(({ cell }) => cell('var n = 0')));
  const loops = await Promise.all([session.open('loop', limits), session.open('loop', limits)]);
  let looping = true;
  const ended = Promise.all(loops.map(({ cell }) => cell('for (;;);'))).finally(() => {
    looping = false;
  });
  const times: number[] = [];
  // oxlint-disable-next-line no-unmodified-loop-condition -- changed outside, while this waits
  while (looping) {
    await Promise.all(
      neighbours.map(async ({ cell }) => {
        const started = performance.now();
        await cell('n += 1; print(n)');
        times.push(performance.now() - started);
      }),
    );
    await sleep(10);
  }
  for (const result of await ended) expect(result).toMatchObject({ limit: 'cell_timeout' });
  times.sort((a, b) => a - b);
  expect(times.length).toBeGreaterThan(100);
  expect(times[times.length >> 1]).toBeLessThan(500);
});

describe('a worker that dies', () => {
  test('killed from outside: its REPLs are lost, and the next ones get a new worker', async () => {
    await using session = testBackend();
    const [busy, idle, waiting] = await Promise.all([session.open(), session.open(), session.open()]);
    await idle.cell('var x = 1');
    expect(await waiting.repl.run('await llm_query("q")')).toMatchObject({ state: 'waiting' });
    const running = lost(busy.repl.run('for (;;);'));
    await sleep(200);
    const [pid] = session.backend.pids();
    process.kill(pid ?? 0, 'SIGKILL');
    expect(await running).toBe('worker_lost');
    expect(await lost(idle.repl.run('x'))).toBe('worker_lost');
    expect(await lost(waiting.repl.answer([{ id: 1, text: 'a' }]))).toBe('worker_lost');
    const { cell } = await session.open();
    expect(await cell('print(1)')).toMatchObject({ stdout: '1\n' });
    expect(session.backend.pids()).not.toContain(pid);
    await Promise.all([busy, idle, waiting].map(({ repl }) => repl.close()));
  });

  test.skipIf(!linux)(
    'over its memory: who was inside is a suspect, the others are lost (Linux only: /proc)',
    async () => {
      await using session = testBackend({ workerRssMb: 450 });
      const bomb = await session.open('x', { memoryMb: 4000, cellCpuMs: 20_000 });
      const idle = await session.open();
      await idle.cell('1');
      const killing = bomb.cell('const k = []; for (;;) k.push(new Array(1e5).fill(1))');
      await expect(killing).rejects.toMatchObject({ failure: 'worker_lost', suspect: true });
      await expect(idle.repl.run('1')).rejects.toMatchObject({ failure: 'worker_lost', suspect: false });
    },
  );

  test.skipIf(!linux)('over its memory with two inside: nobody is blamed (Linux only: /proc)', async () => {
    await using session = testBackend({ workerRssMb: 450 });
    const bomb = await session.open('x', { memoryMb: 4000, cellCpuMs: 20_000 });
    const other = await session.open('x', { cellCpuMs: 20_000 });
    await other.cell('1');
    const ends = await Promise.all([
      lost(other.repl.run('for (;;);')),
      lost(bomb.repl.run('const k = []; for (;;) k.push(new Array(1e5).fill(1))')),
    ]);
    expect(ends).toEqual(['worker_lost', 'worker_lost']);
  });
});

test("a stopped worker is the machine's fault, not the cell's", async () => {
  await using session = testBackend();
  const { repl, cell } = await session.open('x', { cellCpuMs: 400, cellWallMs: 1000 });
  await cell('1');
  const [pid] = session.backend.pids();
  const running = lost(repl.run('for (;;);'));
  await sleep(50);
  process.kill(pid ?? 0, 'SIGSTOP');
  await sleep(2000);
  process.kill(pid ?? 0, 'SIGCONT');
  expect(await running).toBe('host_overloaded');
});

test(
  'a worker with a thread that cannot be stopped takes no new REPL, and ends when the others have left',
  { retry: 3 },
  async () => {
    await using session = testBackend();
    const limits = { cellCpuMs: 300, cellWallMs: 6_000, memoryMb: 1_000 };
    const neighbour = await session.open('calm');
    await neighbour.cell('var kept = 1');
    const [pid] = session.backend.pids();
    const stuck = await session.open('stuck', limits);
    expect(await stuck.cell('BigInt("9".repeat(3e7)).toString(2).length')).toMatchObject({
      limit: 'cell_timeout',
      alive: false,
    });
    expect(await neighbour.cell('print(kept)')).toMatchObject({ stdout: '1\n' });
    const later = await session.open('calm');
    await later.cell('1');
    const pids = session.backend.pids();
    if (pids.length === 2) {
      expect(pids).toContain(pid);
      await neighbour.repl.close();
      expect(await until(() => !session.backend.pids().includes(pid ?? 0), 2000)).toBe(true);
    } else {
      // The thread came to its end before the worker was told to drain.
      expect(pids).toEqual([pid]);
    }
    expect(await later.cell('print(2)')).toMatchObject({ stdout: '2\n' });
  },
);

test('closing a REPL frees it in mid-cell, and closing the backend ends every worker', async () => {
  const session = testBackend();
  const busy = await session.open();
  const idle = await session.open();
  await idle.cell('1');
  const running = lost(busy.repl.run('for (;;);'));
  await sleep(100);
  await busy.repl.close();
  expect(await running).toBe('worker_lost');
  expect(await idle.cell('print(1)')).toMatchObject({ stdout: '1\n' });
  const pids = session.backend.pids();
  await session[Symbol.asyncDispose]();
  expect(await lost(idle.repl.run('1'))).toBe('worker_lost');
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('misuse is told', async () => {
  await using session = testBackend();
  const { repl } = await session.open();
  await expect(repl.answer([])).rejects.toThrow(/no cell waits/);
  await repl.run('await llm_query("q")');
  await expect(repl.run('1')).rejects.toThrow(/answer it first/);
  await repl.close();
  await expect(repl.run('1')).rejects.toThrow(/closed/);
});

test('a worker is told contexts by file, cells, answers, limits and seeds, and nothing else', async () => {
  const sent: unknown[] = [];
  await using session = testBackend({ onWorkerMessage: (message) => sent.push(message) });
  const { cell, repl } = await session.open('the secret of the context');
  await cell('await llm_query("q")', () => 'the reply');
  await repl.close();
  expect(sent.map((message) => hostMessageSchema.parse(message).type)).toEqual([
    'context',
    'open',
    'run',
    'answer',
    'close',
  ]);
  expect(JSON.stringify(sent)).not.toContain('secret');
});

test.skipIf(!linux)(
  'a worker has no argument, variable or file that tells of the run (Linux only: /proc)',
  async () => {
    await using session = testBackend();
    const { cell } = await session.open();
    await cell('1');
    const pid = session.backend.pids()[0] ?? 0;
    expect(
      readFileSync(`/proc/${pid}/environ`, 'utf8')
        .split('\0')
        .filter(Boolean)
        .map((pair) => pair.split('=')[0] ?? '')
        // bubblewrap sets it, to the root.
        .filter((name) => name !== 'PWD')
        .sort((a, b) => (a < b ? -1 : 1)),
    ).toEqual(['LANG', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'TZ']);
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).slice(1);
    expect(args.slice(0, -1)).toEqual(['--no-node-snapshot', '--no-harmony-temporal']);
    expect(args.at(-1)).toMatch(/worker\.ts$/);
  },
);

test.skipIf(!linux)(
  'a worker whose host is killed is soon gone, even in a cell that cannot be stopped (Linux only: /proc)',
  async () => {
    const script = `
    const { testBackend } = await import(${JSON.stringify(new URL('./testing.ts', import.meta.url).href)});
    const session = testBackend();
    const { cell, repl } = await session.open();
    await cell('1');
    console.log(session.backend.pids()[0]);
    await repl.run('let b = 3n; for (;;) b = b * b;');
  `;
    const host = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(host.stdout, 'data')) as [Buffer];
    const pid = Number(String(line).trim());
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await sleep(500);
    host.kill('SIGKILL');
    const gone = () =>
      !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true;
    expect(await until(gone, 10_000)).toBe(true);
  },
);

test.skipIf(!linux)('contexts nobody uses are let go once they are many (Linux only: /proc)', async () => {
  await using session = testBackend();
  let first = 0;
  for (let round = 0; round < 12; round += 1) {
    const { cell, repl } = await session.open(`${round} ${'x'.repeat(30e6)}`);
    expect(await cell('print(context[0])')).toMatchObject({ stdout: `${String(round)[0]}\n` });
    await repl.close();
    const pid = session.backend.pids()[0] ?? 0;
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    if (round === 5) first = pages;
  }
  const pid = session.backend.pids()[0] ?? 0;
  const last = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  expect((last - first) * 4096).toBeLessThan(150 * 2 ** 20);
  expect(readdirSync(`/proc/${pid}/fd`).length).toBeLessThan(60);
});
