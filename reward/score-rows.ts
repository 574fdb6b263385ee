import type { Registry } from '../configs/registry.ts';
import { scorers as shipped } from './scorers.ts';
import { unjudged, type Score, type Scorer } from './scorers/scorer.ts';

/** What is printed for a row, and last for all. */
export type ScoredRow = Score | ScoreSummary;
export interface ScoreSummary {
  /** Mean of the rows that could be judged; null where none could. */
  readonly mean: number | null;
  readonly rows: number;
  /** Rows whose score is null; they are not in the mean. */
  readonly unjudged: number;
}

/**
 * Scores rows `{prediction, gold, answer_type}` one by one into `{score, parsed, why?}`, and last a {@link ScoreSummary}.
 * `answer` and `answerType` are taken for `gold` and `answer_type` as well. A row without a prediction (null) scores 0;
 * one that cannot be judged gets null and a reason, and the rows after it are scored all the same.
 * Throws a ConfigError for an unknown scorer, before the first row.
 */
export async function* scoreRows(
  rows: AsyncIterable<unknown> | Iterable<unknown>,
  scorerName: string,
  scorers: Registry<Scorer> = shipped,
): AsyncGenerator<ScoredRow> {
  const scorer = scorers.get(scorerName).make;
  let count = 0;
  let judged = 0;
  let sum = 0;
  for await (const row of rows) {
    const score = scoreRow(row, scorer);
    count += 1;
    if (score.score !== null) {
      judged += 1;
      sum += score.score;
    }
    yield score;
  }
  yield { mean: judged === 0 ? null : sum / judged, rows: count, unjudged: count - judged };
}

function scoreRow(row: unknown, scorer: Scorer): Score {
  if (row === null || typeof row !== 'object' || !('prediction' in row)) {
    return unjudged(
      'a row needs prediction and gold, as in {"prediction": "7", "gold": "[7]", "answer_type": "ANSWER_TYPE.NUMERIC"}',
    );
  }
  const fields = row as Record<string, unknown>;
  const gold = fields.gold ?? fields.answer;
  if (gold === undefined || gold === null) return unjudged('the row has no gold');
  const prediction = fields.prediction;
  if (prediction === null) return { score: 0, why: 'no answer' };
  const text = typeof prediction === 'string' ? prediction : JSON.stringify(prediction);
  const answerType = fields.answer_type ?? fields.answerType;
  try {
    return scorer(text, gold, typeof answerType === 'string' ? answerType : 'text');
  } catch (error) {
    return unjudged(`the scorer failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
