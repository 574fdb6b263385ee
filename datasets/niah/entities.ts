import type { Random } from '../random.ts';
import { drawOf, type Split } from '../splits.ts';
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
