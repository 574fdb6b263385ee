import { describe, expect, test } from 'vitest';
import { splitOf } from '../splits.ts';
import { rulerNeedles } from './options.ts';
import { niahTasks, solveNiah, textOf } from './test-support.ts';

const needles = Object.keys(rulerNeedles);
const all = [...needles, 'vt', 'cwe', 'fwe'];

describe('recompute', () => {
  test.each([
    ...all.flatMap((variant) => [{ variant }, { variant, length: { tokens: 3_000 }, split: 'test' }]),
    { variant: 'niah_multikey_1', keys: 20, queries: 3, values: 2, decoys: 5, mentions: 8 },
    { variant: 'single', filler: 'noise', mentions: 6 },
    { variant: 'multi-query', filler: 'needle', value: 'word', key: 'number', queries: 7 },
    { variant: 'vt', chains: 6, hops: 9 },
    { variant: 'vt', chains: 2, filler: 'essay' },
    { variant: 'vt', chains: 2, filler: 'files' },
    { variant: 'cwe', commonWords: 4, commonFrequency: 9, uncommonFrequency: 8 },
    { variant: 'fwe', alpha: 1.5, wordLength: 9, vocabulary: 200 },
  ])('%j: the gold is what the text says', async (options) => {
    for (const task of await niahTasks(options)) {
      expect(solveNiah(task)).toEqual([...(task.answer as string[])].sort());
      expect(task).toMatchObject({ family: 'niah', scorer: 'ruler', answerType: 'string_match_all' });
    }
  });
});

describe("RULER's wording", () => {
  test.each([
    [
      'niah_single_1',
      /^A special magic number is hidden within the following text\. Make sure to memorize it\. I will quiz you about the number afterwards\.\nWhat is the special magic number for [a-z]+-[a-z]+ mentioned in the provided text\?$/,
    ],
    [
      'niah_single_3',
      /^A special magic uuid is hidden .*\nWhat is the special magic uuid for [a-z]+-[a-z]+ mentioned in the provided text\?$/,
    ],
    [
      'niah_multikey_3',
      /^A special magic uuid is hidden .*\nWhat is the special magic uuid for [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12} mentioned in the provided text\?$/,
    ],
    [
      'niah_multivalue',
      /^Some special magic numbers are hidden within the following text\. Make sure to memorize it\. I will quiz you about the numbers afterwards\.\nWhat are all the special magic numbers for \S+ mentioned in the provided text\?$/,
    ],
    [
      'niah_multiquery',
      /What are all the special magic numbers for \S+, \S+, \S+, and \S+ mentioned in the provided text\?$/,
    ],
    [
      'vt',
      /^Memorize and track the chain\(s\) of variable assignment hidden in the following text\.\n\nQuestion: Find all variables that are assigned the value \d{5} in the text above\.$/,
    ],
    [
      'cwe',
      /^Below is a numbered list of words\. In these words, some appear more often than others\. Memorize the ones that appear most often\.\nQuestion: What are the 10 most common words in the above list\?$/,
    ],
    [
      'fwe',
      /^Read the following coded text and track the frequency of each coded word\. Find the three most frequently appeared coded words\.\nQuestion: Do not provide any explanation\. Please ignore the dots '\.\.\.\.'\. What are the three most frequently appeared words in the above coded text\?$/,
    ],
  ])('%s', async (variant, wording) => {
    for (const task of await niahTasks({ variant })) expect(task.query).toMatch(wording);
  });

  test('of needles, chains and lists', async () => {
    const first = async (variant: string) => textOf((await niahTasks({ variant, count: 1 }))[0]!);
    expect(await first('niah_single_1')).toMatch(
      /^The grass is green\. The sky is blue\. The sun is yellow\. Here we go\. There and back again\.$/m,
    );
    expect(await first('niah_multikey_2')).toMatch(/^(One of the special magic numbers for [a-z-]+ is: \d{7}\.\n?)+$/);
    expect(await first('niah_multikey_3')).toMatch(
      /^(One of the special magic uuids for [0-9a-f-]{36} is: [0-9a-f-]{36}\.\n?)+$/,
    );
    const chain = await first('vt');
    expect(chain.match(/^VAR [A-Z]{5} = \d{5}$/gm)).toHaveLength(1);
    expect(chain.match(/^VAR [A-Z]{5} = VAR [A-Z]{5} $/gm)).toHaveLength(4);
    expect(await first('cwe')).toMatch(/^1\. [a-z]+ 2\. [a-z]+ 3\. /);
    expect(await first('fwe')).toMatch(/^(\.\.\.|[a-z]{6})( (\.\.\.|[a-z]{6}))+$/);
  });

  test('ids and labels name the task', async () => {
    const ids = await Promise.all(all.map(async (variant) => (await niahTasks({ variant, count: 1 }))[0]!.id));
    expect(ids.slice(0, 2)).toEqual(['niah_single_1-train-7-0000', 'niah_single_2-train-7-0000']);
    expect(ids.slice(-3)).toEqual(['niah-vt-train-7-0000', 'niah-cwe-train-7-0000', 'niah-fwe-train-7-0000']);
  });
});

