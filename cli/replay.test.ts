import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from './main.ts';
import { ContextStore } from '../env/context.ts';
import type { Episode } from '../env/episode.ts';
import { code, testTask } from '../env/test-support.ts';
import { pack } from '../rollout/blob.ts';
import { createEnvironments } from '../rollout/create-environment.ts';
import { rollout } from '../rollout/engine.ts';
import { functionPolicy } from '../rollout/policies/function-policy.ts';
import { PolicyError } from '../rollout/policies/policy.ts';
import { replayEpisode } from '../rollout/replay.ts';
import { RunStore } from '../rollout/store.ts';
import { testConfig } from '../rollout/test-support.ts';

const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-replay-'));
const config = testConfig({
  seed: 5,
  rollout: { group: 4, concurrency: 12, attempts: 10 },
  environment: {
    onSubcallFault: 'tell',
    budget: { depth: 2, wallSeconds: 4, usd: 1 },
    repl: { workers: 2, cellCpuMs: 300, memoryMb: 16 },
  },
});

/** What the root writes, by task: races, orders of completion, cells that limits end, children that fail. */
const plays: Record<string, readonly string[]> = {
  race: [
    code(
      'const order = [];',
      'const ask = (p) => llm_query(p).then((a) => { order.push(a); return a; });',
      'const first = await Promise.race([ask("a"), ask("b"), ask("c")]);',
      'print(first, order.join());',
    ),
    code('await new Promise((done) => done()); print(order.join()); print(Math.random(), Date.now());'),
    'FINAL_VAR(first)',
  ],
  batch: [
    code(
      'const parts = context.split(" ").slice(0, 8);',
      'const order = [];',
      'const all = await Promise.all(parts.map((p, n) => llm_query(p).then((a) => { order.push(n); return a; })));',
      'print(order.join());',
      'const more = await llm_query_batched(all.slice(0, 4));',
    ),
    code('FINAL(order.join() + more.join())'),
  ],
  nested: [
    code('const [x, y] = await Promise.all([rlm_query("left 1"), rlm_query("right 2")]);', 'print(x, y)'),
    code('FINAL(x + y)'),
  ],
  loop: [code('var kept = 7; print("before"); while (true) {}'), code('print(kept); FINAL(kept)')],
  late: [code('var a = await llm_query("one"); print(a); while (true) {}'), code('FINAL(typeof a + 1)')],
  oom: [code('print(1); const hoard = []; for (;;) hoard.push(new Array(100000).fill(0.5));'), 'FINAL(none)'],
  overflow: [code('print(await llm_query("overflow"), await llm_query("unreachable"))'), 'FINAL(told)'],
  wall: [code('await llm_query("never")'), 'FINAL(never)'],
};
const names = [
  ...Array.from({ length: 8 }, () => ['race', 'batch', 'nested']).flat(),
  'loop',
  'late',
  'oom',
  'overflow',
  'wall',
];

const root = functionPolicy(async ({ messages, call, draw, signal }) => {
  const play = plays[/\[(\w+)\]/.exec(messages.find(({ role }) => role === 'user')?.content ?? '')?.[1] ?? '']!;
  await delay(draw % 5, undefined, { signal });
  return play[Math.min(call.turn, play.length - 1)]!;
});
const llm = functionPolicy(async ({ messages, signal }) => {
  const prompt = messages.at(-1)!.content;
  if (prompt === 'overflow') throw new PolicyError('context_overflow', 'too long');
  if (prompt === 'unreachable') throw new PolicyError('network', 'gone');
  // Real chance, unlike the draw: the order of answers must come from the record alone.
  await delay(prompt === 'never' ? 60_000 : Math.random() * 8, undefined, { signal });
  return `<${prompt}>`;
});
const rlm = functionPolicy(async ({ call }) => {
  await delay(Math.random() * 8);
  return call.turn === 0 ? code('var got = await llm_query(context); print(got)') : code('FINAL(got)');
});

const openReadOnly = () => RunStore.open(dir, { readOnly: true });
const replayed = async (...argv: string[]) => {
  let stdout = '';
  const streams = { stdout: (text: string) => (stdout += text), stderr: () => undefined, terminal: false, env: {} };
  const status = await main(['rollout', '--replay', dir, ...argv], streams);
  return { status, stdout };
};
/** Every file of the run but those that SQLite makes for a reader. */
const files = () => new Set(readdirSync(dir, { recursive: true }).filter((name) => !String(name).includes('-')));

