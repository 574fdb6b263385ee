import { afterAll, describe, expect, test } from 'vitest';
import { testBackend } from './testing.ts';

const session = testBackend();
afterAll(() => session[Symbol.asyncDispose]());

describe('output', () => {
  test.each([
    ['strings as they are', 'print("a", "b\\nc")', 'a b\nc\n'],
    ['numbers and such', 'print(1, 2n, true, null, undefined, NaN)', '1 2n true null undefined NaN\n'],
    ['objects like JSON', 'print({a: 1, b: ["x", {c: null}]})', '{"a": 1, "b": ["x", {"c": null}]}\n'],
    [
      'maps, sets, dates',
      'print(new Map([["k", 1]]), new Set([2]), new Date(0))',
      'Map(1) {"k" => 1} Set(1) {2} 1970-01-01T00:00:00.000Z\n',
    ],
    [
      'instances and functions',
      'class K { x = 1 }; print(new K(), K, function f() {}, () => 1)',
      'K {"x": 1} [class K] [function f] [function]\n',
    ],
    ['errors', 'print(new TypeError("no"))', 'TypeError: no\n'],
    ['cycles', 'const o = {}; o.o = o; print(o)', '{"o": [circular]}\n'],
    ['typed arrays', 'print(new Uint8Array([1, 2]))', 'Uint8Array(2) [1, 2]\n'],
    ['getters are not run', 'print({get a() { throw 1 }})', '{"a": [getter]}\n'],
    ['console', 'console.log("a"); console.error("b")', 'a\nb\n'],
    ['a bare expression is not shown', '1 + 1', ''],
  ])('%s', async (_name, code, stdout) => {
    const { cell } = await session.open();
    expect(await cell(code)).toMatchObject({ stdout, stderr: '', cut: 0 });
  });

  test('over the cap keeps head and tail and counts the rest', async () => {
    const { cell } = await session.open('x', { outputChars: 100 });
    const { stdout, cut } = await cell('for (let i = 0; i < 1000; i++) print(String(i).padStart(4, "0"))');
    expect(cut).toBe(4900);
    expect(stdout).toBe(
      `${Array.from({ length: 10 }, (_, at) => `${String(at).padStart(4, '0')}\n`).join('')}\n[… 4900 characters left out …]\n` +
        Array.from({ length: 10 }, (_, at) => `${at + 990}`.padStart(4, '0') + '\n').join(''),
    );
  });

  test('a huge array is shown in part', async () => {
    const { cell } = await session.open('x', { outputChars: 1000 });
    const { stdout, cut } = await cell('print(Array.from({length: 1e6}, (_, i) => i))');
    expect(stdout.length).toBeLessThan(1200);
    expect(cut).toBeGreaterThan(1000);
  });

  test('errors name the line and no host path, and what ran before them stays', async () => {
    const { cell } = await session.open();
    const result = await cell('const before = 1\nfunction f() {\n  return missing\n}\n\nprint(before)\nf()');
    expect(result).toMatchObject({ stdout: '1\n', stderr: 'ReferenceError: missing is not defined (line 3)' });
    const { stdout } = await cell('try { missing() } catch (e) { print(e.stack) }');
    expect(stdout).not.toMatch(/\/|node:|\.ts/);
    expect(await cell('print(before); throw {code: 5}')).toMatchObject({
      stdout: '1\n',
      stderr: 'Uncaught {"code": 5}',
    });
  });

  test('an unhandled rejection is told, whatever its value', async () => {
    const { cell } = await session.open();
    for (const value of ['null', 'undefined', 'Symbol("s")', '{}', 'new Error("boo")']) {
      expect((await cell(`Promise.reject(${value})`)).stderr).toMatch(/^Uncaught \(in promise\)/);
    }
    expect(await cell('print(1)')).toMatchObject({ stdout: '1\n', stderr: '' });
  });
});

