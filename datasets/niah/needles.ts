import type { Random } from '../random.ts';
import type { Split } from '../splits.ts';
import { EntityPool, fastEntity, type ValueFormat } from './entities.ts';
import type { NeedleOptions } from './options.ts';

/** One hidden pair of key and value. */
export interface Needle {
  readonly key: string;
  readonly value: string;
  readonly asked: boolean;
}

/** Decoys that are near one key; more than these have any keys, for a key has only so many neighbours in a split. */
const nearKeys = 16;

/** Needles of all keys, those asked for first, then decoys. A key stands nowhere in `text`: there it would have another meaning. */
export function makeNeedles(options: NeedleOptions, split: Split, text: string, random: Random): Needle[] {
  const { value, key } = options;
  const pool = new EntityPool(split, random, (name) => !text.includes(name));
  const one = (name: string, asked: boolean): Needle => ({ key: name, value: pool.value(value), asked });
  const keys = Array.from({ length: options.keys }, () => pool.key(key));
  return [
    ...keys.flatMap((name, at) => Array.from({ length: options.values }, () => one(name, at < options.queries))),
    ...Array.from({ length: options.decoys }, (_, at) => {
      const near = at < nearKeys * keys.length;
      return one(near ? pool.keyNear(keys[at % keys.length]!, key) : pool.key(key), false);
    }),
  ];
}

/** RULER's sentence, which has the plural even for one value (NVIDIA/RULER scripts/data/synthetic/niah.py). */
export const needleText = ({ key, value }: Pick<Needle, 'key' | 'value'>, format: ValueFormat): string =>
  `One of the special magic ${format}s for ${key} is: ${value}.`;

const frames = [
  'Who could still tell the special magic {format} for {key}?',
  'Did anybody ever write down the special magic {format} for {key}?',
  'Was the special magic {format} for {key} not changed last spring?',
  'Where did they keep the special magic {format} for {key}?',
];

/** Sentences that name the keys in turn and tell no value, so that finding a key is not yet finding its value. */
export function mentionsOf(keys: readonly string[], format: ValueFormat, count: number, random: Random): string[] {
  return Array.from({ length: count }, (_, at) =>
    random
      .pick(frames)
      .replace('{format}', format)
      .replace('{key}', keys[at % keys.length]!),
  );
}

/** Endless needles of other keys and other values, for a haystack of needles. */
export function needleLines(
  needles: readonly Needle[],
  options: NeedleOptions,
  split: Split,
  random: Random,
): () => string {
  const known = new Set(needles.flatMap(({ key, value }) => [key, value]));
  const draw = (format: ValueFormat): string => {
    for (let tries = 0; tries < 1_000; tries += 1) {
      const made = fastEntity(format, split, random);
      if (!known.has(made)) return made;
    }
    throw new Error('no entity for the haystack is left to draw; ask for fewer needles');
  };
  return () => needleText({ key: draw(options.key), value: draw(options.value) }, options.value);
}

/** The query in rlm-gym's own variants: one sentence before RULER's question, in the singular where one value is asked for. */
export function shortQuestion(keys: readonly string[], format: ValueFormat, values: number): string {
  const list = listed(keys);
  return values === 1
    ? `A special magic ${format} is hidden within the provided text. What is the special magic ${format} for ${list} mentioned in the provided text?`
    : `Some special magic ${format}s are hidden within the provided text. What are all the special magic ${format}s for ${list} mentioned in the provided text?`;
}

/**
 * RULER's template around the context (NVIDIA/RULER scripts/data/synthetic/constants.py), with its rewriting to the
 * singular: `Some` → `A`, `are all` → `is`, `are` → `is`, and the type without its s.
 */
export function rulerQuestion(keys: readonly string[], format: ValueFormat, values: number): string {
  const template =
    'Some special magic {type} are hidden within the following text. Make sure to memorize it. I will quiz you about the {type} afterwards.\n' +
    'What are all the special magic {type} for {query} mentioned in the provided text?';
  const one = values === 1;
  return (one ? template.replaceAll('Some', 'A').replaceAll('are all', 'is').replaceAll('are', 'is') : template)
    .replaceAll('{type}', one ? format : `${format}s`)
    .replace('{query}', listed(keys));
}

const listed = (keys: readonly string[]): string =>
  keys.length === 1 ? keys[0]! : `${keys.slice(0, -1).join(', ')}, and ${keys.at(-1)!}`;
