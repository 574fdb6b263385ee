import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { CellSyntaxError, transformCell } from './transform-cell.ts';

/** Runs cells one after the other in one global scope; the trusted code of these tests needs no isolate. */
async function session(...cells: string[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  const scope: Record<string, unknown> = { see: (...values: unknown[]) => seen.push(...values) };
  for (const cell of cells) {
    const { code, names } = transformCell(cell);
    for (const name of names) scope[name] ??= undefined;
    const body = runInNewContext.call(null, code, scope) as (done: () => void, fail: (e: unknown) => void) => unknown;
    await new Promise<void>((resolve, reject) => {
      // oxlint-disable-next-line prefer-promise-reject-errors -- whatever the cell threw
      void body(resolve, (thrown) => reject(thrown));
    });
  }
  return seen;
}

describe('top-level declarations outlive their cell', () => {
  test.each([
    ['const', ['const x = 1', 'see(x)'], [1]],
    ['redeclared const', ['const x = 1', 'const x = 2', 'see(x)'], [2]],
    ['declared twice in one cell', ['let x = 1; let x = 2', 'see(x)'], [2]],
    ['let without a value resets', ['let x = 1', 'let x', 'see(x)'], [undefined]],
    ['var without a value keeps', ['var x = 1', 'var x', 'see(x)'], [1]],
    ['several declarators', ['let a = 1, b, {c} = {c: 3}', 'see(a, b, c)'], [1, undefined, 3]],
    [
      'destructuring',
      ['const {a, b: [c, ...d], ...e} = {a: 1, b: [2, 3], f: 4}', 'see(a, c, d[0], e.f)'],
      [1, 2, 3, 4],
    ],
    ['defaults', ['const {a = 5, b: {c = 6} = {}} = {}', 'see(a, c)'], [5, 6]],
    ['var of a loop', ['for (var i = 0, n = 3; i < n; i += 1);', 'see(i, n)'], [3, 3]],
    ['var of for-of', ['for (var [k, v] of [[1, 2]]);', 'see(k, v)'], [1, 2]],
    ['var in a branch', ['if (true) var x = 1; else var y = 2', 'see(x, y)'], [1, undefined]],
    ['var without a semicolon in a branch', ['if (true) var x = 1\nelse var y = 2', 'see(x, y)'], [1, undefined]],
    [
      'var in try, switch and label',
      ['try { var a = 1 } finally { var b = 2 } switch (1) { case 1: var c = 3 } l: var d = 4', 'see(a,b,c,d)'],
      [1, 2, 3, 4],
    ],
    ['a function is hoisted', ['see(f()); function f() { return 4 }', 'see(f())'], [4, 4]],
    ['the last of two functions counts', ['see(f()); function f() { return 1 } function f() { return 2 }'], [2]],
    [
      'functions call later ones',
      ['function f() { return g() }\nfunction g() { return 1 }', 'function g() { return 2 }', 'see(f())'],
      [2],
    ],
    [
      'async and generator functions',
      ['async function f() { return 1 } function* g() { yield 2 }', 'see(await f(), [...g()][0])'],
      [1, 2],
    ],
    [
      'names of functions',
      ['function f() {} const g = () => 1; class K {}', 'see(f.name, g.name, K.name)'],
      ['f', 'g', 'K'],
    ],
    [
      'a class',
      ['class A { static n = A.name.length; m() { return 1 } }\nclass B extends A {}', 'see(new B().m(), A.n)'],
      [1, 1],
    ],
    ['closures', ['let n = 0; const add = () => { n += 1 }', 'add(); add(); see(n)'], [2]],
    ['block scope stays', ['{ let inner = 1 } see(typeof inner)'], ['undefined']],
    ['await', ['const x = await Promise.resolve(3)', 'see(x)'], [3]],
    ['await in a loop', ['let s = 0; for (const p of [1, 2]) s += await Promise.resolve(p); see(s)'], [3]],
  ])('%s', async (_name, cells, expected) => {
    expect(await session(...cells)).toEqual(expected);
  });
});

describe('lines without semicolons keep their meaning', () => {
  test.each([
    ['before an array', 'let a\nlet b = 1\n;[b].forEach((v) => see(v))', [1]],
    ['before a parenthesis', 'let a = 1\nlet b\n;(see)(a)', [1]],
    ['let before a call in parentheses', 'let a\n(see)(2)', [2]],
    ['a declaration after a call', 'see(1)\nconst {a} = {a: 2}\nsee(a)', [1, 2]],
    ['a function between two lines', 'see(1)\nfunction f() {}\n(see)(2)', [1, 2]],
    ['a comment at the end', 'see(1) // done', [1]],
    ['an open template', 'see(`a\n${1}\nb`)', ['a\n1\nb']],
  ])('%s', async (_name, cell, expected) => {
    expect(await session(cell)).toEqual(expected);
  });
});

describe('what is not JavaScript is told as a syntax error', () => {
  test.each([
    ['let a = ;', /Unexpected token \(line 1\)/],
    ['let a = 1\nlet b = )', /line 2/],
    ['1})();globalThis.z=1;(async()=>{1', /Unexpected token/],
    ['return 1', /'return' outside of function/],
    ["import fs from 'fs'", /import and export do not work/],
    ['('.repeat(50_000), /nested too deeply|Not enough stack space/],
  ])('%#', (cell, message) => {
    expect(() => transformCell(cell)).toThrow(CellSyntaxError);
    expect(() => transformCell(cell)).toThrow(message);
  });
});

test('a line of the rewritten code leads back to the line of the cell', () => {
  const cell = 'let a = 1\nlet b = 2\nfunction f() {\n  return 1\n}\nthrow new Error("here")\n';
  const transformed = transformCell(cell);
  const line = transformed.code.split('\n').findIndex((text) => text.includes('here')) + 1;
  expect(transformed.originalLine(line)).toBe(6);
});

test('the largest hostile cells are rewritten in time', () => {
  const names = Array.from({ length: 18_000 }, (_, at) => `a${at}`).join(',');
  const started = performance.now();
  transformCell(`let ${names};`);
  transformCell(`const z=[${'1.5,'.repeat(32_000)}];`);
  transformCell('function f(){}'.repeat(9000));
  expect(performance.now() - started).toBeLessThan(1500);
});
