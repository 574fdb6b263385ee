import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Episode } from '../env/episode.ts';
import { unpack } from './blob.ts';
import { insertScore, scoreValues } from './scores.ts';
import { StoreError } from './store-error.ts';
import { scoreTables, storeSchemaVersion } from './store-schema.ts';
import { takeWriterLock } from './writer-lock.ts';

/** What leads from each older schema to the next. */
const steps: Readonly<Record<number, (database: DatabaseSync) => void>> = { 1: addScores };

/**
 * Brings the store of an older version to this one. It works on a copy, which takes the place of `run.db` only when it is
 * whole; the old store stays as `run.db.v<N>`. Killed at any instant, `run.db` is one or the other. Throws where someone
 * else has the run open.
 */
export function migrateStore(dir: string, from: number): void {
  const path = join(dir, 'run.db');
  const copy = `${path}.next`;
  const unlock = takeWriterLock(dir, () => undefined);
  try {
    rmSync(copy, { force: true });
    closeSync(openSync(copy, 'a', 0o600));
    const old = new DatabaseSync(path, { timeout: 1_000 });
    try {
      old.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      old.prepare('VACUUM INTO ?').run(copy);
    } finally {
      old.close();
    }
    change(copy, from);
    // A log that is still there belongs to the old file, and SQLite would play it into the new one.
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      throw new StoreError('locked', `${dir} is open in another process, so it cannot be brought to this version`, {
        next: 'close what reads it, then run the same command again',
      });
    }
    rmSync(`${path}.v${from}`, { force: true });
    linkSync(path, `${path}.v${from}`);
    renameSync(copy, path);
    syncFolder(dir);
  } finally {
    rmSync(copy, { force: true });
    unlock();
  }
}

function change(path: string, from: number): void {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
    for (let version = from; version < storeSchemaVersion; version += 1) steps[version]!(database);
    database.exec(`PRAGMA user_version = ${storeSchemaVersion}; COMMIT`);
  } finally {
    database.close();
  }
}

/** 1 → 2: scores in a table of their own, so that a run can be judged again; the records' own are version 1. */
function addScores(database: DatabaseSync): void {
  database.exec(`${scoreTables} ALTER TABLE exports ADD COLUMN score_version INTEGER NOT NULL DEFAULT 1;`);
  const meta = (key: string): string =>
    String(database.prepare('SELECT value FROM meta WHERE key = ?').get(key)?.value ?? 'null');
  const { reward } = JSON.parse(meta('config')) as { reward: unknown };
  database
    .prepare('INSERT INTO score_versions (version, reward, created_at) VALUES (1, ?, ?)')
    .run(JSON.stringify(reward), JSON.parse(meta('created_at')) as string);
  const put = database.prepare(insertScore);
  const page = database.prepare('SELECT rowid AS at, record FROM episodes WHERE rowid > ? ORDER BY rowid LIMIT 64');
  for (let after = 0; ;) {
    const rows = page.all(after) as unknown as { at: number; record: Uint8Array }[];
    for (const row of rows) {
      const { id, reward: found, components } = unpack(row.record) as Episode;
      put.run(...scoreValues(id, 1, found, components));
    }
    const last = rows.at(-1);
    if (!last) return;
    after = last.at;
  }
}

/** A rename is on disk once its folder is. */
function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