/** Episodes that the clock of a busy machine voided (endless loops among them are what such a machine fails at). */
let voids: number;
const total = names.length * config.rollout.group;
beforeAll(async () => {
  const store = RunStore.create({ dir, config });
  store.addTasks(
    names.map((name, at) =>
      testTask({
        id: `t${at}`,
        query: `[${name}] What is it?`,
        context: `one two three four five six seven eight ${at}`,
      }),
    ),
  );
  const environments = createEnvironments(config, { contexts: store.contexts });
  try {
    const summary = await rollout({
      store,
      policies: { root, rlm, llm },
      createEnvironment: () => environments.create(),
      backoffMs: 1,
    });
    voids = summary.voidInStore;
  } finally {
    await environments.close();
    store.close();
  }
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a replay', () => {
  test('of more than 100 concurrent episodes, races and limits included, is equal bit for bit, and writes nothing', async () => {
    expect(total - voids).toBeGreaterThan(100);
    const store = openReadOnly();
    const kinds = new Set<string>();
    const cancelled = new Set<string>();
    for (const { events, calls } of store.episodes()) {
      for (const event of events) kinds.add(event.type === 'limit' ? event.kind : event.type);
      if (calls.some((call) => call.status === 'cancelled')) cancelled.add(calls[0]!.status);
    }
    store.close();
    expect([...kinds].sort()).toEqual(
      expect.arrayContaining(['cell_timeout', 'context_overflow', 'fault', 'message', 'wall']),
    );
    expect(kinds.has('sandbox_oom') || kinds.has('sandbox_killed')).toBe(true);
    expect(cancelled.has('answered')).toBe(true);
    const before = files();
    const { status, stdout } = await replayed('--json');
    expect(JSON.parse(stdout)).toMatchObject({ equal: total - voids, different: 0, differences: [], void: voids });
    expect(status).toBe(0);
    expect(files()).toEqual(before);
  }, 60_000);

  test('of a record that was tampered with names the first place that differs, and the exit status tells', async () => {
    const store = openReadOnly();
    const [first, second] = [...store.episodes({ task: 't1' })] as [Episode, Episode];
    store.close();
    const write = (episode: Episode) => {
      const database = new DatabaseSync(join(dir, 'run.db'));
      database.prepare('UPDATE episodes SET record = ? WHERE id = ?').run(pack(episode), episode.id);
      database.close();
    };
    const edited = structuredClone(first);
    edited.calls[0]!.turns[0]!.cells[0]!.stdout += 'x';
    edited.reward = 1;
    const cut = structuredClone(second);
    cut.calls[1]!.turns = [];
    write(edited);
    write(cut);
    try {
      const { status, stdout } = await replayed('--concurrency', '4');
      expect(status).toBe(1);
      expect(stdout).toContain(`${total - voids - 2} equal, 2 different`);
      expect(stdout).toContain(`${first.id}: calls.0.turns.0.cells.0.stdout\n  recorded: "`);
      expect(stdout).toMatch(/x"\n {2}replayed: "[^x]*\n/);
      expect(stdout).toContain('the record has no text of that turn');
    } finally {
      write(first);
      write(second);
    }
  }, 60_000);
});

test('unknown calls, faults told by the engine and late steps replay; the clock does not decide a second time', async () => {
  const contexts = new ContextStore();
  const slow = createEnvironments(testConfig(), { contexts });
  // This machine is far slower, or far busier, than the one that recorded.
  const hasty = createEnvironments(testConfig({ environment: { repl: { cellCpuMs: 60 } } }), { contexts });
  const task = testTask();
  const busy = 'let n = 0; for (let i = 0; i < 1.5e8; i++) n += i % 3;';
  try {
    const env = slow.create();
    await env.reset({ task, seed: 4 });
    await env.step({ call: '9.9', message: 'nobody asked' });
    await env.step({ message: code(busy, 'print("done", n)') });
    await env.step({
      message: code('const a = llm_query("a"), b = llm_query("b"); print(await Promise.race([a, b]))'),
    });
    await env.step({ call: '0.2', message: 'B' });
    await env.step({ call: '0.1', message: 'late' });
    await env.step({ fault: { class: 'upstream_5xx', message: 'boom' } });
    const record = env.episode();
    expect(record).toMatchObject({
      stop: { reason: 'upstream_5xx' },
      timing: { lateSteps: 1 },
      metrics: { unknown_calls: 1 },
    });
    expect(record.calls[0]!.turns[0]!.cells[0]!.limit).toBeNull();
    await env.close();
    const again = hasty.create(record);
    expect((await replayEpisode(again, task, record)).difference).toBeNull();
    await again.close();
    const withClock = hasty.create();
    const { difference } = await replayEpisode(withClock, task, record);
    expect(difference).not.toBeNull();
    await withClock.close();
  } finally {
    await slow.close();
    await hasty.close();
    contexts.close();
  }
}, 30_000);
