import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column, ColumnType, Row } from './columns/schema.ts';

const python = join(import.meta.dirname, '../.venv/bin/python');

/** For `test.skipIf`, and for the test's name: why the Python readers cannot be asked. */
export const noPython = existsSync(python) ? null : 'there is no .venv: npm run -s venv makes it';

export interface ReadBack {
  readonly rows: number;
  readonly values: number;
  /** Values compared, by reader. */
  readonly readers: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Reads the files with pyarrow, `datasets`, polars and DuckDB, and throws at the first value that is not the one given. */
export function readBack(of: {
  readonly files: readonly string[];
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** A directory with a dataset card, and the config of it that the files belong to. */
  readonly dataset?: { readonly dir: string; readonly config: string };
}): ReadBack {
  const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-read-'));
  try {
    const expected = join(dir, 'expected.json');
    const rows = of.rows.map((row) =>
      Object.fromEntries(of.columns.map(({ name, type }) => [name, jsonForm(type, row[name])])),
    );
    writeFileSync(expected, JSON.stringify({ ...of, rows, dataset: of.dataset ?? null }));
    const done = spawnSync(python, [join(import.meta.dirname, 'python/read_parquet.py'), expected], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    if (done.status !== 0) throw new Error(`read_parquet.py: ${done.stderr.slice(-2000)}`);
    return JSON.parse(done.stdout) as ReadBack;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function jsonForm(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof type === 'object') {
    if ('list' in type) return Array.from(value as ArrayLike<unknown>, (member) => jsonForm(type.list, member));
    const object = value as Record<string, unknown>;
    return Object.fromEntries(type.struct.map((member) => [member.name, jsonForm(member.type, object[member.name])]));
  }
  // UTF-8 has no lone surrogates: they are stored as U+FFFD.
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'bigint' || (typeof value === 'number' && (type === 'int64' || !Number.isFinite(value)))) {
    return value.toString();
  }
  return value;
}
