import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTasks, type TasksEntry } from '../make-tasks.ts';
import type { Task } from '../task.ts';
import { naiveBayes } from '../test-support.ts';
import { labelledWindow, oracleTable } from './host-table.ts';
import { recompute } from './test-recompute.ts';
import { linesOf } from './test-support.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-oolong-'));
  const labels = ['HUM:ind', 'LOC:city', 'NUM:count', 'ENTY:animal'];
  const lines = Array.from({ length: 400 }, (_, at) => `${labels[at % 4]!} What  is || case ${at} of the caf\xe9 ?`);
  writeFileSync(join(dir, 'questions.label'), Buffer.from(lines.join('\n'), 'latin1'));
  const rows = Array.from({ length: 300 }, (_, at) => `${at % 3 === 0 ? 'spam' : 'ham'}\tMessage ${at} is here`);
  writeFileSync(join(dir, 'with.tsv'), `Label\tSMS\n${rows.join('\n')}\n`);
  writeFileSync(join(dir, 'without.tsv'), rows.join('\n'));
  writeFileSync(join(dir, 'broken.tsv'), 'ham\tfine\nspam\tfine too\nno tab here\n');
  writeFileSync(join(dir, 'one.tsv'), 'ham\tfine\nham\tfine too\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

const entry = (options: Record<string, unknown>): TasksEntry => ({
  family: 'oolong',
  split: 'train',
  count: 8,
  length: 20_000,
  ...options,
});
const all = async (options: Record<string, unknown>, seed = 7): Promise<Task[]> => {
  const made: Task[] = [];
  for await (const task of await makeTasks([entry(options)], seed, { cwd: dir })) made.push(task);
  return made;
};
const instances = (task: Task): string[] => linesOf(task).map((line) => line.instance);

describe('counting questions', () => {
  test.each([{}, { records: 'questions.label' }, { records: 'with.tsv' }, { length: { tokens: 30_000 } }])(
    '%j: the gold is what the labels say, in the columns of OOLONG',
    async (options) => {
      const tasks = await all({ count: 24, ...options });
      for (const task of tasks) {
        expect(task.answer).toBe(recompute(task));
        expect(task).toMatchObject({ scorer: 'oolong', answerType: task.metadata.answer_type });
        expect(task.metadata).toMatchObject({
          task_group: 'counting',
          input_subset: 'False',
          instances: instances(task).length,
        });
        expect(Math.log2(task.metadata.context_len as number) % 1).toBe(0);
      }
      expect(new Set(tasks.map((task) => task.metadata.task)).size).toBe(4);
      expect(new Set(tasks.map((task) => task.answer)).size).toBeGreaterThan(6);
    },
  );

  test('one in a few comparisons is "same frequency as"', async () => {
    const answers = (await all({ count: 40, questions: ['relative'] })).map((task) => task.answer);
    for (const phrase of ['more common than', 'less common than', 'same frequency as']) {
      expect(answers.filter((answer) => answer === `['${phrase}']`).length).toBeGreaterThan(4);
    }
  });

  test('keep their margin: no other count is within 2 % of the one asked for', async () => {
    for (const task of await all({ count: 20, questions: ['numeric'] })) {
      const gold = Number(/\d+/.exec(task.answer as string)![0]);
      const counts = Map.groupBy(linesOf(task), (line) => line.label);
      const near = [...counts.values()].filter(
        (lines) => Math.abs(lines.length - gold) <= Math.max(1, 0.02 * linesOf(task).length),
      );
      expect(near).toHaveLength(1);
    }
  });

  test('25 of them can share a window', async () => {
    const tasks = await all({ count: 50, questionsPerWindow: 25 });
    expect(new Set(tasks.map((task) => task.context)).size).toBe(2);
    expect(new Set(tasks.slice(0, 25).map((task) => task.query)).size).toBe(25);
    expect(new Set(tasks.map((task) => task.metadata.context_window_id)).size).toBe(2);
    for (const task of tasks) expect(task.answer).toBe(recompute(task));
    await expect(all({ records: 'with.tsv', questionsPerWindow: 25 })).rejects.toThrow(/fewer questions a window/);
  });
});

describe('windows', () => {
  test('have at least the wanted length and a line or two more, and say no label of an instance', async () => {
    for (const task of await all({ length: 50_000 })) {
      const text = task.context as string;
      expect(text.length).toBeGreaterThanOrEqual(50_000);
      expect(text.length).toBeLessThan(50_000 + 400);
      expect(text).not.toContain('Label:');
      const body = text.slice(text.indexOf('\n\n') + 2);
      expect(body).not.toMatch(/numeric value|entity|location|human being|abstract concept|abbreviation/i);
      expect(JSON.stringify(task)).not.toContain('Label: human');
    }
  });

  test('give four of five instances to one user of five', async () => {
    const [task] = await all({ length: 400_000 });
    const byUser = [...Map.groupBy(linesOf(task!), (line) => line.user).values()]
      .map((lines) => lines.length)
      .sort((a, b) => b - a);
    const busy = byUser.slice(0, Math.ceil(byUser.length / 5)).reduce((sum, lines) => sum + lines, 0);
    expect(busy / linesOf(task!).length).toBeCloseTo(0.8, 1);
  });

  test('use every record of a label before one comes again, with new users and dates', async () => {
    const [task] = await all({ records: 'questions.label', length: 100_000, count: 1 });
    for (const lines of Map.groupBy(linesOf(task!), (line) => line.label).values()) {
      const times = [...Map.groupBy(lines, (line) => line.instance).values()];
      const counts = times.map((same) => same.length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      const repeated = times.find((same) => same.length > 2);
      if (repeated) expect(new Set(repeated.map(({ user, date }) => `${user} ${date}`)).size).toBeGreaterThan(1);
    }
  });

  test('of ten million tokens take linear time', async () => {
    const set = await makeTasks([entry({ count: 1, length: { tokens: 10_000_000 } })], 1);
    const begin = performance.now();
    const task = await set.taskAt(0);
    expect(task.answer).toBe(recompute(task));
    // One second on an idle machine.
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});

describe('generated records', () => {
  test('give nothing away by their first word, nor by words learnt on another split', async () => {
    const trained = (await all({ length: 400_000, count: 4 })).flatMap(linesOf);
    const held = (await all({ length: 200_000, count: 4, split: 'test' })).flatMap(linesOf);
    const chance = 1 / 6;
    expect(naiveBayes(trained, held, (text) => text.split(' ').slice(0, 1))).toBeLessThan(chance + 0.15);
    expect(naiveBayes(trained, held, (text) => text.toLowerCase().split(/\W+/))).toBeLessThan(chance + 0.15);
  });

  test('splits share no user, no name, no noun and no instance', async () => {
    const seen = {
      user: new Map<string, string>(),
      instance: new Map<string, string>(),
      name: new Map<string, string>(),
    };
    for (const split of ['train', 'validation', 'test'] as const) {
      for (const line of (await all({ split, length: 200_000, count: 2 })).flatMap(linesOf)) {
        const names = [...line.instance.matchAll(/(?<=of |for |the |[A-Z]\w+ )([A-Z]\w+)/g)].map((hit) => hit[1]!);
        for (const [kind, entities] of [
          ['user', [line.user]],
          ['instance', [line.instance]],
          ['name', names],
        ] as const) {
          for (const entity of entities) {
            expect(seen[kind].get(entity) ?? split).toBe(split);
            seen[kind].set(entity, split);
          }
        }
      }
    }
    expect(seen.name.size).toBeGreaterThan(500);
  });
});

describe('labelled files', () => {
  test('with and without a header give the same records', async () => {
    const [withHeader] = await all({ records: 'with.tsv', count: 1 });
    const [without] = await all({ records: 'without.tsv', count: 1 });
    expect(instances(without!)).toEqual(instances(withHeader!));
    expect(withHeader!.metadata).toMatchObject({ dataset: 'with', num_labels: 2 });
  });

  test("TREC's labels get OOLONG's names, and Latin-1 is read", async () => {
    const [task] = await all({ records: 'questions.label', count: 1 });
    expect(task!.metadata).toMatchObject({ dataset: 'trec_coarse', num_labels: 4 });
    expect(task!.context).toContain("'human being', 'location', 'numeric value'");
    expect(task!.context).toContain('café');
  });

  test('splits share no record', async () => {
    const [train, held] = [
      await all({ records: 'questions.label' }),
      await all({ records: 'questions.label', split: 'test' }),
    ];
    const known = new Set(train.flatMap(instances));
    expect(held.flatMap(instances).filter((instance) => known.has(instance))).toEqual([]);
  });

  test('bad ones are named with file and line', async () => {
    await expect(all({ records: 'broken.tsv' })).rejects.toThrow(/broken\.tsv:3: .*label<TAB>text/);
    await expect(all({ records: 'one.tsv' })).rejects.toThrow(/at least 2/);
    await expect(all({ records: 'absent.tsv' })).rejects.toThrow(/no file absent\.tsv/);
  });
});

test('the oracle table knows every instance, and only tasks made here have a labelled window', async () => {
  const tasks = await all({ count: 2 });
  const table = oracleTable(tasks);
  for (const line of tasks.flatMap(linesOf)) expect(table.get(line.instance)).toBe(line.label);
  expect(labelledWindow(tasks[0]!)).toContain(' || Label: ');
  expect(labelledWindow(structuredClone(tasks[0]!))).toBeNull();
});
