import { expect, test } from 'vitest';
import { scoreRows, type ScoredRow } from './score-rows.ts';

const score = async (rows: readonly unknown[], scorer = 'oolong'): Promise<ScoredRow[]> => {
  const scored: ScoredRow[] = [];
  for await (const row of scoreRows(rows, scorer)) scored.push(row);
  return scored;
};

test('rows are scored one by one, and last come mean and counts', async () => {
  const scored = await score([
    { prediction: 'Answer: 8', gold: '[7]', answer_type: 'ANSWER_TYPE.NUMERIC' },
    { prediction: 7, answer: 7 },
    { prediction: null, gold: '[7]' },
    { prediction: 'x', gold: 'no list' },
    { gold: '[7]' },
    { prediction: 'x' },
    'nonsense',
  ]);
  expect(scored.slice(0, 3)).toEqual([
    { score: 0.75, parsed: '8', why: expect.stringContaining('0.75') as string },
    { score: 1, parsed: '7' },
    { score: 0, why: 'no answer' },
  ]);
  for (const row of scored.slice(3, 7))
    expect(row).toEqual({ score: null, why: expect.stringMatching(/\w/) as string });
  expect(scored.at(-1)).toEqual({ mean: 1.75 / 3, rows: 7, unjudged: 4 });
});

test('no rows have no mean, and an unknown scorer is an error that lists them', async () => {
  expect(await score([])).toEqual([{ mean: null, rows: 0, unjudged: 0 }]);
  await expect(score([], 'oolog')).rejects.toThrow(/no scorer "oolog"; choose one of: exact, ruler/);
});