describe('frequencies', () => {
  const times = (text: string) =>
    [...Map.groupBy(text.match(/[a-z]+|\.{3}/g)!, (word) => word).values()]
      .map((same) => same.length)
      .sort((a, b) => b - a);

  test('of common words are exact: 30 and 3, or 6 and 1 in short texts', async () => {
    for (const [length, often, seldom] of [
      [60_000, 30, 3],
      [6_000, 6, 1],
    ] as const) {
      const [task] = await niahTasks({ variant: 'cwe', length });
      const counts = times(textOf(task!));
      expect(counts.slice(0, 10)).toEqual(Array(10).fill(often));
      expect(new Set(counts.slice(10))).toEqual(new Set([seldom]));
    }
  });

  test('of coded words fall with the square of the rank', async () => {
    const [task] = await niahTasks({ variant: 'fwe', length: 400_000 });
    const counts = times(textOf(task!));
    const n = counts[0]! * (Math.PI ** 2 / 6);
    for (const [at, count] of counts.entries()) {
      expect(Math.abs(count - n / ((at + 1) ** 2 * (Math.PI ** 2 / 6)))).toBeLessThan(2);
    }
  });
});

describe('lengths', () => {
  test.each(all)('%s: met, or short of it by less than a line', async (variant) => {
    for (const length of [5_000, 33_333, 250_000]) {
      const [task] = await niahTasks({ variant, count: 1, length });
      expect(textOf(task!).length).toBeLessThanOrEqual(length);
      expect(textOf(task!).length).toBeGreaterThan(length - 130);
    }
  });

  test.each(['niah_single_1', 'niah_multikey_2', 'vt', 'fwe'])(
    '%s of 2.5 million tokens takes linear time',
    async (variant) => {
      const begin = performance.now();
      const [task] = await niahTasks({ variant, count: 1, length: { tokens: 2_500_000 } });
      expect(textOf(task!).length).toBeGreaterThan(9_999_000);
      // A second on an idle machine; a quadratic way takes minutes.
      expect(performance.now() - begin).toBeLessThan(15_000);
    },
  );

  test.each([
    [{ variant: 'vt', hops: 200, length: 3_000 }, /longer context or fewer needles/],
    [{ variant: 'cwe', length: 1_000, commonFrequency: 30 }, /do not fit .* longer context/],
    [{ variant: 'fwe', length: 1_000, alpha: 6 }, /longer context or a lower alpha/],
    [{ variant: 'cwe', commonFrequency: 3 }, /must be above/],
    [{ variant: 'vt', filler: 'needle' }, /set filler to noise/],
  ])('%j: an error says what to change', async (options, message) => {
    const outcome = await niahTasks(options).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(outcome).toMatch(message);
  });
});

test('splits share no key, value, variable or word', async () => {
  for (const split of ['train', 'validation', 'test'] as const) {
    for (const variant of all) {
      const [task] = await niahTasks({ variant, split, count: 1, length: 12_000 });
      const text = textOf(task!);
      const entities =
        variant === 'vt'
          ? text.match(/\b[A-Z]{5}\b|\b\d{5}\b/g)
          : variant.endsWith('we')
            ? text.match(/[a-z]+/g)
            : [...text.matchAll(/special magic \w+ for (\S+) is: (\S+)\./g)].flatMap((hit) => [hit[1]!, hit[2]!]);
      expect(entities!.length).toBeGreaterThanOrEqual(2);
      expect(entities!.filter((entity) => splitOf(entity) !== split)).toEqual([]);
    }
  }
});

test('the length changes the text alone, not the question', async () => {
  for (const variant of [...needles, 'vt']) {
    const [short] = await niahTasks({ variant, length: 8_000 });
    const [long] = await niahTasks({ variant, length: 100_000 });
    expect([long!.query, long!.answer]).toEqual([short!.query, short!.answer]);
  }
});