describe('sub-calls', () => {
  test('resolve to their answers, one and many, in order', async () => {
    const { cell } = await session.open();
    const { stdout, asked } = await cell(
      'print(await llm_query("one", "small")); print(await llm_query_batched(["two", "three"])); print(await rlm_query("four"))',
      ({ kind, prompt }) => `${kind}:${prompt}`,
    );
    expect(stdout).toBe('llm:one\n["llm:two", "llm:three"]\nrlm:four\n');
    expect(asked).toEqual([
      { id: 1, kind: 'llm', prompt: 'one', model: 'small', batch: null },
      { id: 2, kind: 'llm', prompt: 'two', model: null, batch: { id: 1, index: 0, size: 2 } },
      { id: 3, kind: 'llm', prompt: 'three', model: null, batch: { id: 1, index: 1, size: 2 } },
      { id: 4, kind: 'rlm', prompt: 'four', model: null, batch: null },
    ]);
  });

  test('go out together where code asks together, and answers come in the order given', async () => {
    const { repl } = await session.open();
    const first = await repl.run(
      'const done = []; await Promise.all(["a", "b", "c"].map(async (p) => { await llm_query(p); done.push(p) })); print(done.join())',
    );
    expect(first.requests.map(({ prompt }) => prompt)).toEqual(['a', 'b', 'c']);
    expect(await repl.answer([{ id: 3, text: '' }])).toEqual({ state: 'waiting', requests: [] });
    expect(await repl.answer([{ id: 99, text: '' }])).toEqual({ state: 'waiting', requests: [] });
    const last = await repl.answer([
      { id: 1, text: '' },
      { id: 1, text: '' },
      { id: 2, text: '' },
    ]);
    expect(last).toMatchObject({ state: 'done', result: { stdout: 'c,a,b\n' } });
  });

  test('a bad prompt resolves with an error text and never throws', async () => {
    const { cell } = await session.open('x', { promptChars: 10 });
    const { stdout, asked } = await cell(
      'for (const p of ["", undefined, "x".repeat(11)]) print(await llm_query(p)); print(await llm_query_batched("no")); print(await llm_query_batched([])); print(await llm_query_batched(["ok", ""]))',
    );
    const lines = stdout.trim().split('\n');
    expect(lines.slice(0, 3).every((line) => line.startsWith('Error: '))).toBe(true);
    expect(lines.slice(3)).toEqual([
      '["Error: pass an array of prompts"]',
      '[]',
      '["A1", "Error: the prompt is empty; pass the text to ask as a string"]',
    ]);
    expect(asked).toHaveLength(1);
  });

  test('other values become text', async () => {
    const { cell } = await session.open();
    const { asked } = await cell('await llm_query(5); await llm_query({a: [1]})');
    expect(asked.map(({ prompt }) => prompt)).toEqual(['5', '{"a":[1]}']);
  });

  test('the names are those asked for, with their aliases', async () => {
    const { cell } = await session.open('x', {}, ['llm_query']);
    const { stdout } = await cell(
      'print(typeof llm_query, typeof lm_query, typeof llm_query_batched, typeof rlm_query, prompt === context)',
    );
    expect(stdout).toBe('function function undefined undefined true\n');
  });

  test('more than a cell may ask for ends it', async () => {
    const { cell } = await session.open('x', { requestsPerCell: 3 });
    expect(
      await cell('for (let i = 0; i < 9; i++) { try { llm_query("q" + i) } catch {} } await llm_query("z")'),
    ).toMatchObject({
      limit: 'too_many_requests',
      alive: true,
      cancelled: [1, 2, 3],
    });
    expect(await cell('await llm_query_batched(["a", "b", "c", "d"])')).toMatchObject({ limit: 'too_many_requests' });
    expect(await cell('print(await llm_query("a"))')).toMatchObject({ stdout: 'A4\n', limit: null });
  });

  test('what an ended cell left open is cancelled, and resolves with an error text in the next', async () => {
    const { cell } = await session.open();
    const first = await cell('var late = llm_query("q").then((text) => { print("LATE"); return text })');
    expect(first).toMatchObject({ cancelled: [1], hints: ['forgotten_await'] });
    expect(await cell('print(await late)')).toMatchObject({ stdout: expect.stringMatching(/^Error: cancelled/) });
  });
});

