import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFiles, type Runner } from './runner.ts';
import { runners } from './runners.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-conformance-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const run = async (name: string, use: readonly Runner[] = runners) => {
  const lines: string[] = [];
  const counts = await runFiles([name], use, (line) => lines.push(line));
  return { counts, lines };
};

test.each(['scoring-cases.jsonl', 'repl-cases.jsonl'])('%s: no row that can be run fails', async (name) => {
  const { counts, lines } = await run(join(import.meta.dirname, name));
  expect(lines.slice(0, -1).filter((line) => !line.includes('"quirk"'))).toEqual([]);
  expect(lines.at(-1)).toBe(`${counts.passed} passed, 0 failed, ${counts.skipped} skipped`);
});

test('scorers that exist are run', async () => {
  const { counts } = await run(join(import.meta.dirname, 'scoring-cases.jsonl'));
  expect(counts.passed).toBeGreaterThanOrEqual(81);
});

test('a failing row is told and does not stop the run; quirks are told; others are skipped', async () => {
  const file = join(dir, 'rows.jsonl');
  const synth = { benchmark: 'oolong-synth', gold: '[7]', answer_type: 'ANSWER_TYPE.NUMERIC', note: 'why' };
  const rows = [
    { ...synth, prediction: 'Answer: 7', expected_score: 0 },
    { ...synth, prediction: 'Answer: 7', expected_score: 1, parsed: '8' },
    { ...synth, prediction: ' '.repeat(30), expected_score: null, raises: 'IndexError' },
    { ...synth, prediction: 'Answer: 7', expected_score: null, raises: 'TypeError' },
    { benchmark: 'unknown', prediction: 'x' },
    { source: 'toy', kind: 'k', quirk: true, expected: 1 },
    { source: 'toy', kind: 'throws', expected: 1 },
    { ...synth, prediction: 'Answer: 7', expected_score: 1 },
  ];
  writeFileSync(file, `${rows.map((row) => JSON.stringify(row)).join('\n\n')}\nno json\n`);
  const toy: Runner = {
    of: ['toy'],
    run(row) {
      if (row.kind === 'throws') throw new Error('on purpose');
      return { agrees: false, expected: 1, got: 2 };
    },
  };
  const { counts, lines } = await run(file, [...runners, toy]);
  expect(counts).toEqual({ passed: 2, failed: 5, skipped: 1 });
  const told = lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.map(({ line }) => line)).toEqual([1, 3, 7, 11, 13, 16]);
  expect(told[0]).toEqual({
    line: 1,
    benchmark: 'oolong-synth',
    kind: 'ANSWER_TYPE.NUMERIC',
    expected: { score: 0 },
    got: { score: 1, parsed: '7' },
    note: 'why',
  });
  expect(told[3]).toEqual({ line: 11, source: 'toy', kind: 'k', quirk: 'differs', note: null });
  expect(told[4]).toMatchObject({ got: 'threw Error: on purpose' });
});
