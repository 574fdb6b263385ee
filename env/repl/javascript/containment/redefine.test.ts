import { expect, test } from 'vitest';
import { testBackend, type PlayedCell } from '../testing.ts';
import { weakenedBackend } from './weakened-backend.ts';

/*
 * Every function that model code can reach and replace is replaced, in one cell, by one that throws or one that lies; the
 * next cells must be read as they are, or fail by their own doing.
 */

/** Collects the places that hold a function or a getter and can be changed, in the same order in every isolate. */
const walk = `
const slots = (() => {
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const seen = new Set(), found = [];
  const visit = (object) => {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) return;
    seen.add(object);
    for (const key of ownKeys(object)) {
      const slot = getOwnPropertyDescriptor(object, key);
      const open = slot.configurable || slot.writable;
      if (open && (typeof slot.value === 'function' || slot.get || slot.set)) found.push([object, key]);
      visit(slot.value); visit(slot.get); visit(slot.set);
    }
    visit(getPrototypeOf(object));
  };
  visit(globalThis);
  for (const root of [async () => {}, function* () {}, async function* () {}, [].values(), new Map().keys(), new Set().keys(),
    "".matchAll(/x/g), ""[Symbol.iterator](), (function* () {})(), (async function* () {})(), Object.getPrototypeOf(Int8Array),
    new Intl.Segmenter().segment(""), print, console, llm_query, FINAL, answer, Promise.resolve(1)]) visit(root);
  return found;
})();
`;

const replace = (from: number, to: number, by: string): string => `${walk}
{
  const { defineProperty } = Reflect, { slice } = Array.prototype, error = new Error("redefined");
  const put = defineProperty, liar = ${by};
  const chosen = [];
  for (let at = ${from}; at < ${to} && at < slots.length; at += 1) chosen[at - ${from}] = slots[at];
  for (let at = 0; at < chosen.length; at += 1) {
    const object = chosen[at][0], key = chosen[at][1];
    put(object, key, { __proto__: null, value: liar, configurable: true }) || put(object, key, { __proto__: null, value: liar });
  }
}`;

const liars = {
  'one that throws': '() => { throw error }',
  'one that lies': 'function () { return "forged" }',
  'one that returns a thenable that lies':
    'function () { return { then(done) { done("forged") }, length: 3, 0: "forged" } }',
};

const right = { stderr: '', limit: null, stdout: 'out 7 calm\n', finish: { source: 'FINAL', value: 'reply' } };

/** Wrong only by the cell's own error: nothing forged in it. */
function judge(cell: PlayedCell): 'right' | 'own fault' {
  expect(cell.asked.every(({ prompt }) => prompt === 'question')).toBe(true);
  expect(['', right.stdout]).toContain(cell.stdout);
  expect([undefined, right.finish.value]).toContain(cell.finish?.value);
  expect(cell.limit).toBeNull();
  if (cell.stderr !== '') return 'own fault';
  expect(cell).toMatchObject(right);
  expect(cell.variables).toContainEqual({ name: 'mine', type: 'number' });
  return 'right';
}

const next = 'globalThis.mine = 7; const r = await llm_query("question"); print("out", mine, context); FINAL(r)';
const limits = { cellCpuMs: 2_000, cellWallMs: 20_000 };

test.each(Object.entries(liars))('every function replaced by %s', { timeout: 120_000 }, async (_name, liar) => {
  await using session = testBackend();
  const neighbour = await session.open('neighbour');
  await neighbour.cell('var beats = 0');
  const { cell: count } = await session.open('calm', limits);
  const total = Number((await count(`${walk} print(slots.length)`)).stdout);
  expect(total).toBeGreaterThan(600);
  const size = 8;
  const groups = Array.from({ length: Math.ceil(total / size) }, (_, at) => [at * size, at * size + size] as const);
  const ownFaults: string[] = [];
  let beats = 0;
  for (const [from, to] of [[0, total] as const, ...groups]) {
    const { cell, repl } = await session.open('calm', limits);
    const where = `slots ${from} to ${to}`;
    const attack = await cell(replace(from, to, liar));
    expect(attack.limit, where).toBeNull();
    for (const _again of [1, 2]) {
      const result = await cell(next, () => 'reply');
      if (judge(result) === 'own fault') ownFaults.push(`${where}: ${result.stderr}`);
    }
    await repl.close();
    beats += 1;
    expect((await neighbour.cell('beats += 1; print(beats, context)')).stdout).toBe(`${beats} neighbour\n`);
  }
  expect(ownFaults).toEqual([]);
  expect(session.backend.pids()).toHaveLength(1);
});

test('this test fails where the bootstrap uses builtins as they are', async () => {
  await using session = testBackend({}, weakenedBackend(['saved_builtins'], { workers: 1 }));
  const { cell } = await session.open('calm', limits);
  await cell(replace(0, 1e6, liars['one that lies']));
  const result = await cell(next, () => 'reply').catch(() => null);
  expect(result?.stdout).not.toBe(right.stdout);
});

test('limits hold after every function was replaced', { retry: 5 }, async () => {
  await using session = testBackend();
  const open = async (own = {}) => {
    const opened = await session.open('calm', { cellCpuMs: 300, cellWallMs: 8_000, requestsPerCell: 20, ...own });
    await opened.cell(replace(0, 1e6, liars['one that lies']));
    return opened;
  };
  const { cell } = await open();
  const printed = await cell('for (let i = 0; i < 3000; i += 1) print("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i)');
  expect(printed.stdout.length).toBeLessThan(20_200);
  expect(printed.cut).toBeGreaterThan(100_000);
  const flood = await cell('for (let i = 0; i < 1000; i += 1) llm_query("q")');
  expect(flood).toMatchObject({ limit: 'too_many_requests' });
  expect(flood.asked).toHaveLength(20);
  expect(await cell('for (;;);')).toMatchObject({ limit: 'cell_timeout' });
  const { cell: hungry } = await open({ cellCpuMs: 2_000 });
  expect(await hungry('let s = "xxxxxxxx"; const k = {}; for (let i = 0; ; i += 1) k[i] = { s, i }')).toMatchObject({
    limit: 'sandbox_oom',
  });
});
