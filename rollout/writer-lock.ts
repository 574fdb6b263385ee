import { closeSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store-error.ts';

/** Who writes to a run, for the message that a second one is given. */
export interface Writer {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

export const thisWriter = (): Writer => ({ pid: process.pid, host: hostname(), since: new Date().toISOString() });

/**
 * Takes the right to play episodes in a run directory: an exclusive transaction on `writer.lock`, an empty SQLite file.
 * The lock belongs to the process, so the operating system gives it back however the process ends, kill -9 included.
 * File systems without POSIX locks (some network mounts) do not hold it.
 */
export function takeWriterLock(dir: string, holder: () => Writer | undefined): () => void {
  const path = join(dir, 'writer.lock');
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 200 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    const writer = holder();
    const who = writer ? `process ${writer.pid} on ${writer.host}, since ${writer.since}` : 'another process';
    throw new StoreError('locked', `${dir} is being written by ${who}`, {
      cause: error,
      next: `wait for it or stop it (kill -INT ${writer?.pid ?? 'PID'}), then run the same command again`,
    });
  }
  return () => {
    if (database.isOpen) database.close();
  };
}
