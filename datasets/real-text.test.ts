import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTasks } from './make-tasks.ts';
import { niahTasks, solveNiah } from './niah/test-support.ts';
import { templates } from './oolong/question.ts';
import { recompute } from './oolong/test-recompute.ts';
import type { Task } from './task.ts';

const data = process.env.RLM_GYM_DATA;
const needs = data ? '' : ' (skipped: RLM_GYM_DATA names no folder with books/, trec/ and sms-spam/)';

const all = async (options: Record<string, unknown>): Promise<Task[]> => {
  const made: Task[] = [];
  for await (const task of await makeTasks(
    [{ family: 'niah', split: 'train', count: 4, length: 1_000_000, ...options }],
    7,
  ))
    made.push(task);
  return made;
};

/** Recomputes golds from the files themselves: no code of the generators is used. */
describe(`real text${needs}`, () => {
  test.skipIf(!data).each(['single', 'multi-key', 'multi-value', 'multi-query'])(
    '%s needles in books',
    async (variant) => {
      for (const task of await all({ variant, haystack: join(data!, 'books/*.txt') })) {
        const text = task.context as string;
        expect(text.length).toBe(1_000_000);
        const keys = /for (\S+(?:, (?:and )?\S+)*) mentioned/.exec(task.query)![1]!.split(/, (?:and )?/);
        const found = [...text.matchAll(/One of the special magic numbers for (\S+) is: (\d+)\./g)];
        expect(
          found
            .filter((hit) => keys.includes(hit[1]!))
            .map((hit) => hit[2]!)
            .sort(),
        ).toEqual([...(task.answer as string[])].sort());
        expect(text).toMatch(/whale|Dracula|Darcy/);
      }
    },
  );

  test.skipIf(!data).each([
    ['trec/train_5500.label', trecLabels, 1_000_000, 'train'],
    ['trec/train_5500.label', trecLabels, 60_000, 'test'],
    ['sms-spam/SMSSpamCollection.tsv', spamLabels, 1_000_000, 'train'],
  ] as const)('counting over %s', async (file, read, length, split) => {
    const labels = read(join(data!, file));
    for (const task of await all({ family: 'oolong', records: join(data!, file), length, split })) {
      const body = (task.context as string).split('\n\n').slice(1).join('\n\n').split('\n');
      const lines = labelled(body, labels);
      expect(lines.filter(({ label }) => label.startsWith('no label'))).toEqual([]);
      expect(task.answer).toBe(recompute(task, lines));
      expect(task.context).toContain(` ${lines.length} examples in this dataset`);
    }
  });

  test.skipIf(!data).each([
    ['trec/train_5500.label', trecLabels, 'train'],
    ['sms-spam/SMSSpamCollection.tsv', spamLabels, 'train'],
    ['trec/train_5500.label', trecLabels, 'validation'],
  ] as const)('every template over %s', async (file, read, split) => {
    const labels = read(join(data!, file));
    const records = join(data!, file);
    for (const template of templates) {
      for (const task of await all({
        family: 'oolong',
        records,
        length: 60_000,
        split,
        count: 2,
        questions: [template],
      })) {
        const body = (task.context as string).split('\n\n').slice(1).join('\n\n').split('\n');
        expect(task.answer).toBe(recompute(task, labelled(body, labels)));
      }
    }
  });

  test.skipIf(!data).each(['niah_single_3', 'niah_multikey_1', 'niah_multiquery', 'vt'])(
    '%s in books',
    async (variant) => {
      const options = { variant, filler: 'files', haystack: join(data!, 'books/*.txt'), length: 400_000 };
      for (const task of await niahTasks(options)) {
        expect(solveNiah(task)).toEqual([...(task.answer as string[])].sort());
        expect(task.context).toMatch(/whale|Dracula|Darcy/);
      }
    },
  );
});

function labelled(body: readonly string[], labels: ReadonlyMap<string, string>) {
  return body.map((line) => {
    const [, date = '', user = '', instance = ''] =
      /^Date: (.+?) \|\| User: (\d+) \|\| Instance: (.+)$/.exec(line) ?? [];
    return { date, user, instance, label: labels.get(squeeze(instance)) ?? `no label for: ${line}` };
  });
}

function squeeze(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(' ');
}

function trecLabels(path: string): Map<string, string> {
  const names: Record<string, string> = {
    ABBR: 'abbreviation',
    DESC: 'description and abstract concept',
    ENTY: 'entity',
    HUM: 'human being',
    LOC: 'location',
    NUM: 'numeric value',
  };
  const lines = readFileSync(path, 'latin1').split('\n').filter(Boolean);
  return new Map(lines.map((line) => [squeeze(line.slice(line.indexOf(' '))), names[line.split(':')[0]!]!]));
}

function spamLabels(path: string): Map<string, string> {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/).slice(1).filter(Boolean);
  return new Map(lines.map((line) => [squeeze(line.slice(line.indexOf('\t') + 1)), line.split('\t')[0]!]));
}
