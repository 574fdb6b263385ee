import type { Score } from '../../env/environment.ts';

export type { Score };

/**
 * Judges one answer: a pure function, linear in the length of both, that never throws on what a model wrote.
 * `score` is in [0, 1]; null where the gold answer cannot be read, which is the task's fault and no 0.
 */
export type Scorer = (prediction: string, gold: unknown, answerType: string) => Score;

/** What could not be judged, and what to change. */
export const unjudged = (why: string): Score => ({ score: null, why });

/** A gold answer or a list of them as texts; null where it is neither. */
export function goldTexts(gold: unknown): string[] | null {
  const items = Array.isArray(gold) ? (gold as unknown[]) : [gold];
  const texts = items.map((item) => (typeof item === 'string' ? item : typeof item === 'number' ? String(item) : null));
  return texts.includes(null) ? null : (texts as string[]);
}

/** For a message: the beginning of a value. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
