import type { Measure } from '../length.ts';
import type { Random } from '../random.ts';
import { drawOf, type Split } from '../splits.ts';
import { shortDate } from './calendar.ts';
import { driftingHabits, plainHabits } from './habits.ts';
import type { RecordSource } from './records.ts';

export interface WindowRecord {
  readonly date: string;
  /** The same, in days from the first of the window's three years. */
  readonly day: number;
  readonly user: string;
  readonly instance: string;
  readonly label: string;
}

/** Instances with users and dates, and how many there are of each label. */
export interface OolongWindow {
  readonly text: string;
  readonly header: string;
  readonly records: readonly WindowRecord[];
  readonly counts: ReadonlyMap<string, number>;
}

/** A window has one user for about so many instances. */
const instancesPerUser = 12;

export const lineOf = (record: WindowRecord): string =>
  `Date: ${record.date} || User: ${record.user} || Instance: ${record.instance}`;

/**
 * A window of at least the wanted length and at most a line or two more, in OOLONG's form: a header, then one instance
 * a line. The labels keep to `shares` throughout (each count within 1 of share × N), so margins planned in shares hold
 * in counts; labels of equal share get equal counts. With `drift` users prefer labels and labels
 * come and go. Linear in the length.
 */
export function makeWindow(
  source: RecordSource,
  shares: ReadonlyMap<string, number>,
  split: Split,
  measure: Measure,
  random: Random,
  drift: Random | null = null,
): OolongWindow {
  const next = source.draw(split, random);
  const users = makeUsers(split, Math.ceil(measure.wanted / 100 / instancesPerUser), random);
  const habits = drift ? driftingHabits(users, source.labels, drift) : plainHabits(users);
  const counts = new Map(source.labels.map((label) => [label, 0]));
  const records: WindowRecord[] = [];
  let size = 0;
  const add = (label: string) => {
    const day = habits.day(label, random);
    const record = { date: shortDate(day), day, user: habits.user(label, random), instance: next(label), label };
    records.push(record);
    counts.set(label, counts.get(label)! + 1);
    size += measure.of(lineOf(record)) + 1;
  };
  const empty = measure.of(headerOf(source, 0));
  // The header says the number of instances twice.
  while (empty + 2 * (String(records.length).length - 1) + size - 1 < measure.wanted) {
    add(mostLacking(shares, counts, records.length + 1));
  }
  level(shares, counts, add);
  random.shuffle(records);
  const header = headerOf(source, records.length);
  return { text: header + records.map(lineOf).join('\n'), header, records, counts };
}

/** How many instances a window of that length will have, about; for planning margins. */
export function estimateRecords(source: RecordSource, measure: Measure, split: Split, random: Random): number {
  const next = source.draw(split, random);
  const sample = source.labels.flatMap((label) => Array.from({ length: 20 }, () => measure.of(next(label))));
  const mean =
    sample.reduce((sum, size) => sum + size, 0) / sample.length +
    'Date: Sep 06, 2023 || User: 14512 || Instance: '.length +
    1;
  return Math.floor(measure.wanted / mean);
}

function mostLacking(shares: ReadonlyMap<string, number>, counts: ReadonlyMap<string, number>, total: number): string {
  let chosen = '';
  let most = -Infinity;
  for (const [label, share] of shares) {
    const lacking = share * total - counts.get(label)!;
    if (lacking > most) [chosen, most] = [label, lacking];
  }
  return chosen;
}

/** Labels of equal share that the last lines left one apart are made equal. */
function level(
  shares: ReadonlyMap<string, number>,
  counts: ReadonlyMap<string, number>,
  add: (label: string) => void,
): void {
  for (const [label, share] of shares) {
    for (const [other, otherShare] of shares) {
      if (share !== otherShare) continue;
      for (let missing = counts.get(other)! - counts.get(label)!; missing > 0; missing -= 1) add(label);
    }
  }
}

/** OOLONG's header. Its data does not say the labels of instances, so the text says what they could be. */
function headerOf(source: RecordSource, total: number): string {
  const labels = source.labels.map((label) => `'${label}'`).join(', ');
  const noun = source.noun;
  return (
    `The following lines contain ${total} ${noun}, one per line. Each line has a User ID, which is not necessarily unique, ` +
    `i.e. each User ID can be associated with multiple ${noun}. Each of the ${noun} can be labelled as one of ` +
    `${source.labels.length} categories: ${labels}. The labels are not given; they follow from the meaning of each instance. ` +
    `You will be asked to answer questions about the aggregate label statistics across all ${total} examples in this dataset. ` +
    'Do not try to guess, estimate, or approximate the result. Calculate the exact answer given these datapoints.\n\n'
  );
}

function makeUsers(split: Split, wanted: number, random: Random): string[] {
  const used = new Set<string>();
  const size = Math.min(Math.max(wanted, 5), 4_000);
  while (used.size < size) {
    used.add(
      drawOf(
        split,
        'user id',
        () => String(10_000 + random.below(90_000)),
        (user) => !used.has(user),
      ),
    );
  }
  return [...used];
}