describe('hints', () => {
  test.each([
    ['a promise that nobody awaits', 'llm_query("q")', ['forgotten_await']],
    ['a printed promise', 'print(llm_query("q"))', ['forgotten_await']],
    ['a promise in a text', 'const t = `${llm_query("q")}`; await null', ['forgotten_await']],
    ['a promise as JSON', 'JSON.stringify([llm_query("q")])', ['forgotten_await']],
    ['a promise as prompt', 'await llm_query(llm_query("q"))', ['forgotten_await']],
    [
      'async callbacks that nobody awaits',
      'const all = ["a"].map(async (p) => await llm_query(p)); print(all)',
      ['forgotten_await'],
    ],
    ['a promise as answer', 'FINAL(llm_query("q"))', ['forgotten_await']],
    ['a race is no mistake', 'await Promise.race([llm_query("a"), llm_query("b")].map((p) => p))', []],
    ['awaited', 'await llm_query("a"); await Promise.all([llm_query("b")]); await llm_query("c").then((t) => t)', []],
    ['a promise that cannot resolve', 'await new Promise(() => {})', ['unresolved_promise']],
    ['an unknown variable', 'FINAL_VAR("nothing")', ['final_var_unknown']],
  ])('%s', async (_name, code, hints) => {
    const { repl, cell } = await session.open();
    if (code.includes('race')) {
      await repl.run(code);
      expect(await repl.answer([{ id: 1, text: 'x' }])).toMatchObject({
        state: 'done',
        result: { hints, cancelled: [2] },
      });
      return;
    }
    const result = await cell(code);
    expect(result.hints).toEqual(hints);
    expect(result.finish).toBeNull();
  });

  test('a cell that cannot go on ends at once and says why', async () => {
    const { cell } = await session.open();
    const result = await cell('print(1); await new Promise(() => {}); print(2)');
    expect(result).toMatchObject({ stdout: '1\n', stderr: expect.stringMatching(/nothing can resolve/), limit: null });
    expect(await cell('print(3)')).toMatchObject({ stdout: '3\n', stderr: '', hints: [] });
  });
});

describe('finishing', () => {
  test.each([
    ['FINAL', 'FINAL("a b")', { source: 'FINAL', value: 'a b', cut: 0 }],
    ['FINAL of an object', 'FINAL({a: [1, "x"]})', { source: 'FINAL', value: '{"a":[1,"x"]}', cut: 0 }],
    ['FINAL of a number', 'FINAL(4.5)', { source: 'FINAL', value: '4.5', cut: 0 }],
    ['the first wins', 'FINAL(1); FINAL(2)', { source: 'FINAL', value: '1', cut: 0 }],
    ['it is text at once', 'const o = {a: 1}; FINAL(o); o.a = 2', { source: 'FINAL', value: '{"a":1}', cut: 0 }],
    ['also before an error', 'FINAL(1); throw new Error("x")', { source: 'FINAL', value: '1', cut: 0 }],
    ['FINAL_VAR of this cell', 'const v = [1]; FINAL_VAR("v")', { source: 'FINAL_VAR', value: '[1]', cut: 0 }],
    ['FINAL_VAR of a builtin is none', 'FINAL_VAR("Math")', null],
    ['answer', 'answer.ready = true; answer.content = 7', { source: 'answer', value: '7', cut: 0 }],
    ['answer, rebound', 'answer = {content: "x", ready: true}', { source: 'answer', value: 'x', cut: 0 }],
    ['answer, redeclared', 'const answer = {content: "x", ready: 1}', { source: 'answer', value: 'x', cut: 0 }],
    ['answer, not ready', 'answer.content = "x"', null],
    ['answer, rebound in a cell that throws', 'answer = {content: "x", ready: true}; throw 1', null],
    [
      'answer, flipped in a cell that throws',
      'answer.content = "x"; answer.ready = true; throw 1',
      { source: 'answer', value: 'x', cut: 0 },
    ],
  ])('%s', async (_name, code, finish) => {
    const { cell } = await session.open();
    expect((await cell(code)).finish).toEqual(finish);
  });

  test('answer lasts from cell to cell, and one finish is told once', async () => {
    const { cell } = await session.open();
    expect((await cell('answer.content = "kept"')).finish).toBeNull();
    expect((await cell('answer.ready = true')).finish).toMatchObject({ value: 'kept' });
    expect(await cell('print(answer.content, answer.ready)')).toMatchObject({ finish: null, stdout: 'kept false\n' });
  });

  test('an answer over the cap keeps its head', async () => {
    const { cell } = await session.open('x', { answerChars: 10 });
    expect((await cell('FINAL("0123456789abc")')).finish).toEqual({ source: 'FINAL', value: '0123456789', cut: 3 });
  });
});

