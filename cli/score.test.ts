import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exitCodes } from './exit-codes.ts';
import { main } from './main.ts';

const temporary = mkdtempSync(join(tmpdir(), 'rlm-gym-score-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

async function score(rows: string, ...extra: string[]) {
  const path = join(temporary, 'rows.jsonl');
  writeFileSync(path, rows);
  let stdout = '';
  let stderr = '';
  const streams = { stdout: (text: string) => (stdout += text), stderr: (text: string) => (stderr += text) };
  const argv = ['score', '--scorer', 'exact', '--in', path, ...extra];
  const status = await main(argv, { ...streams, terminal: false, env: {} });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { status, lines, stderr };
}

test('with --json: a line a row, and last the mean', async () => {
  const rows =
    '{"prediction": "a", "gold": "a"}\r\n\n{"prediction": "b", "gold": "a"}\n{"prediction": "a", "gold": {}}\n';
  const { status, lines } = await score(rows, '--json');
  expect(status).toBe(exitCodes.ok);
  const parsed = lines.map((line) => JSON.parse(line) as { score: number | null });
  expect(parsed.slice(0, 3).map((line) => line.score)).toEqual([1, 0, null]);
  expect(parsed.at(-1)).toEqual({ mean: 0.5, rows: 3, unjudged: 1 });
});

test('a line that is no JSON loses nothing: it is named, and the others are scored', async () => {
  const { status, lines, stderr } = await score(
    '{"prediction": "a", "gold": "a"}\nnonsense\n{"prediction": "a", "gold": "a"}\n',
    '--json',
  );
  expect(status).toBe(exitCodes.usage);
  expect(JSON.parse(lines[1]!)).toMatchObject({ score: null, why: expect.stringContaining('line 2') });
  expect(JSON.parse(lines.at(-1)!)).toEqual({ mean: 1, rows: 3, unjudged: 1 });
  expect(stderr).toMatch(/^next: .*mend those lines/m);
});

test('for people: a line a row and the mean in words', async () => {
  const { lines } = await score('{"prediction": "b", "gold": "a"}\n');
  expect(lines[0]).toMatch(/^1\t0\t/);
  expect(lines.at(-1)).toBe('mean 0.0000 over 1 of 1 rows (exact)');
});

test('a scorer that does not exist is refused with those that do, before a row is read', async () => {
  let stderr = '';
  const argv = ['score', '--scorer', 'exacto', '--in', join(temporary, 'rows.jsonl')];
  const status = await main(argv, { stdout: () => {}, stderr: (text) => (stderr += text), terminal: false, env: {} });
  expect(status).toBe(exitCodes.usage);
  expect(stderr).toContain('choose one of: exact, ruler');
});
