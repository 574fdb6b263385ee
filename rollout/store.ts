import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { configHash } from '../configs/schema.ts';
import type { RunConfig } from '../configs/schema.ts';
import type { Task } from '../datasets/task.ts';
import { ContextStore } from '../env/context.ts';
import { episodeSchemaVersion } from '../env/episode.ts';
import type { Episode } from '../env/episode.ts';
import { unpack } from './blob.ts';
import { EpisodeWriter } from './episode-writer.ts';
import type { FailedAttempt, PutOptions } from './episode-writer.ts';
import { migrateStore } from './migrate.ts';
import { ScoreTable } from './scores.ts';
import { StoreError, toStoreError } from './store-error.ts';
import { storeSchemaVersion, storeTables } from './store-schema.ts';
import { TaskTable } from './task-table.ts';
import type { StoredTask } from './task-table.ts';
import { packageVersion } from './version.ts';
import { takeWriterLock, thisWriter } from './writer-lock.ts';
import type { Writer } from './writer-lock.ts';

export interface EpisodeFilter {
  /** true: only those that infrastructure failed; false: only those that ended; both without it. */
  readonly void?: boolean;
  readonly family?: string;
  readonly task?: string;
  /** Which score version rewards and components are of. @default the newest */
  readonly scoreVersion?: number;
}

/**
 * A run: one directory with `run.db` (config, tasks, episodes, attempts, ledger) and `contexts/<sha256>`.
 *
 * Episodes are durable once the promise of `putEpisode` resolves (WAL, synchronous FULL); killing the process at any
 * instant loses none of those. One process at a time plays episodes (`lockWriter`); any number may read.
 */
export class RunStore {
  readonly dir: string;
  /** For questions in SQL and for the tables `exports` and `ledger`, which `export/` fills. */
  readonly database: DatabaseSync;
  readonly contexts: ContextStore;
  readonly config: RunConfig;
  readonly configHash: string;
  readonly readOnly: boolean;
  /** What each version of the rubric made of the episodes. */
  readonly scores: ScoreTable;
  readonly #tasks: TaskTable;
  readonly #writer: EpisodeWriter;
  #unlock: (() => void) | null = null;

