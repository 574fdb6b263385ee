import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A 32-bit hash of a text (FNV-1a over UTF-16 code units, then murmur3's finaliser). It seeds generators and decides
 * which split an entity belongs to, so it must never change: tasks of old runs would change with it. Not for secrets.
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Seeded draws. One stream a purpose, named by its parts, so that a draw more in one does not move the others. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(...stream: readonly (string | number)[]) {
    this.#generator = xoroshiro128plus(hash32(stream.join('\u0000')) | 0);
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return uniformInt(this.#generator, 0, below - 1);
  }

  /** A number in [0, 1) with 32 random bits. */
  unit(): number {
    return (this.#generator.next() >>> 0) / 0x1_0000_0000;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('nothing to pick from');
    return items[this.below(items.length)]!;
  }

  /** Fisher–Yates, in place. */
  shuffle<Item, List extends { [index: number]: Item; readonly length: number }>(items: List): List {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const kept = items[last]!;
      items[last] = items[other]!;
      items[other] = kept;
    }
    return items;
  }

  /** A draw of Dirichlet(alpha, …, alpha): `size` positive shares that sum to 1. */
  shares(size: number, alpha: number): number[] {
    const raw = Array.from({ length: size }, () => this.#gamma(alpha) + 1e-12);
    const sum = raw.reduce((total, share) => total + share, 0);
    return raw.map((share) => share / sum);
  }

  /** Gamma(shape, 1) after Marsaglia and Tsang 2000, boosted below shape 1. */
  #gamma(shape: number): number {
    if (shape < 1) return this.#gamma(shape + 1) * (1 - this.unit()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (let tries = 0; tries < 1000; tries += 1) {
      const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit());
      const v = (1 + c * normal) ** 3;
      if (v > 0 && Math.log(1 - this.unit()) < normal ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
    return d;
  }
}
