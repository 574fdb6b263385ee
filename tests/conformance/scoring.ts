import { scorers } from '../../reward/scorers.ts';
import type { Row, Runner, Verdict } from './runner.ts';

/** Scorer of a benchmark's rows; the first name that fits counts. */
const names: readonly (readonly [benchmark: string, scorer: string])[] = [
  ['oolong-synth', 'oolong'],
  ['oolong-synth-rlmtrain', 'oolong-lenient'],
  ['oolong-real', 'oolong-real'],
  ['ruler/qa', 'ruler-qa'],
  ['ruler/*', 'ruler'],
  ['longbench-v2', 'longbench-choice'],
  ['oolong-pairs', 'oolong-pairs'],
  ['graphwalks', 'graphwalks'],
  ['evidence-interval-f1', 'evidence-interval-f1'],
];

/** One runner a scorer; a scorer that is not registered skips its rows. */
export const scoringRunners: readonly Runner[] = names.map(([benchmark, scorer]) => ({
  of: [benchmark],
  run: (row) => (scorers.has(scorer) ? judge(row, scorer) : null),
}));

function judge(row: Row, scorer: string): Verdict {
  const { prediction, gold, answer_type: answerType, expected_score: expected } = row;
  const text = typeof prediction === 'string' ? prediction : JSON.stringify(prediction);
  const got = scorers.get(scorer).make(text, gold, String(answerType));
  // Where the original throws, ours gives no points and says why: 0 for what a model wrote, null for an unreadable gold.
  const score = expected === null ? 0 : expected;
  const points = expected === null ? (got.score ?? 0) : got.score;
  const close = typeof score === 'number' && points !== null && Math.abs(points - score) <= 1e-9;
  const explained = expected !== null || (got.why ?? '') !== '';
  const parsed = !('parsed' in row) || typeof row.parsed !== 'string' || row.parsed === got.parsed;
  return {
    agrees: close && explained && parsed,
    expected: { score, ...('parsed' in row && { parsed: row.parsed }) },
    got,
  };
}
