import { expect } from 'vitest';
import { attackLimits } from './arena.ts';
import { stopped, type Attack } from './attack.ts';

const kept = { limit: null, stderr: '', stdout: '1\n' };
const keepState = 'print(kept)';

/** Ends at its limit, and where V8 could stop it the state lives on. */
function loop(name: string, code: string): Attack {
  return {
    name,
    cells: [`var kept = 1; ${code}`, keepState],
    holds(fight) {
      stopped(fight);
      expect(fight.cpuMs[0]).toBeLessThan(1.6 * attackLimits.cellCpuMs);
      if (fight.cells[1]) expect(fight.cells[1]).toMatchObject(kept);
    },
  };
}

/** Costs its own REPL alone: V8 cannot stop it. */
const unstoppable = (name: string, code: string): Attack => ({ name, cells: [code], holds: stopped });

/** Memory: its own limit, an error of its own, or at worst its worker. */
const hungry = (name: string, code: string, disturbs = false): Attack => ({
  name,
  cells: [code],
  disturbs,
  holds({ cells, stop, rise }) {
    const end = stop.reason === 'sandbox_killed' ? stop.reason : (cells[0]?.limit ?? cells[0]?.stderr);
    expect(end).toMatch(/sandbox_oom|cell_timeout|sandbox_killed|RangeError|allocation failed/);
    expect(rise).toBeLessThan(1_700);
  },
});

const prints = (name: string, code: string, stdout: string | RegExp): Attack => ({
  name,
  cells: [code],
  holds({ cells }) {
    expect(cells[0]).toMatchObject({ limit: null, stderr: '' });
    expect(cells[0]?.stdout.trimEnd()).toMatch(typeof stdout === 'string' ? new RegExp(`^${stdout}$`) : stdout);
  },
});

/** One cell redefines things; the next must be read as it is. */
const forges = (name: string, code: string): Attack => ({
  name,
  cells: [code, 'globalThis.mine = 7; const r = await llm_query("question"); print("out " + mine); FINAL(r)'],
  holds({ cells, prompts, stop }) {
    expect(cells[1]).toMatchObject({ limit: null, stderr: '', stdout: 'out 7\n' });
    expect(cells[1]?.finish).toMatchObject({ source: 'FINAL', value: 'reply to question' });
    expect(cells[1]?.variables.map(({ name }) => name)).toEqual(expect.arrayContaining(['mine', 'r']));
    expect(prompts).toEqual(['question']);
    expect(stop.reason).toBe('answered');
  },
});

const shortOutput = 20_200;

