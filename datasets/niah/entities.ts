import type { Random } from '../random.ts';
import { drawOf, splitOf, type Split } from '../splits.ts';
import { adjectives, nouns } from './words.ts';

export type ValueFormat = 'number' | 'word' | 'uuid';

/** Draws keys and values of one split, none twice in a task; `accept` says which keys may be used. */
export class EntityPool {
  readonly #split: Split;
  readonly #random: Random;
  readonly #used = new Set<string>();
  readonly #accept: (entity: string) => boolean;

  constructor(split: Split, random: Random, accept: (entity: string) => boolean) {
    this.#split = split;
    this.#random = random;
    this.#accept = accept;
  }

  key(format: ValueFormat): string {
    return this.#unused(format, () => this.#make(format), this.#accept);
  }

  /** A key that shares a word with another (`amber-heron` for `amber-falcon`), or its first digits. */
  keyNear(key: string, format: ValueFormat): string {
    const random = this.#random;
    const make = () => {
      if (format === 'word') {
        const [adjective, noun] = key.split('-') as [string, string];
        return random.below(2) === 0 ? `${adjective}-${random.pick(nouns)}` : `${random.pick(adjectives)}-${noun}`;
      }
      const kept = key.slice(0, format === 'uuid' ? 24 : 3);
      return kept + this.#make(format).slice(kept.length);
    };
    return this.#unused(format, make, this.#accept);
  }

  value(format: ValueFormat): string {
    return this.#unused(format, () => this.#make(format));
  }

  #unused(what: string, make: () => string, accept: (made: string) => boolean = () => true): string {
    const entity = drawOf(this.#split, what, make, (made) => !this.#used.has(made) && accept(made));
    this.#used.add(entity);
    return entity;
  }

  /** RULER's forms: 7 digits; adjective-noun; UUID version 4. */
  #make(format: ValueFormat): string {
    const random = this.#random;
    if (format === 'word') return `${random.pick(adjectives)}-${random.pick(nouns)}`;
    if (format === 'number') return String(1_000_000 + random.below(9_000_000));
    const hex = (digits: number) => Array.from({ length: digits }, () => random.below(16).toString(16)).join('');
    return `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[random.below(4)]!}${hex(3)}-${hex(12)}`;
  }
}

const splitWords = new Map<Split, readonly string[]>();

/** All words `adjective-noun` of a split. */
function wordsOf(split: Split): readonly string[] {
  const known = splitWords.get(split);
  if (known) return known;
  const words = adjectives
    .flatMap((adjective) => nouns.map((noun) => `${adjective}-${noun}`))
    .filter((word) => splitOf(word) === split);
  splitWords.set(split, words);
  return words;
}

/** An entity of a split, drawn with repetition and few random numbers, where hundreds of thousands are wanted. */
export function fastEntity(format: ValueFormat, split: Split, random: Random): string {
  if (format === 'word') return random.pick(wordsOf(split));
  if (format === 'number') return drawOf(split, format, () => String(1_000_000 + random.below(9_000_000)));
  const hex = () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const [first, second, third] = [hex(), hex(), hex()];
  const variant = '89ab'[Number.parseInt(third[0]!, 16) % 4]!;
  const head = `${first}-${second.slice(0, 4)}-4${second.slice(5)}-${variant}${third.slice(1, 4)}-${third.slice(4)}`;
  return drawOf(split, format, () => head + hex());
}
