import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clusterBootstrap, meanInterval, passAtK, passHatK, wilson } from './statistics.ts';

const counts = fc
  .integer({ min: 1, max: 9 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n }), fc.integer({ min: 1, max: n })));

/** Every way to draw k of n, the first c of which are right. */
function* draws(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) yield [];
  else
    for (let first = from; first <= n - k; first += 1)
      for (const rest of draws(n, k - 1, first + 1)) yield [first, ...rest];
}

describe('pass@k and pass^k', () => {
  test('are what counting every draw gives', () => {
    fc.assert(
      fc.property(counts, ([n, c, k]) => {
        const every = [...draws(n, k)];
        expect(passAtK(n, c, k)).toBeCloseTo(
          every.filter((draw) => draw.some((at) => at < c)).length / every.length,
          10,
        );
        expect(passHatK(n, c, k)).toBeCloseTo(
          every.filter((draw) => draw.every((at) => at < c)).length / every.length,
          10,
        );
      }),
    );
  });

  test('are not known for fewer attempts than k, and counts that cannot be are errors', () => {
    expect([passAtK(4, 2, 5), passHatK(4, 2, 5)]).toEqual([null, null]);
    expect(passAtK(10_000, 5_000, 100)).toBeCloseTo(1, 12);
    expect(() => passAtK(4, 5, 1)).toThrow(RangeError);
    expect(() => passHatK(4, 2, 0)).toThrow(RangeError);
  });
});

describe('intervals', () => {
  test("Wilson's, against published values", () => {
    // Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    for (const [c, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      expect(wilson(c, n)!.low).toBeCloseTo(low, 4);
      expect(wilson(c, n)!.high).toBeCloseTo(high, 4);
    }
    expect(wilson(0, 0)).toBeNull();
    expect(wilson(5, 5)).toMatchObject({ mean: 1, high: 1 });
  });

  test('of a mean', () => {
    expect(meanInterval([])).toBeNull();
    expect(meanInterval([2])).toEqual({ mean: 2, low: 2, high: 2 });
    const { mean, low, high } = meanInterval([1, 2, 3, 4])!;
    expect(mean).toBe(2.5);
    expect(high - low).toBeCloseTo(2 * 1.96 * Math.sqrt(5 / 3 / 4), 3);
  });

  test('the bootstrap is the same for a seed, holds the mean, and is wider for tasks than for episodes', () => {
    const clusters = Array.from({ length: 12 }, (_, at) => Array.from({ length: 8 }, () => (at % 2 === 0 ? 1 : 0)));
    const interval = clusterBootstrap(clusters, { seed: 1 })!;
    expect(clusterBootstrap(clusters, { seed: 1 })).toEqual(interval);
    expect(clusterBootstrap(clusters, { seed: 2 })).not.toEqual(interval);
    expect(interval.mean).toBe(0.5);
    const alone = clusterBootstrap(
      clusters.flat().map((value) => [value]),
      { seed: 1 },
    )!;
    expect(interval.high - interval.low).toBeGreaterThan(2 * (alone.high - alone.low));
    expect(clusterBootstrap([[], []])).toBeNull();
    expect(clusterBootstrap([[0.4, 0.6]])).toMatchObject({ mean: 0.5, low: 0.5, high: 0.5 });
  });

  test('nominal 95 % intervals of tasks hold the true rate about as often', () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const draw = (n: number) => Math.abs(Math.sin(n * 12.9898 + seed * 78.233) * 43_758.5453) % 1;
      const clusters = Array.from({ length: 40 }, (_, task) => {
        const rate = draw(task);
        return Array.from({ length: 4 }, (_unused, at) => (draw(task * 10 + at + 1_000) < rate ? 1 : 0));
      });
      const { low, high } = clusterBootstrap(clusters, { seed, draws: 300 })!;
      if (low <= 0.5 && 0.5 <= high) held += 1;
    }
    expect(held).toBeGreaterThan(175);
  });
});
