import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { ReplError, type CellResult } from '../repl.ts';
import { residentBytes } from '../process-usage.ts';
import { testBackend } from './testing.ts';

const rows = readFileSync(new URL('../../../tests/conformance/attacks.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) =>
    z.object({ lang: z.string(), name: z.string(), code: z.string(), expect: z.string() }).parse(JSON.parse(line)),
  )
  .filter(({ lang }) => lang === 'js');

const limits = { cellCpuMs: 500, cellWallMs: 2000 };

interface Seen {
  readonly cells: readonly CellResult[];
  /** Milliseconds of each cell. */
  readonly times: readonly number[];
  readonly prompts: readonly string[];
  /** By how much the worker's resident memory rose, MiB. */
  readonly rise: number;
}

const ok = { limit: null, alive: true, stderr: '' };
const last = ({ cells }: Seen) => cells.at(-1);
/** Ended at the limit, and within it. */
const contained = ({ cells, times }: Seen) => {
  expect(cells[0]?.limit).toMatch(/cell_timeout|sandbox_oom/);
  expect(times[0]).toBeLessThan(limits.cellWallMs + 1000);
};

/** For each row, what `expect` says of the attacker; the neighbour is judged alike in all. */
const judged: Readonly<Record<string, (seen: Seen) => void>> = {
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
    expect(cells[0]?.stderr.length).toBeLessThan(20_000);
  },
  'toJSON-forges-poll': ({ cells, prompts }) => {
    expect(cells).toMatchObject([ok, ok]);
    expect(prompts).toEqual([]);
  },
  'toString-slice-cap-bypass': (seen) => {
    expect(last(seen)?.stdout.length).toBeLessThan(20_100);
    expect(seen.rise).toBeLessThan(150);
  },
  'array-push-promise-then-patched': ({ cells, prompts }) => {
    expect(cells).toMatchObject([ok, ok]);
    expect(prompts).toEqual(['x']);
  },
  'promise-constructor-getter': ({ cells }) => expect(cells).toHaveLength(2),
  'answer-with-getters': contained,
  'answer-tojson-proxy': ({ cells }) => {
    const [cell] = cells;
    if (cell?.limit) expect(cell.limit).toMatch(/sandbox_oom|cell_timeout/);
    else expect(cell?.finish?.value.length).toBeLessThanOrEqual(64 * 1024);
  },
  'late-output-from-old-cell': ({ cells, prompts }) => {
    expect(cells[0]).toMatchObject({ cancelled: [1], stdout: '' });
    expect(cells[1]).toMatchObject({ ...ok, stdout: 'cell2\n', cancelled: [] });
    expect(prompts).toEqual(['a', 'b']);
  },
  'cumulative-cpu': (seen) => {
    contained(seen);
    expect(last(seen)?.cpuMs).toBeLessThan(1.5 * limits.cellCpuMs);
  },
  'finalization-registry-loop': (seen) => expect(last(seen)).toMatchObject(ok),
  'weakref-sees-gc': (seen) => expect(last(seen)).toMatchObject({ ...ok, stdout: 'undefinedundefined\n' }),
  'microtask-livelock': (seen) => {
    contained(seen);
    if (seen.cells[0]?.alive) expect(seen.cells[1]).toMatchObject(ok);
  },
  'never-resolving': (seen) => {
    expect(last(seen)).toMatchObject({
      hints: ['unresolved_promise'],
      stderr: expect.stringMatching(/nothing can resolve/),
    });
    expect(seen.times[0]).toBeLessThan(1000);
  },
  'sparse-sort': contained,
  'bigint-parse-3e7': contained,
  'segmenter-native-memory': contained,
  'intl-objects': contained,
  'parser-quadratic-lets': (seen) => expect(last(seen)).toMatchObject({ limit: 'cell_too_large', alive: true }),
  'parser-big-array': (seen) => expect(last(seen)).toMatchObject({ limit: 'cell_too_large', alive: true }),
  'wrapper-escape': (seen) => {
    expect(last(seen)?.stderr).toMatch(/^SyntaxError/);
    expect(last(seen)?.variables).toEqual([]);
  },
  'sab-atomics-wasm-gone': (seen) =>
    expect(last(seen)?.stdout).toBe('undefined,undefined,undefined,undefined,undefined,undefined,string\n'),
  'clock-leaks': (seen) => {
    const [date, ...others] = last(seen)?.stdout.trim().split('|') ?? [];
    expect(date).toMatch(/^Thursday, January 1, 2026/);
    expect(others.filter((text) => text !== '').every((text) => /2026/.test(text))).toBe(true);
  },
  'resizable-arraybuffer': (seen) => {
    expect(last(seen)?.stderr).toMatch(/allocation failed/);
    expect(seen.rise).toBeLessThan(200);
  },
  'lone-surrogates': (seen) => {
    expect(last(seen)?.stdout).toBe('\ufffd\n');
    expect(seen.prompts).toEqual(['\ufffd \ufffd']);
  },
};

/** Rows whose value is the finding print it, for a bare expression is not shown. */
const printed = new Set(['weakref-sees-gc', 'sab-atomics-wasm-gone', 'clock-leaks']);
const shown = (name: string, code: string) => {
  if (!printed.has(name)) return code;
  const at = Math.max(code.lastIndexOf(';'), -1) + 1;
  return `${code.slice(0, at)}print(${code.slice(at)})`;
};

describe('attacks that broke a prototype', () => {
  test('every row has its judgement', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(judged).sort());
  });

  test.each(rows)('$name', async ({ name, code }) => {
    await using session = testBackend({ workerRssMb: 2000 });
    const neighbour = await session.open('calm', limits);
    await neighbour.cell('var beats = 0');
    const pid = session.backend.pids()[0] ?? 0;
    const before = residentBytes(pid) ?? 0;
    let highest = before;
    let beats = 0;
    const waits: number[] = [];
    let running = true;
    const beat = (async () => {
      // oxlint-disable-next-line no-unmodified-loop-condition -- changed outside, while this waits
      while (running) {
        const started = performance.now();
        beats += 1;
        expect(await neighbour.cell('beats += 1; print(beats)')).toMatchObject({ ...ok, stdout: `${beats}\n` });
        waits.push(performance.now() - started);
        highest = Math.max(highest, residentBytes(pid) ?? 0);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    const { cell } = await session.open('attacked', limits);
    const cells: CellResult[] = [];
    const times: number[] = [];
    const prompts: string[] = [];
    for (const part of shown(name, code).split('//---next cell---\n')) {
      const started = performance.now();
      const result = await cell(part).catch((error: unknown) => {
        if (error instanceof ReplError) throw new Error(`the attack counted as ${error.failure}`, { cause: error });
        throw error;
      });
      cells.push(result);
      times.push(performance.now() - started);
      prompts.push(...result.asked.map(({ prompt }) => prompt));
      if (!result.alive) break;
    }
    running = false;
    // The neighbour's state is its own, on the same worker, and it was answered all along.
    await beat;
    judged[name]?.({ cells, times, prompts, rise: (highest - before) / 2 ** 20 });
    expect(session.backend.pids()).toContain(pid);
    waits.sort((a, b) => a - b);
    expect(waits[waits.length >> 1]).toBeLessThan(500);
    expect(waits.at(-1)).toBeLessThan(2000);
  });
});
