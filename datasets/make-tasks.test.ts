import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Table as ArrowTable,
  Field,
  Int32,
  Int64,
  List,
  Struct,
  tableToIPC,
  Utf8,
  vectorFromArray,
  type DataType,
} from 'apache-arrow';
import { Table, writeParquet } from 'parquet-wasm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { families } from './families.ts';
import { makeTasks, type TasksEntry } from './make-tasks.ts';
import type { Task } from './task.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-tasks-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const write = (name: string, rows: readonly unknown[]): string => {
  writeFileSync(join(dir, name), rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return name;
};
const entry = (options: Record<string, unknown>): TasksEntry => ({ family: 'niah', split: 'train', ...options });
const all = async (...entries: Record<string, unknown>[]): Promise<Task[]> => {
  const made: Task[] = [];
  for await (const task of await makeTasks(entries.map(entry), 7, { cwd: dir })) made.push(task);
  return made;
};
const filled = { family: 'parquet', answerType: 'text', scorer: 'exact', split: 'train' };
const row = (more: object = {}) => ({ id: 'a', query: 'Which?', context: 'long text', answer: 'this', ...more });

describe('ids', () => {
  test('are built from family, split, seed and number', async () => {
    const tasks = await all(
      { length: 8_000, count: 2 },
      { family: 'oolong', count: 1, length: 8_000, seed: 3, split: 'test' },
    );
    expect(tasks.map((task) => task.id)).toEqual([
      'niah-single-train-7-0000',
      'niah-single-train-7-0001',
      'oolong-test-3-0000',
    ]);
  });

  test('of entries that differ in options alone are told apart; the same entry twice is an error', async () => {
    const ids = (await all({ length: 8_000, count: 2 }, { length: 9_000, count: 2 })).map((task) => task.id);
    expect(new Set(ids).size).toBe(4);
    expect(ids[2]).toMatch(/^niah-single-train-7-[0-9a-f]{6}-0000$/);
    await expect(all({ length: 8_000 }, { length: 8_000, count: 3 })).rejects.toThrow(
      /tasks\.1 asks for the same tasks as tasks\.0/,
    );
  });
});

test('unknown names and options are errors that say what there is', async () => {
  await expect(all({ family: 'nia' })).rejects.toThrow(
    /tasks\.0: there is no family "nia"; choose one of: niah, oolong, jsonl, parquet/,
  );
  await expect(all({ lenght: 8_000 })).rejects.toThrow(/tasks\.0 \(family "niah"\).*lenght/);
  await expect(all({ length: 10 })).rejects.toThrow(/length/);
});

test('every option of every family is described, and its schema can be written as JSON Schema', () => {
  for (const [name, { options, describe: what }] of families.entries()) {
    const schema = z.toJSONSchema(options, { io: 'input' }) as {
      properties?: Record<string, { description?: string }>;
    };
    expect(what.length).toBeGreaterThan(20);
    for (const [option, property] of Object.entries(schema.properties ?? {})) {
      expect(property.description, `${name}.${option}`).toMatch(/\w{3,}/);
    }
  }
});

test('texts are listed once, with counts of every source', async () => {
  const set = await makeTasks(
    [entry({ length: 8_000, count: 2 }), entry({ variant: 'multi-key', length: 8_000, count: 3 })],
    7,
  );
  expect(set.count).toBe(5);
  expect(set.texts.map((text) => text.role)).toEqual(['haystack']);
  expect(set.sources).toMatchObject([{ count: 2 }, { count: 3 }]);
  await expect(set.taskAt(5)).rejects.toThrow(RangeError);
});

