import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { canonical } from '../configs/schema.ts';
import type { Task } from '../datasets/task.ts';
import type { ContextStore, PreparedContext } from '../env/context.ts';
import { pack, unpack } from './blob.ts';
import { StoreError } from './store-error.ts';

/** A task without its context's text; `context.path` is the file that holds it. */
export type StoredTask = Omit<Task, 'context'> & {
  /** Place among the run's tasks, from 0. */
  readonly order: number;
  readonly context: PreparedContext;
};

type Facts = Omit<PreparedContext, 'path'>;

/** The tables `tasks` and `contexts` of a run. */
export class TaskTable {
  readonly #database: DatabaseSync;
  readonly #contexts: ContextStore;
  readonly #dir: string;

  constructor(database: DatabaseSync, contexts: ContextStore, dir: string) {
    this.#database = database;
    this.#contexts = contexts;
    this.#dir = dir;
  }

  get count(): number {
    return Number(this.#database.prepare('SELECT count(*) AS n FROM tasks').get()?.n ?? 0);
  }

  add(tasks: Iterable<Task>): void {
    const database = this.#database;
    const digestOf = database.prepare('SELECT digest FROM tasks WHERE id = ?');
    const putContext = database.prepare(
      'INSERT OR IGNORE INTO contexts (hash, type, chars, bytes, tokens, facts) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const putTask = database.prepare(
      `INSERT INTO tasks (ord, id, family, split, scorer, answer_type, query, context_hash, context_chars, digest, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    database.exec('BEGIN IMMEDIATE');
    try {
      let order = Number(database.prepare('SELECT coalesce(max(ord), -1) + 1 AS n FROM tasks').get()?.n);
      for (const task of tasks) {
        const { context, ...rest } = task;
        const { path: _path, ...facts } = this.#contexts.prepare(context);
        const digest = createHash('sha256')
          .update(`${facts.hash}\n${canonical(rest)}`)
          .digest('hex');
        const known = digestOf.get(task.id);
        if (known && known.digest !== digest) throw changed(task.id, this.#dir);
        if (known) continue;
        putContext.run(facts.hash, facts.type, facts.chars, facts.bytes, facts.tokens, pack(facts));
        const { id, family, split, scorer, answerType, query } = task;
        const columns = [id, family, split, scorer, answerType, query, facts.hash, facts.chars];
        putTask.run(order, ...columns, digest, pack(rest));
        order += 1;
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  *all(): Generator<StoredTask> {
    const page = this.#database.prepare(`${select} WHERE t.ord > ? ORDER BY t.ord LIMIT 64`);
    for (let after = -1; ;) {
      const rows = page.all(after) as unknown as Row[];
      for (const row of rows) yield this.#read(row);
      const last = rows.at(-1);
      if (!last) return;
      after = last.ord;
    }
  }

  get(id: string): StoredTask | undefined {
    const row = this.#database.prepare(`${select} WHERE t.id = ?`).get(id);
    return row && this.#read(row as unknown as Row);
  }

  load(id: string): Task {
    const stored = this.get(id);
    if (!stored) {
      throw new StoreError('missing', `${this.#dir} has no task "${id}"`, { next: 'list them: rlm-gym tasks --help' });
    }
    const { order: _order, context, ...rest } = stored;
    return { ...rest, context: this.#text(context, id) };
  }

  #text(context: PreparedContext, id: string): Task['context'] {
    const damaged = (what: string, cause?: unknown) =>
      new StoreError('damaged', `the context of task "${id}" ${what}: ${context.path}`, {
        cause,
        next: 'put the file back, or begin a new run: rlm-gym rollout CONFIG --run NEW_DIR',
      });
    let bytes: Buffer;
    try {
      bytes = readFileSync(context.path);
    } catch (error) {
      throw damaged('cannot be read', error);
    }
    const text = bytes.length === context.bytes ? bytes.toString('utf8') : null;
    if (text === null || text.length !== context.chars) throw damaged('is not as long as it was');
    const { offsets } = context;
    return offsets ? offsets.map((start, at) => text.slice(start, offsets[at + 1] ?? text.length)) : text;
  }

  #read(row: Row): StoredTask {
    const facts = unpack(row.facts) as Facts;
    const context = { ...facts, path: join(this.#contexts.dir, facts.hash) };
    const task = unpack(row.record) as Omit<Task, 'context'>;
    return { ...task, order: row.ord, context };
  }
}

const select =
  'SELECT t.ord AS ord, t.record AS record, c.facts AS facts FROM tasks t JOIN contexts c ON c.hash = t.context_hash';

interface Row {
  readonly ord: number;
  readonly record: Uint8Array;
  readonly facts: Uint8Array;
}

function changed(id: string, dir: string): StoreError {
  return new StoreError(
    'tasks_changed',
    `task "${id}" is not what it was when ${dir} was made: the text or the records that tasks are made from have changed`,
    { next: 'put those files back as they were, or begin a new run: rlm-gym rollout CONFIG --run NEW_DIR' },
  );
}