  /**
   * Makes a run directory, or opens the one that is there if it holds the same run (equal config hash).
   * `info` is kept as meta `tasks_info`: what the tasks were made from (content hashes, licences).
   */
  static create(options: { dir: string; config: RunConfig; info?: unknown }): RunStore {
    const dir = resolve(options.dir);
    const path = join(dir, 'run.db');
    const hash = configHash(options.config);
    let database: DatabaseSync | undefined;
    try {
      mkdirSync(dir, { recursive: true });
      // SQLite gives its -wal and -shm files the mode of the database.
      closeSync(openSync(path, 'a', 0o600));
      database = connect(path);
      database.exec('BEGIN IMMEDIATE');
      const version = versionOf(database);
      if (version === 0) {
        database.exec(storeTables);
        const put = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?)');
        const meta = {
          config: options.config,
          config_hash: hash,
          tasks_info: options.info ?? null,
          created_at: new Date().toISOString(),
          version: packageVersion,
        };
        for (const [key, value] of Object.entries(meta)) put.run(key, JSON.stringify(value));
        database
          .prepare('INSERT INTO score_versions (version, reward, created_at) VALUES (1, ?, ?)')
          .run(JSON.stringify(options.config.reward), meta.created_at);
        database.exec(`PRAGMA user_version = ${storeSchemaVersion}`);
      }
      database.exec('COMMIT');
      database = current(database, dir, false);
      const found = readMeta(database, 'config_hash');
      if (found !== hash) {
        throw new StoreError(
          'other_run',
          `${dir} holds another run: its config hash is ${String(found).slice(0, 12)}, this config's is ${hash.slice(0, 12)}`,
          { next: `rlm-gym rollout CONFIG --run ${options.dir}-${hash.slice(0, 6)}` },
        );
      }
      return new RunStore(dir, database, false);
    } catch (error) {
      if (database?.isOpen) database.close();
      throw toStoreError(error, dir);
    }
  }

  /** Opens a run that is there. */
  static open(dir: string, options: { readOnly?: boolean } = {}): RunStore {
    const at = resolve(dir);
    const path = join(at, 'run.db');
    if (!existsSync(path)) throw missing(at);
    const readOnly = options.readOnly ?? false;
    let database = connect(path, readOnly);
    try {
      if (versionOf(database) === 0) throw missing(at);
      database = current(database, at, readOnly);
      return new RunStore(at, database, readOnly);
    } catch (error) {
      if (database.isOpen) database.close();
      throw toStoreError(error, at);
    }
  }

  private constructor(dir: string, database: DatabaseSync, readOnly: boolean) {
    this.dir = dir;
    this.database = database;
    this.readOnly = readOnly;
    this.config = readMeta(database, 'config') as RunConfig;
    this.configHash = readMeta(database, 'config_hash') as string;
    this.contexts = new ContextStore(join(dir, 'contexts'));
    this.scores = new ScoreTable(database, dir);
    this.#tasks = new TaskTable(database, this.contexts, dir);
    this.#writer = new EpisodeWriter(database, dir);
  }

  /** First 12 hex digits of the config hash: equal configs have equal ids, wherever they are run. */
  get runId(): string {
    return this.configHash.slice(0, 12);
  }

  /** The value kept under `key`, or undefined. */
  meta(key: string): unknown {
    return readMeta(this.database, key);
  }

  setMeta(key: string, value: unknown): void {
    this.#guard(() =>
      this.database
        .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
        .run(key, JSON.stringify(value ?? null)),
    );
  }

  /**
   * Takes the right to play episodes here, until `close` or the returned function.
   * Throws a StoreError `locked` that names the process which has it.
   */
  lockWriter(): () => void {
    this.#unlock ??= takeWriterLock(this.dir, () => this.meta('writer') as Writer | undefined);
    this.setMeta('writer', thisWriter());
    return () => {
      this.#unlock?.();
      this.#unlock = null;
    };
  }

  /**
   * Adds tasks behind those that are there, in one transaction. A task that is there already is left alone if it is
   * the same, and refused if it is not: its episodes would answer another question.
   */
  addTasks(tasks: Iterable<Task>): void {
    this.#guard(() => this.#tasks.add(tasks));
  }

  get taskCount(): number {
    return this.#tasks.count;
  }

  /** All tasks in order, without their contexts' text. */
  tasks(): Iterable<StoredTask> {
    return this.#tasks.all();
  }

  task(id: string): StoredTask | undefined {
    return this.#tasks.get(id);
  }

  /** The task with its context's text, read from its file. */
  loadTask(id: string): Task {
    return this.#tasks.load(id);
  }

  /**
   * Keeps an episode; resolves once it is on disk, with whether this one is the one kept. Of two attempts that ended,
   * the one that started first is kept; one that ended beats a void one.
   */
  putEpisode(episode: Episode, options: PutOptions = {}): Promise<boolean> {
    return this.#writer.put(episode, options);
  }

  /** Notes an attempt that infrastructure failed, in the same batch as episodes. */
  putAttempt(failed: FailedAttempt & { readonly episodeId: string }): Promise<void> {
    return this.#writer.putAttempt(failed);
  }

  /** Episodes in the order of (task, round, index), read a page at a time. */
  *episodes(filter: EpisodeFilter = {}): Generator<Episode> {
    const { version } = this.scores.choose(filter.scoreVersion);
    const page = this.database.prepare(
      `SELECT task_order, round, idx, record FROM episodes
       WHERE (task_order, round, idx) > (?, ?, ?)
       AND (?4 IS NULL OR void = ?4) AND (?5 IS NULL OR family = ?5) AND (?6 IS NULL OR task_id = ?6)
       ORDER BY task_order, round, idx LIMIT 32`,
    );
    let after: [number, number, number] = [-1, -1, -1];
    for (;;) {
      const wanted = filter.void === undefined ? null : Number(filter.void);
      const rows = page.all(...after, wanted, filter.family ?? null, filter.task ?? null) as unknown as {
        task_order: number;
        round: number;
        idx: number;
        record: Uint8Array;
      }[];
      for (const row of rows) yield this.scores.apply(readEpisode(row.record, this.dir), version);
      const last = rows.at(-1);
      if (!last) return;
      after = [last.task_order, last.round, last.idx];
    }
  }

  episode(id: string, options: Pick<EpisodeFilter, 'scoreVersion'> = {}): Episode | undefined {
    const row = this.database.prepare('SELECT record FROM episodes WHERE id = ?').get(id);
    const version = options.scoreVersion ?? this.scores.newest;
    return row && this.scores.apply(readEpisode(row.record as Uint8Array, this.dir), version);
  }

  /** Ids of the episodes that need not be played again; void ones count unless `retryVoid`. */
  finished(options: { retryVoid?: boolean } = {}): Set<string> {
    const rows = this.database
      .prepare('SELECT id FROM episodes WHERE void <= ?')
      .all(options.retryVoid ? 0 : 1) as unknown as { id: string }[];
    return new Set(rows.map((row) => row.id));
  }

  /** Attempts that infrastructure failed: of one episode, or all, in order. */
  attempts(episodeId?: string): (FailedAttempt & { episodeId: string })[] {
    const rows = this.database
      .prepare(
        `SELECT episode_id AS episodeId, attempt, failure, message, at FROM attempts
         WHERE ?1 IS NULL OR episode_id = ?1 ORDER BY episode_id, attempt`,
      )
      .all(episodeId ?? null);
    return rows.map((row) => ({ ...row })) as unknown as (FailedAttempt & { episodeId: string })[];
  }

  /** Writes what is waiting, gives the lock back and closes the database. May be called more than once. */
  close(): void {
    if (!this.database.isOpen) return;
    try {
      this.#writer.flush();
    } finally {
      this.#unlock?.();
      this.#unlock = null;
      this.database.close();
    }
  }

  #guard<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw toStoreError(error, this.dir);
    }
  }
}

