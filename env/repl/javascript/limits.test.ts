import { describe, expect, test } from 'vitest';
import { residentBytes } from '../process-usage.ts';
import { testBackend } from './testing.ts';

/* Limits as one REPL meets them; `containment/` has the attacks, each beside a neighbour's episode. */

// The wall limit is wide, so that a crowded machine is not what ends a cell.
const limits = { cellCpuMs: 500, cellWallMs: 8_000 };
const stopped = { limit: 'cell_timeout' };

test('a loop that V8 stops leaves the REPL its state', { retry: 12 }, async () => {
  // A machine that grows less crowded while the loop runs may cost the state: then it is tried again.
  await using session = testBackend();
  const { cell } = await session.open('x', limits);
  await cell('var kept = 1');
  expect(await cell('print("before"); for (;;);')).toMatchObject({ ...stopped, alive: true, stdout: 'before\n' });
  expect(await cell('print(kept)')).toMatchObject({ stdout: '1\n', limit: null });
});

describe('memory is bounded', () => {
  test.each([
    ['array buffers', 'const k = []; for (;;) k.push(new Uint8Array(1 << 24).fill(1))'],
    [
      'resizable buffers',
      'const k = []; for (let i = 0; i < 30; i++) { const b = Reflect.construct(new Uint8Array(1).buffer.constructor, [1 << 26, {maxByteLength: 1 << 26}], ArrayBuffer); new Uint8Array(b).fill(1); k.push(b) }',
    ],
    [
      'subclassed buffers',
      'class B extends ArrayBuffer { constructor() { super(8, {maxByteLength: 1 << 28}) } } const b = new B(); print(b.resizable, b.resize)',
    ],
  ])('%s', async (_name, code) => {
    await using session = testBackend();
    const { cell } = await session.open();
    await cell('1');
    const before = residentBytes(session.backend.pids()[0] ?? 0) ?? 0;
    const { stdout, stderr } = await cell(code);
    expect(stderr === '' ? stdout : stderr).toMatch(/allocation failed|false undefined/);
    const after = residentBytes(session.backend.pids()[0] ?? 0) ?? 0;
    expect(after - before).toBeLessThan(200 * 2 ** 20);
  });

  test('what gets at threads, native memory, collection or the host is not there', async () => {
    await using session = testBackend();
    const { cell } = await session.open();
    const names = [
      'WebAssembly',
      'SharedArrayBuffer',
      'Atomics',
      'FinalizationRegistry',
      'WeakRef',
      'ShadowRealm',
      'Temporal',
      'performance',
      'process',
      'require',
      'setTimeout',
      'fetch',
      'Buffer',
      'gc',
    ];
    const { stdout } = await cell(
      `print(...${JSON.stringify(names)}.map((n) => typeof new Function("return typeof " + n)() === "string" && new Function("return typeof " + n)()))\n` +
        'print(Date.prototype.toTemporalInstant, Error.prepareStackTrace); Error.prepareStackTrace = () => { for (;;); }; print(Error.prepareStackTrace)',
    );
    expect(stdout).toBe(`${names.map(() => 'undefined').join(' ')}\nundefined undefined\nundefined\n`);
    expect((await cell('await import("fs")')).stderr).toMatch(/^Error|^TypeError/);
  });
});

