import { f1 } from './overlap.ts';
import { shown, unjudged, type Scorer } from './scorer.ts';

type Interval = readonly [start: number, end: number];

/**
 * F1 over characters of half-open intervals `[[start, end], …]` (NovaSky-AI/SkyRL
 * examples/train/rlm/multi_paper_env/evidence_rewards.py): overlapping ones count once. Nothing given or nothing wanted
 * is 0. The answer is JSON.
 */
export const evidenceIntervalF1: Scorer = (prediction, gold) => {
  const wanted = readIntervals(gold);
  if (wanted === null) return unjudged(`the gold answer ${shown(gold)} is no list of [start, end]`);
  const given = readIntervals(prediction);
  if (given === null) return { score: 0, why: 'the answer is no JSON list of [start, end]' };
  const [a, b] = [merge(given), merge(wanted)];
  const score = f1(shared(a, b), sizeOf(a), sizeOf(b));
  const parsed = JSON.stringify(a);
  return score === 1 ? { score, parsed } : { score, parsed, why: `F1 over ${sizeOf(b)} gold characters` };
};

function readIntervals(value: unknown): Interval[] | null {
  let list = value;
  if (typeof value === 'string') {
    try {
      list = JSON.parse(value) as unknown;
    } catch {
      return null;
    }
  }
  if (!Array.isArray(list)) return null;
  const good = (list as unknown[]).every(
    (item) =>
      Array.isArray(item) && item.length === 2 && item.every((end) => Number.isFinite(end)) && item[0] <= item[1],
  );
  return good ? (list as Interval[]) : null;
}

function merge(intervals: readonly Interval[]): Interval[] {
  const merged: [number, number][] = [];
  for (const [start, end] of [...intervals].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

const sizeOf = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, [start, end]) => sum + end - start, 0);

/** Of two merged lists. */
function shared(a: readonly Interval[], b: readonly Interval[]): number {
  let total = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [left, right] = [a[i]!, b[j]!];
    total += Math.max(0, Math.min(left[1], right[1]) - Math.max(left[0], right[0]));
    if (left[1] < right[1]) i += 1;
    else j += 1;
  }
  return total;
}
