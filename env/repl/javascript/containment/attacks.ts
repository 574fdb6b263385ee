import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { z } from 'zod';
import { attackLimits, type Fight } from './arena.ts';
import { stopped, type Attack } from './attack.ts';
import { threats } from './threats.ts';

const ok = { limit: null, stderr: '' };
const outputChars = 20_000;

/** For each JavaScript row of tests/conformance/attacks.jsonl, what its `expect` says of the attacker. */
const judged: Readonly<Record<string, (fight: Fight) => void>> = {
  'reject-null': ({ cells }) => {
    expect(cells[0]?.stderr).toBe('Uncaught (in promise) null');
    expect(cells[1]).toMatchObject(ok);
  },
  'reject-undefined-symbol': ({ cells }) => expect(cells[0]?.stderr).toMatch(/^Uncaught \(in promise\)/),
  'eval-hook-throws-proxy': ({ cells }) => {
    expect(cells).toHaveLength(2);
    expect(cells[1]).toMatchObject(ok);
  },
  'reject-10MB-message': ({ cells }) => {
    expect(cells[0]?.stderr).toMatch(/^Uncaught \(in promise\) Error: m+/);
    expect(cells[0]?.stderr.length).toBeLessThan(outputChars);
  },
  'toJSON-forges-poll': ({ cells, prompts }) => {
    expect(cells).toMatchObject([ok, ok]);
    expect(prompts).toEqual([]);
  },
  'toString-slice-cap-bypass': ({ cells, rise }) => {
    expect(cells[0]?.stdout.length).toBeLessThan(outputChars + 100);
    expect(rise).toBeLessThan(150);
  },
  'array-push-promise-then-patched': ({ cells, prompts }) => {
    expect(cells).toMatchObject([ok, ok]);
    expect(prompts).toEqual(['x']);
  },
  'promise-constructor-getter': ({ cells }) => expect(cells).toHaveLength(2),
  'answer-with-getters': stopped,
  'answer-tojson-proxy': (fight) => {
    if (fight.cells[0]?.limit) stopped(fight);
    else expect(fight.cells[0]?.finish?.value.length).toBeLessThanOrEqual(64 * 1024);
  },
  'late-output-from-old-cell': ({ cells, prompts }) => {
    expect(cells).toMatchObject([{ stdout: '' }, { ...ok, stdout: 'cell2\n' }]);
    expect(prompts.filter((prompt) => prompt.startsWith('late'))).toEqual([]);
  },
  'cumulative-cpu': (fight) => {
    stopped(fight);
    expect(fight.cpuMs[0]).toBeLessThan(1.6 * attackLimits.cellCpuMs);
  },
  'finalization-registry-loop': ({ cells }) => expect(cells[0]).toMatchObject(ok),
  'weakref-sees-gc': ({ cells }) => expect(cells[0]).toMatchObject({ ...ok, stdout: 'undefinedundefined\n' }),
  'microtask-livelock': (fight) => {
    stopped(fight);
    if (fight.cells[1]) expect(fight.cells[1]).toMatchObject(ok);
  },
  'never-resolving': ({ cells, times }) => {
    expect(cells[0]).toMatchObject({ hints: ['unresolved_promise'] });
    expect(cells[0]?.stderr).toMatch(/nothing can resolve/);
    expect(times[0]).toBeLessThan(3_000);
  },
  'sparse-sort': stopped,
  'bigint-parse-3e7': stopped,
  'segmenter-native-memory': (fight) => {
    // isolated-vm was seen to abort here, once in some twenty runs: then it is tried alone.
    if (fight.disturbances === 0) stopped(fight);
    expect(fight.stop.reason).toMatch(/cell_timeout|sandbox_oom|sandbox_killed|answered/);
  },
  'intl-objects': stopped,
  'parser-quadratic-lets': ({ cells }) => expect(cells[0]).toMatchObject({ limit: 'cell_too_large' }),
  'parser-big-array': ({ cells }) => expect(cells[0]).toMatchObject({ limit: 'cell_too_large' }),
  'wrapper-escape': ({ cells }) => {
    expect(cells[0]?.stderr).toMatch(/^SyntaxError/);
    expect(cells[0]?.variables).toEqual([]);
  },
  'sab-atomics-wasm-gone': ({ cells }) =>
    expect(cells[0]?.stdout).toBe('undefined,undefined,undefined,undefined,undefined,undefined,string\n'),
  'clock-leaks': ({ cells }) => {
    const [date, ...others] = cells[0]?.stdout.trim().split('|') ?? [];
    expect(date).toMatch(/^Thursday, January 1, 2026/);
    expect(others.filter((text) => text !== '').every((text) => text.includes('2026'))).toBe(true);
  },
  'resizable-arraybuffer': ({ cells, rise }) => {
    expect(cells[0]?.stderr).toMatch(/allocation failed/);
    expect(rise).toBeLessThan(200);
  },
  'lone-surrogates': ({ cells, prompts }) => {
    expect(cells[0]?.stdout).toBe('\ufffd\n');
    expect(prompts).toEqual(['\ufffd \ufffd']);
  },
};

/** Rows that may cost their worker. */
const disturbing = new Set(['segmenter-native-memory', 'intl-objects']);
/** Rows whose value is the finding print it, for a bare expression is not shown. */
const printed = new Set(['weakref-sees-gc', 'sab-atomics-wasm-gone', 'clock-leaks']);

function shown(name: string, code: string): string {
  if (!printed.has(name)) return code;
  const at = Math.max(code.lastIndexOf(';'), -1) + 1;
  return `${code.slice(0, at)}print(${code.slice(at)})`;
}

const rowSchema = z.object({ lang: z.string(), name: z.string(), code: z.string(), expect: z.string() });

function readRows(): Attack[] {
  const text = readFileSync(new URL('../../../../tests/conformance/attacks.jsonl', import.meta.url), 'utf8');
  const rows = text
    .trim()
    .split('\n')
    .map((line) => rowSchema.parse(JSON.parse(line)));
  return rows
    .filter(({ lang }) => lang === 'js')
    .map(({ name, code }) => ({
      name,
      cells: shown(name, code).split('//---next cell---\n'),
      disturbs: disturbing.has(name),
      holds(fight) {
        const holds = judged[name];
        if (!holds) throw new Error(`row ${name} has no judgement; add one to containment/attacks.ts`);
        holds(fight);
      },
    }));
}

/** The rows of tests/conformance/attacks.jsonl, and the other threats. */
export const attacks: readonly Attack[] = [...readRows(), ...threats];
