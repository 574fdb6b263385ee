import { z } from 'zod';
import { explain } from '../../configs/registry.ts';
import type { Outcome } from '../../env/environment.ts';
import type { Finding } from '../components.ts';

/** What a scorer of one's own is sent, one JSON object an answer. */
export interface ScorerRow {
  readonly id: string;
  readonly prediction: string;
  readonly gold: unknown;
  readonly answer_type: string;
  readonly query: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function rowOf({ task, answer, episode }: Outcome): ScorerRow {
  const { query, metadata, answerType } = task;
  return { id: episode.id, prediction: answer ?? '', gold: task.answer, answer_type: answerType, query, metadata };
}

const replySchema = z.object({
  id: z.string().optional(),
  score: z.number().min(0).max(1).nullable(),
  why: z.string().optional(),
});
export type ScorerReply = z.output<typeof replySchema>;

/** Characters of a reason that are kept. */
const whyChars = 1_000;

/** Reads `{"id", "score", "why"?}`; a text says what is wrong with it. */
export function readReply(text: string): ScorerReply | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `it answered with what is no JSON: ${text.slice(0, 200)}`;
  }
  const parsed = replySchema.safeParse(value);
  return parsed.success
    ? parsed.data
    : `its answer does not fit {"id", "score": 0 to 1 or null}: ${explain(parsed.error)}`;
}

export function findingOf({ score, why }: ScorerReply): Finding {
  const reason =
    why?.slice(0, whyChars).toWellFormed() ?? (score === null ? 'the scorer gave null and no reason' : undefined);
  return { value: score, ...(reason === undefined ? {} : { why: reason }) };
}

/** Without an answer there is nothing to send: that is 0, as it is for correctness. */
export const noAnswer = ({ episode }: Outcome): Finding => ({ value: 0, why: `no answer: ${episode.stop.reason}` });

export const failedScorer = (why: string): Finding => ({ value: null, why: why.slice(0, whyChars).toWellFormed() });
