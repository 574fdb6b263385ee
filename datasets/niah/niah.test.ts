import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeTasks, type TasksEntry } from '../make-tasks.ts';
import { splitOf } from '../splits.ts';
import type { Task } from '../task.ts';

const entry = (options: Record<string, unknown>): TasksEntry => ({
  family: 'niah',
  split: 'train',
  count: 3,
  length: 20_000,
  ...options,
});
const all = async (options: Record<string, unknown>, seed = 7): Promise<Task[]> => {
  const made: Task[] = [];
  for await (const task of await makeTasks([entry(options)], seed)) made.push(task);
  return made;
};
const textOf = (task: Task): string => task.context as string;

/** Reads the answer out of the text, as a solver would, from the query alone. */
function solve(task: Task): string[] {
  const keys = /special magic \w+ for (.+) mentioned/.exec(task.query.split('. ').at(-1)!)![1]!.split(/, and |, /);
  return keys.flatMap((key) =>
    [...textOf(task).matchAll(/One of the special magic \w+ for (\S+) is: (\S+)\./g)]
      .filter((hit) => hit[1] === key)
      .map((hit) => hit[2]!),
  );
}

describe('needles', () => {
  test.each([
    [{ variant: 'single' }, 1],
    [{ variant: 'single', value: 'uuid', key: 'uuid' }, 1],
    [{ variant: 'multi-key', value: 'word', decoys: 40 }, 1],
    [{ variant: 'multi-value', values: 5 }, 5],
    [{ variant: 'multi-query', queries: 3, decoys: 6, key: 'number' }, 3],
  ])('%j: the gold is what the text says', async (options, answers) => {
    for (const task of await all(options)) {
      expect(solve(task).sort()).toEqual([...(task.answer as string[])].sort());
      expect(task.answer).toHaveLength(answers);
      expect(task).toMatchObject({ scorer: 'ruler', family: 'niah', split: 'train' });
    }
  });

  test('have the wording of RULER, singular for one value', async () => {
    const [single] = await all({ variant: 'single' });
    const [several] = await all({ variant: 'multi-query', queries: 3 });
    expect(single!.query).toMatch(
      /^A special magic number is hidden .* What is the special magic number for \w+-\w+ mentioned in the provided text\?$/,
    );
    expect(several!.query).toMatch(
      /What are all the special magic numbers for \S+, \S+, and \S+ mentioned in the provided text\?$/,
    );
  });

  test('decoys have near keys, and no needle is there twice', async () => {
    const [task] = await all({ variant: 'multi-key', decoys: 5 });
    const needles = [...textOf(task!).matchAll(/magic numbers for (\S+) is: (\S+)\./g)];
    const key = (task!.metadata.keys as string[])[0]!;
    const decoys = needles.map((hit) => hit[1]!).filter((found) => found !== key);
    expect(new Set(needles.map((hit) => hit[1])).size).toBe(6);
    for (const decoy of decoys) expect(decoy.split('-').some((word) => key.split('-').includes(word))).toBe(true);
  });

  test('stand anywhere in the text, and never inside a word', async () => {
    const tasks = await all({ count: 200, length: 8_000 });
    const depths = tasks.map((task) => textOf(task).indexOf('One of the special') / textOf(task).length);
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const within = depths.filter((depth) => depth >= tenth / 10 && depth < (tenth + 1) / 10).length;
      expect(within).toBeGreaterThanOrEqual(6);
    }
    expect(
      tasks.filter((task) => !/\s One of the special magic|^ One of/.test(textOf(task))).map((task) => task.id),
    ).toEqual([]);
  });
});

describe('lengths', () => {
  test('are met to the character, or to the estimated token', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2_000, max: 60_000 }),
        fc.integer({ min: 0, max: 1_000 }),
        async (length, seed) => {
          const [task] = await all({ count: 1, length }, seed);
          expect(textOf(task!).length).toBe(length);
          const [counted] = await all({ count: 1, length: { tokens: length } }, seed);
          expect(Buffer.byteLength(textOf(counted!))).toBe(length * 4);
          expect(textOf(counted!).isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('change the text alone: question and answer stay', async () => {
    const [short] = await all({ length: 8_000 });
    const [long] = await all({ length: 400_000 });
    expect([long!.query, long!.answer]).toEqual([short!.query, short!.answer]);
  });

  test('of ten million tokens take linear time', async () => {
    const set = await makeTasks([entry({ count: 1, length: { tokens: 10_000_000 } })], 1);
    const begin = performance.now();
    const task = await set.taskAt(0);
    expect(Buffer.byteLength(textOf(task))).toBe(40_000_000);
    expect(solve(task)).toEqual(task.answer);
    // Half a second on an idle machine; a quadratic way takes minutes.
    expect(performance.now() - begin).toBeLessThan(15_000);
  });

  test('too short for the needles: an error says so', async () => {
    await expect(all({ variant: 'multi-value', values: 64, length: 2_000 })).rejects.toThrow(
      /longer context or fewer needles/,
    );
  });
});

test('a task is the same whenever and in whatever order it is asked for', async () => {
  const entries = [entry({ count: 5 }), entry({ count: 5, variant: 'multi-value' })];
  const first = await makeTasks(entries, 3);
  const backwards = await makeTasks(entries, 3);
  for (let index = 9; index >= 0; index -= 1) expect(await backwards.taskAt(index)).toEqual(await first.taskAt(index));
  const other = await makeTasks(entries, 4);
  expect((await other.taskAt(0)).answer).not.toEqual((await first.taskAt(0)).answer);
});

test('splits share no key and no value', async () => {
  const seen = new Map<string, string>();
  for (const split of ['train', 'validation', 'test'] as const) {
    for (const key of ['word', 'uuid'] as const) {
      for (const task of await all({
        split,
        key,
        value: 'word',
        variant: 'multi-query',
        decoys: 8,
        count: 30,
        length: 8_000,
      })) {
        for (const hit of textOf(task).matchAll(/magic words for (\S+) is: (\S+)\./g)) {
          for (const entity of hit.slice(1)) {
            expect(seen.get(entity) ?? split).toBe(split);
            expect(splitOf(entity)).toBe(split);
            seen.set(entity, split);
          }
        }
      }
    }
  }
  expect(seen.size).toBeGreaterThan(1_000);
});
