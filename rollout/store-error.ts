/** What is wrong with a run directory, so that a program can tell the cases apart. */
export type StoreProblem =
  | 'missing'
  | 'other_run'
  | 'newer'
  | 'locked'
  | 'disk'
  | 'tasks_changed'
  | 'damaged'
  | 'closed';

/**
 * A run directory that cannot be used as asked. `next` is the thing to do about it; `exitCode` is what a command
 * line should end with (2: no such run; 4: refused and nothing was changed; 6: the disk).
 */
export class StoreError extends Error {
  override name = 'StoreError';
  readonly problem: StoreProblem;
  readonly next: string;
  readonly exitCode: number;

  constructor(problem: StoreProblem, message: string, options: ErrorOptions & { next: string }) {
    super(message, options);
    this.problem = problem;
    this.next = options.next;
    this.exitCode = problem === 'disk' ? 6 : problem === 'missing' ? 2 : 4;
  }
}

/** SQLite's primary result codes for a full disk and for a read or write that failed. */
const sqliteFull = 13;
const sqliteIoError = 10;
const fullDisk = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** Is it the disk's fault? Looks at `code` (system calls) and `errcode` (SQLite), never at the message. */
export function isDiskError(error: unknown): boolean {
  if (error instanceof StoreError) return error.problem === 'disk';
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  if (typeof code === 'string' && fullDisk.has(code)) return true;
  const primary = typeof errcode === 'number' ? errcode & 0xff : 0;
  return primary === sqliteFull || primary === sqliteIoError;
}

/** A disk error as a {@link StoreError}; anything else as it was. */
export function toStoreError(error: unknown, dir: string): unknown {
  if (error instanceof StoreError || !isDiskError(error)) return error;
  return new StoreError('disk', `the disk that holds ${dir} is full or failed: ${(error as Error).message}`, {
    cause: error,
    next: `make room there, then run the same command again: finished episodes are kept and none is repeated`,
  });
}
