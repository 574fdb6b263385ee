import { Random } from '../datasets/random.ts';

/** An estimate with its interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % of the standard normal distribution. */
const z95 = 1.959963984540054;

/**
 * Unbiased pass@k: the chance that at least one of k attempts drawn without replacement out of n, of which c are right, is
 * right: 1 − C(n − c, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374). null where n < k: it cannot be known.
 */
export function passAtK(n: number, c: number, k: number): number | null {
  checkCounts(n, c, k);
  return n < k ? null : 1 - chooseRatio(n - c, n, k);
}

/** Unbiased pass^k: the chance that all of k attempts are right: C(c, k) / C(n, k) (τ-bench, arXiv 2406.12045). null where n < k. */
export function passHatK(n: number, c: number, k: number): number | null {
  checkCounts(n, c, k);
  return n < k ? null : chooseRatio(c, n, k);
}

/** C(a, k) / C(n, k) as a product, which neither over- nor underflows on the way. */
function chooseRatio(a: number, n: number, k: number): number {
  if (a < k) return 0;
  let ratio = 1;
  for (let taken = 0; taken < k; taken += 1) ratio *= (a - taken) / (n - taken);
  return ratio;
}

function checkCounts(n: number, c: number, k: number): void {
  if (![n, c, k].every(Number.isInteger) || n < 0 || c < 0 || c > n || k < 1) {
    throw new RangeError(`pass@k needs whole numbers with 0 ≤ c ≤ n and k ≥ 1; got n ${n}, c ${c}, k ${k}`);
  }
}

/** Wilson's score interval of a rate; null without trials. */
export function wilson(successes: number, trials: number, z = z95): Interval | null {
  if (trials === 0) return null;
  const rate = successes / trials;
  const scale = 1 + z ** 2 / trials;
  const centre = (rate + z ** 2 / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((rate * (1 - rate)) / trials + z ** 2 / (4 * trials ** 2));
  return {
    mean: rate,
    low: Math.max(0, Math.min(rate, centre - half)),
    high: Math.min(1, Math.max(rate, centre + half)),
  };
}

/** Mean with the normal 95 % interval of independent values (sample standard deviation); null without values. */
export function meanInterval(values: readonly number[], z = z95): Interval | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, low: mean, high: mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = z * Math.sqrt(variance / values.length);
  return { mean, low: mean - half, high: mean + half };
}

/**
 * Mean of all values with a percentile interval from a bootstrap over clusters: episodes of one task are not
 * independent, so whole tasks are drawn. The same for equal seeds. null without values.
 *
 * @param clusters values by cluster, e.g. the rewards of each task
 */
export function clusterBootstrap(
  clusters: readonly (readonly number[])[],
  options: { readonly seed?: number; readonly draws?: number; readonly confidence?: number } = {},
): Interval | null {
  const { seed = 0, draws = 1_000, confidence = 0.95 } = options;
  const sums = clusters
    .filter((values) => values.length > 0)
    .map((values) => ({ sum: values.reduce((a, b) => a + b, 0), count: values.length }));
  if (sums.length === 0) return null;
  const total = (list: typeof sums) =>
    list.reduce((all, { sum }) => all + sum, 0) / list.reduce((all, { count }) => all + count, 0);
  const random = new Random('bootstrap', seed);
  const means = Array.from({ length: draws }, () => total(sums.map(() => random.pick(sums)))).sort((a, b) => a - b);
  const at = (share: number) => means[Math.min(draws - 1, Math.max(0, Math.floor(share * draws)))]!;
  return { mean: total(sums), low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
}
