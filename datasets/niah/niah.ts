import { z } from 'zod';
import { fill, loadHaystack, type Haystack } from '../haystack.ts';
import { lengthSchema, measureOf, type Measure } from '../length.ts';
import { Random } from '../random.ts';
import { checkIndex, defaultCount, family, taskId, type OpenRequest, type TaskSource } from '../source.ts';
import type { Split } from '../splits.ts';
import type { Task } from '../task.ts';
import { EntityPool, type ValueFormat } from './entities.ts';
import { insertAt } from './insert.ts';

const upTo = (most: number) => z.number().int().min(1).max(most);

export const niahOptions = z.strictObject({
  variant: z
    .enum(['single', 'multi-key', 'multi-value', 'multi-query'])
    .default('single')
    .describe(
      'single: one needle; multi-key: decoys beside it; multi-value: one key with several values; multi-query: several keys asked for',
    ),
  length: lengthSchema.default(100_000),
  value: z.enum(['number', 'word', 'uuid']).default('number').describe('What the hidden values look like'),
  key: z.enum(['word', 'uuid', 'number']).default('word').describe('What the keys look like'),
  values: upTo(64).default(4).describe('Values of the key (multi-value)'),
  queries: upTo(64).default(4).describe('Keys asked for (multi-query)'),
  decoys: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .describe('Needles of the same form for near keys that are not asked for; 3 for multi-key, else 0'),
  haystack: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe('Glob of text or code files, or several; by default prose and sources of installed packages'),
});
export type NiahOptions = z.output<typeof niahOptions>;

/** Decoys that are near one key; more than these have any keys, for a key has only so many neighbours in a split. */
const nearKeys = 16;

/** One hidden pair; the plural of a value's format is RULER's name for it. */
interface Needle {
  readonly key: string;
  readonly value: string;
  readonly asked: boolean;
}

/**
 * Needles in a haystack, after RULER (NVIDIA/RULER scripts/data/synthetic/niah.py, constants.py): its wording of needle
 * and question, its answers (every value, scorer `ruler`). Different from it: the text is any files, the length is
 * reached by counting rather than by search, depths are uniform rather than on a grid of 40, and decoys have near keys.
 */
export const niah = family({
  describe: "Needles hidden in real text, after RULER's S-NIAH, multi-key, multi-value and multi-query",
  options: niahOptions,
  label: (options) => `niah-${options.variant}`,
  open: openNiah,
});

function openNiah(options: NiahOptions, request: OpenRequest): TaskSource {
  const haystack = loadHaystack(options.haystack, request.cwd);
  const count = request.count ?? defaultCount;
  return {
    count,
    texts: [haystack.info],
    taskAt(index) {
      checkIndex(index, count);
      return makeNiah(options, request, haystack, index);
    },
  };
}

function makeNiah(options: NiahOptions, request: OpenRequest, haystack: Haystack, index: number): Task {
  const stream = (purpose: string) => new Random('niah', purpose, request.seed, request.split, index);
  const needles = makeNeedles(options, request.split, haystack.text, stream('needles'));
  const measure = measureOf(options.length);
  const { context, depths } = hide(needles, options.value, haystack, measure, stream('depths'), stream('filler'));
  const asked = needles.filter((needle) => needle.asked);
  const keys = [...new Set(asked.map((needle) => needle.key))];
  return {
    id: taskId(request.idPrefix, index),
    family: 'niah',
    query: question(keys, options.value, asked.length),
    context,
    answer: asked.map((needle) => needle.value),
    answerType: 'string_match_all',
    scorer: 'ruler',
    split: request.split,
    metadata: {
      variant: options.variant,
      value: options.value,
      keys,
      needles: asked.length,
      decoys: needles.length - asked.length,
      depths: needles.flatMap((needle, at) => (needle.asked ? [depths[at]!] : [])),
      haystack: haystack.info.hash,
    },
  };
}

function makeNeedles(options: NiahOptions, split: Split, text: string, random: Random): Needle[] {
  const { variant, value, key } = options;
  // A key that stands in the haystack by chance would have more than one meaning there.
  const pool = new EntityPool(split, random, (name) => !text.includes(name));
  const one = (name: string, asked: boolean): Needle => ({ key: name, value: pool.value(value), asked });
  const keys = Array.from({ length: variant === 'multi-query' ? options.queries : 1 }, () => pool.key(key));
  const asked = variant === 'multi-value' ? Array.from({ length: options.values }, () => keys[0]!) : keys;
  const decoys = options.decoys ?? (variant === 'multi-key' ? 3 : 0);
  return [
    ...asked.map((name) => one(name, true)),
    ...Array.from({ length: decoys }, (_, at) => {
      const near = at < nearKeys * keys.length;
      return one(near ? pool.keyNear(keys[at % keys.length]!, key) : pool.key(key), false);
    }),
  ];
}

const needleText = ({ key, value }: Needle, format: ValueFormat): string =>
  `One of the special magic ${format}s for ${key} is: ${value}.`;

function hide(
  needles: readonly Needle[],
  format: ValueFormat,
  haystack: Haystack,
  measure: Measure,
  depthDraws: Random,
  fillerDraws: Random,
): { context: string; depths: number[] } {
  const texts = needles.map((needle) => ` ${needleText(needle, format)} `);
  const taken = texts.reduce((sum, text) => sum + measure.of(text), 0);
  if (taken > measure.wanted / 2) {
    throw new Error(
      `${needles.length} needles fill more than half of ${measure.wanted} ${measure.unit}; ask for a longer context or fewer needles`,
    );
  }
  const filler = fill(haystack, measure.wanted - taken, measure, fillerDraws);
  const depths = texts.map(() => depthDraws.unit());
  return { context: insertAt(filler, texts, depths), depths };
}

/** RULER's template, its singular where one value is asked for. */
function question(keys: readonly string[], format: ValueFormat, values: number): string {
  const list = keys.length === 1 ? keys[0]! : `${keys.slice(0, -1).join(', ')}, and ${keys.at(-1)!}`;
  return values === 1
    ? `A special magic ${format} is hidden within the provided text. What is the special magic ${format} for ${list} mentioned in the provided text?`
    : `Some special magic ${format}s are hidden within the provided text. What are all the special magic ${format}s for ${list} mentioned in the provided text?`;
}