describe('output is bounded', () => {
  test('a flood of sub-calls, and of prompt text, is stopped', async () => {
    await using session = testBackend();
    const { cell } = await session.open('x', limits);
    const flood = await cell(
      'const all = []; for (let i = 0; i < 1e6; i++) all.push(llm_query("q" + i)); await Promise.all(all)',
    );
    expect(flood).toMatchObject({ limit: 'too_many_requests' });
    expect(flood.asked).toHaveLength(1000);
    const { cell: big } = await session.open('x', { promptChars: 100_000 });
    expect(await big('for (let i = 0; i < 900; i++) llm_query("p".repeat(99999))')).toMatchObject({
      limit: 'too_many_requests',
    });
  });

  test('a cell over its size cap is not parsed', async () => {
    await using session = testBackend();
    const { cell } = await session.open('x', { cellBytes: 1000 });
    expect(await cell(`print("${'é'.repeat(500)}")`)).toMatchObject({
      limit: 'cell_too_large',
      stdout: '',
      alive: true,
    });
    expect(await cell('print(1)')).toMatchObject({ stdout: '1\n' });
  });

  test('every text that leaves is well-formed', async () => {
    await using session = testBackend();
    const { cell } = await session.open('x', { outputChars: 11 });
    const { stdout, stderr, finish, asked, variables } = await cell(
      'const \\u{10400} = 1; print("\\ud800" + "😀".repeat(20)); await llm_query("\\udfff \\ud83d", "\\ud800"); FINAL("\\ud83d"); throw "\\udc00"',
    );
    for (const text of [
      stdout,
      stderr,
      finish?.value,
      ...asked.map(({ prompt }) => prompt),
      asked[0]?.model,
      ...variables.map(({ name }) => name),
    ]) {
      expect(text).toBeTypeOf('string');
      expect(text?.isWellFormed()).toBe(true);
    }
  });
});

test('nothing that code redefines changes what the host reads', async () => {
  await using session = testBackend();
  const attacks = [
    'Object.prototype.toJSON = function () { return { s: "done", q: [[1, "q"]] } }',
    'String.prototype.slice = String.prototype.substring = function () { return this + "" }',
    'Array.prototype.push = () => 0; Promise.prototype.then = function () {}; globalThis.Promise = class {}; JSON.stringify = () => "{}"; JSON.parse = () => 0',
    'Object.defineProperty(Promise.prototype, "constructor", { get() { throw new Error("boo") } })',
    'Object.defineProperty(Array.prototype, "0", { set() { throw new Error("set") }, get() { return "forged" } })',
    'Map.prototype.set = WeakMap.prototype.get = WeakMap.prototype.set = function () { throw 1 }',
    'for (const k of ["get", "set", "value", "writable", "enumerable", "configurable", "resolve", "batch", "text", "wrong"]) Object.prototype[k] = 5',
    'globalThis.eval = () => { throw new Error("hooked") }; Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 0',
    'Object.prototype[Symbol.toPrimitive] = Symbol.prototype[Symbol.toPrimitive] = undefined; String = Number = Object = Reflect = undefined',
    'Array.prototype[Symbol.iterator] = function* () { yield "forged" }',
    'Object.setPrototypeOf(globalThis, new Proxy({}, { ownKeys() { for (;;); }, get() { for (;;); }, has: () => false }))',
    'Object.freeze(globalThis)',
  ];
  for (const attack of attacks) {
    const { cell, repl } = await session.open('calm', limits);
    await cell(attack);
    const result = await cell(
      'globalThis.seen = 0; const r = await llm_query("question"); print(r, context); FINAL(r)',
      () => 'reply',
    );
    expect(['', 'TypeError', 'Error'], attack).toContain(result.stderr.split(':')[0]);
    if (result.stderr === '')
      expect(result, attack).toMatchObject({ stdout: 'reply calm\n', finish: { value: 'reply' } });
    expect(
      result.asked.every(({ prompt }) => prompt === 'question'),
      attack,
    ).toBe(true);
    await repl.close();
  }
});

test('a stack that is all but used up does not break the protocol', async () => {
  await using session = testBackend();
  const { cell } = await session.open('x', limits);
  const deep = (call: string) =>
    `let tries = 0; (function f(n) { try { f(n + 1) } catch { tries += 1; if (tries < 300) { try { ${call} } catch {} } } })(0)`;
  for (const call of [
    'print("deep")',
    'llm_query("deep")',
    'llm_query_batched(["a", "b"])',
    'FINAL({a: 1})',
    'SHOW_VARS()',
    'print({a: [1, {b: 2}]})',
  ]) {
    const result = await cell(deep(call));
    expect([null, 'too_many_requests']).toContain(result.limit);
    expect(result.alive).toBe(true);
  }
  expect(await cell('print(await llm_query("q"))')).toMatchObject({ stderr: '', limit: null });
});
