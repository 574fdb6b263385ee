import { days } from './calendar.ts';
import type { OolongWindow } from './window.ts';

/** How often each label comes, per user and per day. */
export interface Tally {
  readonly labels: readonly string[];
  readonly whole: readonly number[];
  /** Per user, one count a label in the order of `labels`. */
  readonly users: ReadonlyMap<string, readonly number[]>;
  /** Per day from the first on, one count a label; empty days have zeros. */
  readonly days: readonly (readonly number[])[];
}

/** In time linear in the instances. */
export function tallyOf(window: OolongWindow): Tally {
  const labels = [...window.counts.keys()];
  const at = new Map(labels.map((label, place) => [label, place]));
  const zeros = () => labels.map(() => 0);
  const users = new Map<string, number[]>();
  const byDay = Array.from({ length: days }, zeros);
  for (const { user, day, label } of window.records) {
    const place = at.get(label)!;
    const counts = users.get(user) ?? zeros();
    users.set(user, counts);
    counts[place]! += 1;
    byDay[day]![place]! += 1;
  }
  return { labels, whole: labels.map((label) => window.counts.get(label)!), users, days: byDay };
}

/** Counts added up, label by label. */
export function addUp(parts: Iterable<readonly number[]>, size: number): number[] {
  const sum = Array.from({ length: size }, () => 0);
  for (const part of parts) for (const [at, count] of part.entries()) sum[at]! += count;
  return sum;
}

export const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

export const byLabel = ({ labels }: Tally, counts: readonly number[]): ReadonlyMap<string, number> =>
  new Map(labels.map((label, at) => [label, counts[at]!]));