describe('names', () => {
  test('overwritten names are put back and told', async () => {
    const { cell } = await session.open();
    const first = await cell(
      'const print = 1; context = "fake"; globalThis.llm_query = () => "fake"; function FINAL() {}',
    );
    expect([...first.overwritten].sort()).toEqual(['FINAL', 'context', 'llm_query', 'print']);
    expect(await cell('print(context, await llm_query("q"))')).toMatchObject({
      stdout: 'hello world A1\n',
      overwritten: [],
    });
    expect((await cell('Object.defineProperty(globalThis, "print", {value: 1})')).stderr).toMatch(/TypeError/);
  });

  test('answer used as an ordinary variable is put back too', async () => {
    const { cell } = await session.open();
    expect(await cell('const answer = "forty-two"; print(answer)')).toMatchObject({
      stdout: 'forty-two\n',
      overwritten: ['answer'],
    });
    expect((await cell('answer.content = 1; answer.ready = true')).finish).toMatchObject({ value: '1' });
  });

  test('variables are listed by name and type', async () => {
    const { cell } = await session.open();
    const { variables } = await cell('const z = 1, a = "s", l = [], o = {}, f = () => 1, n = null; implicit = 2n');
    expect(variables).toEqual([
      { name: 'a', type: 'string' },
      { name: 'f', type: 'function' },
      { name: 'implicit', type: 'bigint' },
      { name: 'l', type: 'array' },
      { name: 'n', type: 'null' },
      { name: 'o', type: 'object' },
      { name: 'z', type: 'number' },
    ]);
    expect((await cell('print(SHOW_VARS())')).stdout).toMatch(
      /^Available variables: \{z: number, a: string, l: array,/,
    );
    const fresh = await session.open();
    expect((await fresh.cell('print(SHOW_VARS())')).stdout).toMatch(/^No variables yet/);
  });
});

describe('the same in every replay', () => {
  const code = [
    'print(Math.random(), Math.random(), Date.now(), new Date().toISOString(), Date())',
    'print(new Intl.DateTimeFormat("en", {dateStyle: "full", timeStyle: "full"}).format(), new Date().toLocaleString("en"))',
    'print(new Intl.DateTimeFormat("en").formatToParts().map((p) => p.value).join(""), (1234567.5).toLocaleString())',
    'print(typeof Temporal, new Date(2020, 0, 1).getTime(), new Date().getTimezoneOffset())',
  ].join('\n');

  test('random numbers and the clock follow from the seed', async () => {
    const one = await (await session.open('x', {}, [], 1)).cell(code);
    const again = await (await session.open('x', {}, [], 1)).cell(code);
    const other = await (await session.open('x', {}, [], 2)).cell(code);
    expect(again.stdout).toBe(one.stdout);
    expect(other.stdout.split(' ')[0]).not.toBe(one.stdout.split(' ')[0]);
    expect(one.stdout).toContain('2026-01-01T00:00:00.002Z Thu Jan 01 2026');
    expect(one.stdout).toContain('undefined 1577836800000 0');
    expect(one.stdout).toContain('Thursday, January 1, 2026');
  });

  test('random numbers are spread from the first on, for small and neighbouring seeds', async () => {
    const draws: number[] = [];
    for (let seed = 0; seed < 30; seed += 1) {
      const { repl, cell } = await session.open('x', {}, [], seed);
      draws.push(Number((await cell('print(Math.random())')).stdout));
      await repl.close();
    }
    expect(new Set(draws).size).toBe(30);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    expect(mean).toBeGreaterThan(0.3);
    expect(mean).toBeLessThan(0.7);
  });
});
