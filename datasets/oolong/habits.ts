import type { Random } from '../random.ts';
import { days, firstDayOf, months } from './calendar.ts';

/** How users and dates of an instance are drawn. */
export interface Habits {
  day(label: string, random: Random): number;
  user(label: string, random: Random): string;
}

/** Of 100 instances 80 go to 20 of 100 users. */
const busyShare = 0.8;
const busyPart = 5;

/** Dates and users drawn apart from labels: enough where questions are about all instances. */
export function plainHabits(users: readonly string[]): Habits {
  const busy = Math.ceil(users.length / busyPart);
  return {
    day: (_label, random) => random.below(days),
    user: (_label, random) =>
      random.unit() < busyShare ? users[random.below(busy)]! : users[busy + random.below(users.length - busy)]!,
  };
}

/** How much more often than others a user has instances of the label that is theirs. */
const fondness = 5;
/** Spread of a label's monthly weights: the standard deviation of their logarithm. */
const drift = 0.7;

/**
 * Users that prefer a label and labels that come and go over the months. Without them every subset of users and every
 * month would have the shares of the whole, and a question about a part could be answered from the whole.
 */
export function driftingHabits(users: readonly string[], labels: readonly string[], random: Random): Habits {
  const busy = Math.ceil(users.length / busyPart);
  const favourites = users.map(() => random.below(labels.length));
  const byMonth = new Map<string, Float64Array>();
  const byUser = new Map<string, Float64Array>();
  for (const [at, label] of labels.entries()) {
    byMonth.set(label, cumulative(Array.from({ length: months }, () => Math.exp(drift * normal(random)))));
    const weights = users.map((_, place) => {
      const base = place < busy ? busyShare / busy : (1 - busyShare) / Math.max(1, users.length - busy);
      return base * (favourites[place] === at ? fondness : 1);
    });
    byUser.set(label, cumulative(weights));
  }
  return {
    day(label, draws) {
      const month = drawFrom(byMonth.get(label)!, draws);
      const first = firstDayOf(month);
      return first + draws.below(firstDayOf(month + 1) - first);
    },
    user: (label, draws) => users[drawFrom(byUser.get(label)!, draws)]!,
  };
}

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());

function cumulative(weights: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, (weight) => (sum += weight));
}

/** The first place whose sum is above the draw, by halving. */
function drawFrom(sums: Float64Array, random: Random): number {
  const wanted = random.unit() * sums[sums.length - 1]!;
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