describe('JSONL files', () => {
  test('give their rows, with defaults, other columns in the metadata, and ids where they have none', async () => {
    write('own.jsonl', [
      row({ context: ['one', 'two'], level: 3 }),
      '',
      '{"query":"q","context":"caf\u00e9 \ud83d\ude00","answer":[1,2]}\r',
    ]);
    const tasks = await all({ family: 'jsonl', path: 'own.jsonl' });
    expect(tasks[0]).toEqual({
      ...row({ context: ['one', 'two'] }),
      family: 'jsonl',
      answerType: 'text',
      scorer: 'exact',
      split: 'train',
      metadata: { level: 3 },
    });
    expect(tasks[1]).toMatchObject({ id: 'own-0003', context: 'café 😀', answer: [1, 2] });
  });

  test('have other names for columns, and defaults', async () => {
    write('hf.jsonl', [
      { id: 5, question: 'q', context_window_text: 'c', answer: '[7]', answer_type: 'ANSWER_TYPE.NUMERIC' },
    ]);
    const columns = { query: 'question', context: 'context_window_text', answerType: 'answer_type' };
    const [task] = await all({ family: 'jsonl', path: 'hf.jsonl', columns, defaults: { scorer: 'oolong' } });
    expect(task).toMatchObject({
      id: '5',
      query: 'q',
      context: 'c',
      answerType: 'ANSWER_TYPE.NUMERIC',
      scorer: 'oolong',
      metadata: {},
    });
  });

  test('give the rows of the split; where there is none the error says which there are', async () => {
    write('splits.jsonl', [row({ split: 'test' }), row({ id: 'b' })]);
    expect((await all({ family: 'jsonl', path: 'splits.jsonl' })).map((task) => task.id)).toEqual(['b']);
    write('tests.jsonl', [row({ split: 'test' })]);
    await expect(all({ family: 'jsonl', path: 'tests.jsonl' })).rejects.toThrow(
      /no row of split train, but 1 of split test; write split: test/,
    );
  });

  test.each([
    ['bad.jsonl', [row(), '{"id": "b",'], /bad\.jsonl:2: this line is not JSON/],
    [
      'missing.jsonl',
      [row(), '', { id: 'b', question: 'q', context: 'c', answer: 1 }],
      /missing\.jsonl:3: there is no "query".*question/,
    ],
    ['type.jsonl', [row({ context: 7 })], /type\.jsonl:1: context: .*a string or a list of strings/],
    ['twice.jsonl', [row(), row({ query: 'other' })], /twice\.jsonl:2: the id "a" is taken by twice\.jsonl:1/],
    ['list.jsonl', ['[1]'], /list\.jsonl:1: a row is an object/],
  ])('%s is named with its line and what to change', async (name, rows, message) => {
    write(name, rows);
    await expect(all({ family: 'jsonl', path: name })).rejects.toThrow(message);
  });

  test('lines longer than a chunk, and across chunks, are read', async () => {
    const contexts = [3_000_000, 10, 1_048_570, 5].map((length, at) => String.fromCharCode(97 + at).repeat(length));
    write(
      'long.jsonl',
      contexts.map((context, at) => row({ id: `r${at}`, context })),
    );
    const tasks = await all({ family: 'jsonl', path: 'long.jsonl' });
    expect(tasks.map((task) => task.context)).toEqual(contexts);
  });

  test('two files may not share an id, nor two entries', async () => {
    write('x.jsonl', [row()]);
    write('y.jsonl', [row()]);
    await expect(all({ family: 'jsonl', path: ['x.jsonl', 'y.jsonl'] })).rejects.toThrow(
      /y\.jsonl:1: the id "a" is taken by x\.jsonl:1/,
    );
    await expect(all({ family: 'jsonl', path: 'x.jsonl' }, { family: 'jsonl', path: 'y.jsonl' })).rejects.toThrow(
      /"a" is in tasks\.0 too/,
    );
    await expect(all({ family: 'jsonl', path: 'z.jsonl' })).rejects.toThrow(/no file z\.jsonl/);
  });
});

describe('Parquet files', () => {
  const list = new List(new Field('item', new Utf8()));
  const parquet = (name: string, columns: Record<string, readonly [DataType, readonly unknown[]]>): void => {
    const vectors = Object.entries(columns).map(
      ([column, [type, values]]) => [column, vectorFromArray([...values], type)] as const,
    );
    const arrow = tableToIPC(new ArrowTable(Object.fromEntries(vectors)), 'stream');
    writeFileSync(join(dir, name), writeParquet(Table.fromIPCStream(arrow)));
  };

  test('give their rows: lists, 64-bit numbers, structs and JSON text', async () => {
    parquet('own.parquet', {
      id: [new Utf8(), ['a', 'b']],
      query: [new Utf8(), ['q', 'r']],
      context: [new Utf8(), ['text', 'more']],
      answer: [list, [['x', 'y'], ['z']]],
      metadata: [new Struct([new Field('depth', new Int32())]), [{ depth: 3 }, { depth: 4 }]],
      size: [new Int64(), [5n, 6n]],
    });
    expect(await all({ family: 'parquet', path: 'own.parquet' })).toEqual([
      { ...row({ answer: ['x', 'y'], query: 'q', context: 'text' }), ...filled, metadata: { depth: 3, size: 5 } },
      { ...row({ id: 'b', answer: ['z'], query: 'r', context: 'more' }), ...filled, metadata: { depth: 4, size: 6 } },
    ]);
    parquet('json.parquet', {
      id: [new Int64(), [12n]],
      query: [new Utf8(), ['q']],
      documents: [list, [['one', 'two']]],
      answer: [new Int32(), [7]],
      metadata: [new Utf8(), ['{"a": [1]}']],
    });
    const [task] = await all({ family: 'parquet', path: 'json.parquet', columns: { context: 'documents' } });
    expect(task).toMatchObject({ id: '12', context: ['one', 'two'], answer: 7, metadata: { a: [1] } });
  });

  test('bad ones are named with their row', async () => {
    parquet('bad.parquet', { id: [new Utf8(), ['a']], query: [new Utf8(), ['q']], answer: [new Utf8(), ['x']] });
    await expect(all({ family: 'parquet', path: 'bad.parquet' })).rejects.toThrow(
      /bad\.parquet row 0: there is no "context"/,
    );
    writeFileSync(join(dir, 'text.parquet'), readFileSync(import.meta.filename));
    await expect(all({ family: 'parquet', path: 'text.parquet' })).rejects.toThrow(
      /text\.parquet cannot be read as Parquet/,
    );
  });
});
