import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { tableFromIPC, type Table } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { ConfigError } from '../../configs/registry.ts';
import { checkIndex, family, type OpenRequest, type TaskSource } from '../source.ts';
import type { Task } from '../task.ts';
import { RowReader, taskFileOptions, type TaskFileOptions } from './rows.ts';

/** Files are decoded whole, in WebAssembly's memory. */
const mostBytes = 1024 * 1024 * 1024;

/** Own tasks from Parquet: columns as the fields of `taskSchema`; `metadata` may be a struct or JSON text. */
export const parquetTasks = family({
  describe: 'Tasks of your own from Parquet files: one task a row',
  options: taskFileOptions,
  open: openParquet,
});

function openParquet(options: TaskFileOptions, request: OpenRequest): TaskSource {
  const paths = typeof options.path === 'string' ? [options.path] : options.path;
  const reader = new RowReader('parquet', options, request.split);
  const rows: { table: Table; path: string; row: number }[] = [];
  const metadataColumn = options.columns.metadata ?? 'metadata';
  const taskOf = (table: Table, path: string, row: number): Task | null =>
    reader.toTask(plainRow(table, row, metadataColumn), path, row, placeOf(path, row));
  const hash = createHash('sha256');
  let chars = 0;
  for (const path of paths) {
    const { table, bytes } = readTable(path, request.cwd);
    hash.update(bytes);
    chars += bytes.length;
    for (let row = 0; row < table.numRows && rows.length !== request.count; row += 1) {
      const task = taskOf(table, path, row);
      if (!task) continue;
      reader.claim(task.id, placeOf(path, row));
      rows.push({ table, path, row });
    }
  }
  if (rows.length === 0) throw reader.noRows(paths);
  return {
    count: rows.length,
    ids: reader.ids,
    texts: [
      { role: 'tasks', hash: hash.digest('hex'), files: paths.length, chars, packages: [], note: paths.join(', ') },
    ],
    taskAt(index): Task {
      checkIndex(index, rows.length);
      const { table, path, row } = rows[index]!;
      return taskOf(table, path, row)!;
    },
  };
}

/** Rows are counted from 0, as pyarrow and `datasets` count them. */
const placeOf = (path: string, row: number): string => `${path} row ${row}`;

function readTable(path: string, cwd: string): { table: Table; bytes: Buffer } {
  const file = resolve(cwd, path);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw new ConfigError(`parquet: there is no file ${path} (looked in ${cwd})`);
  if (size > mostBytes)
    throw new ConfigError(`parquet: ${path} has ${size} bytes; split it into files below ${mostBytes}`);
  const bytes = readFileSync(file);
  try {
    return { table: tableFromIPC(readParquet(bytes).intoIPCStream()), bytes };
  } catch (error) {
    throw new ConfigError(
      `parquet: ${path} cannot be read as Parquet (${error instanceof Error ? error.message : String(error)})`,
      {
        cause: error,
      },
    );
  }
}

function plainRow(table: Table, row: number, metadataColumn: string): Record<string, unknown> {
  const fields = table.schema.fields.map(({ name }) => [name, plain(table.getChild(name)?.get(row))] as const);
  const made: Record<string, unknown> = Object.fromEntries(fields);
  const metadata = made[metadataColumn];
  if (typeof metadata === 'string' && metadata.startsWith('{')) {
    try {
      made[metadataColumn] = JSON.parse(metadata);
    } catch {
      // Left as text: the check of the row says what it should be.
    }
  }
  return made;
}

/** Arrow's values as plain ones: 64-bit whole numbers as numbers (text where they would lose digits), lists, structs. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as Iterable<unknown>, plain);
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const json = (value as { toJSON(): unknown }).toJSON();
    if (Array.isArray(json)) return json.map(plain);
    return Object.fromEntries(Object.entries(json as object).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}
