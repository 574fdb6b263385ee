import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { listOf, type Column, type Row } from './columns/schema.ts';
import { ParquetWriter, type ParquetOptions } from './parquet.ts';
import { noPython, readBack } from './test-python.ts';

const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-parquet-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const columns: Column[] = [
  { name: 'text', type: 'utf8' },
  { name: 'family', type: 'utf8', dictionary: true },
  { name: 'flag', type: 'bool' },
  { name: 'small', type: 'int32' },
  { name: 'large', type: 'int64' },
  { name: 'real', type: 'float64' },
  { name: 'ids', type: listOf('int32') },
  { name: 'mask', type: listOf('uint8') },
  { name: 'logprobs', type: listOf('float32') },
  { name: 'words', type: listOf('utf8') },
  { name: 'kept', type: listOf(listOf('int32')) },
  {
    name: 'messages',
    type: listOf({
      struct: [
        { name: 'role', type: 'utf8' },
        { name: 'content', type: 'utf8' },
      ],
    }),
  },
];

async function write(name: string, rows: readonly Row[], options: Partial<ParquetOptions> = {}): Promise<string> {
  const path = join(dir, name);
  const writer = await ParquetWriter.open({ path, columns, rowGroupRows: 64, batchBytes: 4096, ...options });
  for (const row of rows) await writer.append(row);
  const file = await writer.finish();
  expect(existsSync(path)).toBe(false);
  await file.publish();
  const bytes = readFileSync(path);
  expect(file).toMatchObject({ path, rows: rows.length, bytes: bytes.length });
  expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  return path;
}

const edges: Row[] = [
  {},
  { text: '', ids: [], mask: [], logprobs: [], words: [], kept: [], messages: [] },
  { text: null, ids: null, words: [null, '', null], kept: undefined, messages: [null, { role: null, content: null }] },
  { text: 'NUL \0, emoji 🧪👩🏽‍🔬, lone \ud83d and \udc00, line\r\n\u2028', family: 'a', flag: true, small: -(2 ** 31) },
  { large: 2 ** 53, small: 2 ** 31 - 1, real: Number.NaN, flag: false },
  { large: 9007199254740993n, real: Number.POSITIVE_INFINITY },
  { large: -(2n ** 63n), real: Number.NEGATIVE_INFINITY, logprobs: [Number.NaN, Number.NEGATIVE_INFINITY, 0, -0.1] },
  { large: 2n ** 63n - 1n, real: -0, ids: Int32Array.of(1, 2, 3), mask: Uint8Array.of(0, 1, 255) },
  { ids: [1, null, -2147483648, 2147483647], mask: [0, null, 1], logprobs: Float32Array.of(-1.5, -2) },
  { kept: [[1, 2], [], null, Int32Array.of(7)], messages: [{ role: 'user', content: 'x'.repeat(20_000) }] },
];

test('a value that does not fit is refused with its column, and leaves no file', async () => {
  const bad: [Row, RegExp][] = [
    [{ small: 1.5 }, /column small holds int32; 1.5/],
    [{ small: 2 ** 31 }, /column small/],
    [{ large: 2n ** 63n }, /column large/],
    [{ mask: [256] }, /column mask\[\]/],
    [{ ids: [1, '2'] }, /column ids\[\] holds int32; "2"/],
    [{ logprobs: ['-1'] }, /column logprobs/],
    [{ text: 3 }, /column text holds a string/],
    [{ flag: 1 }, /column flag/],
    [{ messages: 'hi' }, /column messages holds an array/],
    [{ messages: [{ role: 5 }] }, /column messages\[\].role/],
    [{ other: 1 }, /"other", which is no column/],
  ];
  for (const [row, message] of bad) {
    const path = join(dir, 'bad.parquet');
    const writer = await ParquetWriter.open({ path, columns });
    await writer.append({ text: 'good' });
    await expect(writer.append(row)).rejects.toThrow(message);
    await writer.abort();
  }
  expect(readdirSync(dir).filter((name) => name.startsWith('bad'))).toEqual([]);
});

test('equal rows give equal bytes, and other rows other bytes', async () => {
  const rows = Array.from({ length: 200 }, (_, at) => ({ text: `row ${at}`.repeat(50), small: at, ids: [at, at + 1] }));
  const one = readFileSync(await write('one.parquet', rows, { metadata: { b: 1, a: 2 } }));
  const two = readFileSync(await write('two.parquet', rows, { metadata: { b: 1, a: 2 } }));
  expect(two.equals(one)).toBe(true);
  expect(readFileSync(await write('three.parquet', rows.slice(1))).equals(one)).toBe(false);
});

test.skipIf(!existsSync('/dev/full'))(
  'a full disk is an error of the writer, not of the process (needs /dev/full)',
  async () => {
    const path = join(dir, 'full.parquet');
    symlinkSync('/dev/full', `${path}.${process.pid}.tmp`);
    const writer = await ParquetWriter.open({ path, columns, rowGroupRows: 4, batchBytes: 1000 });
    const fill = async (): Promise<void> => {
      for (let at = 0; at < 2000; at += 1) await writer.append({ text: `${at} ${'y'.repeat(500)}` });
      await writer.finish();
    };
    await expect(fill()).rejects.toThrow(/ENOSPC/);
    await writer.abort();
    expect(readdirSync(dir).filter((name) => name.startsWith('full'))).toEqual([]);
  },
);

describe(`read back by pyarrow, datasets, polars and DuckDB${noPython ? ` (skipped: ${noPython})` : ''}`, () => {
  const at = { timeout: 120_000 };

  test.skipIf(noPython)('edge rows, every value', at, async () => {
    const file = await write('edges.parquet', edges, { metadata: { schema_version: 1, run: 'r' } });
    const read = readBack({ files: [file], columns, rows: edges });
    expect(read.metadata).toEqual({ schema_version: 1, run: 'r' });
    expect(Object.keys(read.readers)).toEqual(['pyarrow', 'datasets', 'polars', 'duckdb']);
    for (const values of Object.values(read.readers)) expect(values).toBeGreaterThan(100);
  });

  test.skipIf(noPython)('2,000 random rows over many batches and row groups, and an empty table', at, async () => {
    const text = fc.string({ unit: 'binary', maxLength: 80 });
    const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 6 });
    const arbitrary = fc.record(
      {
        text: nullable(text),
        family: nullable(fc.constantFrom('niah', 'oolong')),
        flag: nullable(fc.boolean()),
        small: nullable(fc.integer()),
        large: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
        real: nullable(fc.double()),
        ids: nullable(fc.array(nullable(fc.integer()))),
        mask: nullable(fc.uint8Array()),
        logprobs: nullable(fc.oneof(fc.float32Array(), fc.array(nullable(fc.float())))),
        words: nullable(fc.array(nullable(text))),
        kept: nullable(fc.array(nullable(fc.array(fc.integer())))),
        messages: nullable(fc.array(nullable(fc.record({ role: nullable(text), content: nullable(text) })))),
      },
      { requiredKeys: [] },
    );
    const rows = fc.sample(arbitrary, { numRuns: 2_000, seed: 7 });
    const file = await write('random.parquet', rows);
    const empty = await write('empty.parquet', []);
    expect(readBack({ files: [empty, file], columns, rows }).values).toBeGreaterThan(100_000);
  });

  test.skipIf(noPython)('a difference is found', at, async () => {
    const file = await write('differs.parquet', [{ text: 'a', ids: [1, 2] }]);
    expect(() => readBack({ files: [file], columns, rows: [{ text: 'a', ids: [1, 3] }] })).toThrow(/wanted 3, found 2/);
  });
});