/** The threats to isolated-vm used plainly, and what broke a prototype later; each was seen to do harm. */
export const threats: readonly Attack[] = [
  loop('a loop', 'for (;;);'),
  loop('a loop that catches everything', 'for (;;) { try { for (;;); } catch {} }'),
  loop('a loop after an await', 'await llm_query("x"); for (;;);'),
  loop('microtasks left by a loop', 'Promise.resolve().then(() => { for (let i = 0; i < 1e7; i++); }); for (;;);'),
  loop('a regular expression', 'print(/(a+)+$/.test("a".repeat(40) + "b"))'),
  loop('a getter of the answer', 'answer = { get ready() { for (;;); } }'),
  loop('a printed proxy', 'print(new Proxy({}, { ownKeys() { for (;;); } }))'),
  loop('a toJSON of a prompt', 'await llm_query({ toJSON() { for (;;); } })'),
  {
    name: 'a long loop and what its neighbour waits',
    cells: ['for (;;);'],
    limits: { cellCpuMs: 1_500, cellWallMs: 10_000 },
    holds(fight) {
      stopped(fight);
      expect(Math.max(...fight.waits)).toBeLessThan(1_000);
    },
  },
  unstoppable('BigInt products', 'let b = 3n ** 3_000_000n; for (;;) b = b * b;'),
  unstoppable('filling', 'new Array(5e8).fill(0)'),
  unstoppable('indexOf over 2**53', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'),
  unstoppable('a looping getter on a rejection', 'Promise.reject({ get stack() { for (;;); } })'),
  unstoppable(
    'a looping proxy as rejection',
    'Promise.reject(new Proxy(new Error("x"), { get() { for (;;); }, getPrototypeOf() { for (;;); } }))',
  ),
  {
    name: 'a prepareStackTrace that loops',
    cells: ['Error.prepareStackTrace = () => { for (;;); }; Promise.reject(new Error("x"))', 'print(1)'],
    holds: ({ cells }) => expect(cells).toMatchObject([{ limit: null }, kept]),
  },
  {
    name: 'a finalizer that loops',
    cells: [
      'globalThis.r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1000; i++) r.register({}, i); let a = []; for (let i = 0; i < 600; i++) { a.push(new Array(1e4).fill(i)); if (i % 20 == 0) a = [] }',
      'let b = []; for (let i = 0; i < 600; i++) { b.push(new Array(1e4).fill(i)); if (i % 20 == 0) b = [] } print(1)',
    ],
    holds: ({ cells }) => {
      expect(cells[0]?.stderr).toMatch(/FinalizationRegistry is not defined/);
      expect(cells[1]).toMatchObject(kept);
    },
  },
  {
    name: 'a heap that grows',
    cells: ['const k = []; for (;;) k.push(new Array(1e5).fill(1))'],
    limits: { cellCpuMs: 1_000 },
    holds({ cells, rise }) {
      expect(cells[0]?.limit).toBe('sandbox_oom');
      expect(rise).toBeLessThan(400);
    },
  },
  hungry('arrays', 'const k = []; for (;;) k.push(new Array(1e5).fill(1))', true),
  hungry('a map', 'const m = new Map(); for (let i = 0; ; i++) m.set(i, "x" + i)', true),
  hungry(
    'strings',
    'let s = "x".repeat(1e6); const k = []; for (;;) { s += s; k.push(s.length); JSON.stringify(s) }',
    true,
  ),
  hungry('a large sparse array', 'const a = new Array(1e8); for (let i = 0; i < 1e8; i++) a[i] = i;', true),
  hungry('array buffers', 'const k = []; for (;;) k.push(new Uint8Array(1 << 24).fill(1))'),
  hungry(
    'resizable buffers',
    'const k = []; const C = new Uint8Array(1).buffer.constructor; for (let i = 0; i < 30; i++) { const b = Reflect.construct(C, [1 << 26, { maxByteLength: 1 << 26 }], ArrayBuffer); new Uint8Array(b).fill(1); k.push(b) }',
  ),
  hungry('replaceAll', '"a".repeat(1e8).replaceAll("a", "bcd").normalize("NFKD").length', true),
  hungry('a million variables', 'for (let i = 0; ; i++) globalThis["v" + i] = i', true),
  prints(
    'a file, a process, a socket, a timer',
    'print(await import("fs").catch(() => "no fs"), [typeof process, typeof require, typeof fetch, typeof setTimeout, typeof Buffer, typeof XMLHttpRequest].join(), typeof print.constructor.constructor("return typeof process === \'undefined\' ? 1 : \'\'")())',
    'no fs undefined,undefined,undefined,undefined,undefined,undefined number',
  ),
  {
    name: "a path of the host's in a stack",
    cells: [
      'try { await llm_query(Symbol("x")); null.x } catch (e) { print(e.stack) }',
      'try { (function f() { f() })() } catch (e) { print(e.stack) } print(new Error("x").stack)',
    ],
    holds({ cells }) {
      const shown = cells.map(({ stdout }) => stdout).join('');
      expect(shown).not.toMatch(/node_modules|file:|\.ts\b|\/home/);
      expect(shown).not.toContain(process.cwd());
    },
  },
  {
    name: 'deep recursion, JSON and patterns',
    cells: [
      'function f() { f() } f()',
      'JSON.parse("[".repeat(1e6))',
      'new RegExp("(".repeat(1e6))',
      'let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; print(deep); JSON.stringify(deep)',
    ],
    holds({ cells }) {
      expect(cells).toHaveLength(4);
      for (const cell of cells.slice(0, 3)) expect(cell.stderr).toMatch(/^(RangeError|SyntaxError)/);
    },
  },
  {
    name: 'a print in a loop',
    cells: ['for (;;) print("x".repeat(100))'],
    holds(fight) {
      stopped(fight);
      expect(fight.cells[0]?.stdout.length).toBeLessThan(shortOutput);
      expect(fight.rise).toBeLessThan(150);
    },
  },
  {
    name: 'an output, an answer and an error of millions of characters',
    cells: ['print("y".repeat(3e6)); FINAL("z".repeat(1e6)); throw new Error("m".repeat(1e6))'],
    holds({ cells }) {
      expect(cells[0]?.stdout.length).toBeLessThan(shortOutput);
      expect(cells[0]?.cut).toBe(3e6 + 1 - 20_000);
      expect(cells[0]?.finish).toMatchObject({ cut: 1e6 - 64 * 1024 });
      expect(cells[0]?.stderr.length).toBeLessThan(shortOutput);
    },
  },
  {
    name: 'a flood of sub-calls',
    cells: ['const all = []; for (let i = 0; i < 1e6; i++) all.push(llm_query("q" + i)); await Promise.all(all)'],
    limits: { requestsPerCell: 100 },
    holds: ({ cells, prompts }) => {
      expect(cells[0]).toMatchObject({ limit: 'too_many_requests' });
      expect(prompts.length).toBeLessThanOrEqual(100);
    },
  },
  {
    name: 'a flood of sub-calls that catches',
    cells: ['for (;;) { try { llm_query("q") } catch {} }'],
    limits: { requestsPerCell: 100 },
    holds: ({ cells, prompts }) => {
      expect(cells[0]?.limit).toMatch(/too_many_requests|cell_timeout|sandbox_oom/);
      expect(prompts.length).toBeLessThanOrEqual(100);
    },
  },
  {
    name: 'a thrower of huge messages in place of eval',
    cells: ['globalThis.eval = () => { throw new Error("x".repeat(3e8)) }', 'print(1)'],
    holds: ({ cells }) => expect(cells[1]).toMatchObject(kept),
  },
  forges(
    'Map.prototype.set hooked',
    'Map.prototype.set = WeakMap.prototype.get = WeakMap.prototype.set = function () { throw 1 }',
  ),
  forges(
    'names overwritten',
    'globalThis.llm_query = async () => "forged"; globalThis.FINAL = () => {}; globalThis.print = () => {}; context = "forged"',
  ),
  forges(
    'eval and call hooked',
    'globalThis.eval = () => { throw 1 }; Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 0',
  ),
  forges(
    'fields of Object.prototype',
    'for (const k of ["get", "value", "writable", "enumerable", "configurable", "resolve", "batch", "text", "wrong", "then", "s", "q"]) { try { Object.prototype[k] = 5 } catch {} }',
  ),
  {
    // The draws follow from the context, the index and the call alone.
    name: 'a draw and a clock',
    cells: ['print([Math.random(), Date.now(), new Date().getTime(), Math.random()].join())'],
    holds: ({ cells }) =>
      expect(cells[0]?.stdout).toBe('0.5877986794813566,1767225600001,1767225600002,0.9712927456312831\n'),
  },
];