function connect(path: string, readOnly = false): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly, timeout: 10_000 });
  if (!readOnly) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF');
  return database;
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

/** The database itself where its schema is this one's; an older one is migrated and opened anew, a newer one refused. */
function current(database: DatabaseSync, dir: string, readOnly: boolean): DatabaseSync {
  const version = versionOf(database);
  if (version === storeSchemaVersion) return database;
  if (version < storeSchemaVersion) {
    database.close();
    migrateStore(dir, version);
    return connect(join(dir, 'run.db'), readOnly);
  }
  const maker = readMeta(database, 'version') as string;
  throw new StoreError(
    'newer',
    `${dir} was made by rlm-gym ${maker} (store schema ${version}); this is rlm-gym ${packageVersion}, which reads up to ${storeSchemaVersion}`,
    { next: `npm install rlm-gym@${maker} or newer, and run the command again` },
  );
}

function readMeta(database: DatabaseSync, key: string): unknown {
  const row = database.prepare('SELECT value FROM meta WHERE key = ?').get(key);
  return row ? (JSON.parse(String(row.value)) as unknown) : undefined;
}

function readEpisode(record: Uint8Array, dir: string): Episode {
  const episode = unpack(record) as Episode;
  if (episode.schema <= episodeSchemaVersion) return episode;
  throw new StoreError('newer', `${dir}: episode ${episode.id} has schema ${String(episode.schema)}`, {
    next: `npm install rlm-gym@latest (this one reads up to ${episodeSchemaVersion}), and run the command again`,
  });
}

function missing(dir: string): StoreError {
  return new StoreError('missing', `there is no run in ${dir} (no run.db with tables)`, {
    next: 'make one with: rlm-gym rollout CONFIG, or name its directory',
  });
}
