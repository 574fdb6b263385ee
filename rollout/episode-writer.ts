import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Episode } from '../env/episode.ts';
import { pack } from './blob.ts';
import { insertScore, scoreValues } from './scores.ts';
import { isDiskError, toStoreError } from './store-error.ts';

export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number;
  /** A name out of `infraFailures`. */
  readonly failure: string;
  readonly message: string;
  /** ISO time; now without it. */
  readonly at?: string;
}

export interface PutOptions {
  /** Which attempt this record is of, from 1. */
  readonly attempt?: number;
  /** Earlier attempts that infrastructure failed. Those noted already are left alone. */
  readonly failures?: readonly FailedAttempt[];
}

/** Characters of the answer kept in a column; the record has all of it. */
const answerColumnChars = 1_000;
const messageColumnChars = 2_000;

interface Job {
  readonly work: () => boolean;
  readonly resolve: (kept: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** A commit waits for the disk and holds everything else up meanwhile, so they are at least this far apart. */
const commitEveryMs = 10;

/**
 * Writes episodes and attempts many to a transaction: a third of the cost of a transaction each, and as durable, because
 * a promise resolves only after its commit.
 */
export class EpisodeWriter {
  readonly #database: DatabaseSync;
  readonly #dir: string;
  #jobs: Job[] = [];
  #scheduled = false;
  #committed = Number.NEGATIVE_INFINITY;
  #statements: Record<'episode' | 'attempt' | 'score' | 'unscore', StatementSync> | null = null;

  constructor(database: DatabaseSync, dir: string) {
    this.#database = database;
    this.#dir = dir;
  }

  put(episode: Episode, { attempt = 1, failures = [] }: PutOptions): Promise<boolean> {
    // Packed now: the record may change after the call.
    const record = pack(episode);
    const { cost, stop, final } = episode;
    const score = scoreValues(episode.id, 1, episode.reward, episode.components);
    const values = {
      id: episode.id,
      task_id: episode.taskId,
      family: episode.family,
      round: episode.round,
      idx: episode.index,
      reward: episode.reward,
      correctness: episode.components.correctness?.value ?? null,
      stop_reason: stop.reason,
      stop_class: stop.class,
      terminated: Number(episode.terminated),
      truncated: Number(episode.truncated),
      void: Number(stop.class === 'infra'),
      strategy: episode.metrics.policy_strategy === undefined ? null : String(episode.metrics.policy_strategy),
      root_turns: cost.rootTurns,
      subcalls: cost.subcalls,
      texts: cost.texts,
      cells: cost.cells,
      prompt_tokens: cost.promptTokens,
      completion_tokens: cost.completionTokens,
      usd: cost.usd,
      attempt,
      context_chars: episode.context.chars,
      final_answer: final ? final.answer.slice(0, answerColumnChars).toWellFormed() : null,
      record,
    };
    return this.#enqueue(() => {
      for (const failed of failures) this.#insertAttempt(episode.id, failed);
      const prepared = this.#prepared();
      if (prepared.episode.run(values).changes === 0) return false;
      // Other versions judged the record that this one replaces.
      prepared.unscore.run(episode.id);
      prepared.score.run(...score);
      return true;
    });
  }

  async putAttempt(failed: FailedAttempt & { readonly episodeId: string }): Promise<void> {
    await this.#enqueue(() => this.#insertAttempt(failed.episodeId, failed));
  }

  /** Commits what is waiting; called when it is time, and once more before the database is closed. */
  flush(): void {
    this.#scheduled = false;
    const jobs = this.#jobs;
    if (jobs.length === 0) return;
    this.#jobs = [];
    // One that cannot be written must not take the others of its tick with it; a full disk fails them all.
    if (!this.#commit(jobs, jobs.length === 1)) for (const job of jobs) this.#commit([job], true);
    this.#committed = performance.now();
  }

  #commit(jobs: readonly Job[], last: boolean): boolean {
    const kept: boolean[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const job of jobs) kept.push(job.work());
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      if (!last && !isDiskError(error)) return false;
      const told = toStoreError(error, this.#dir);
      for (const job of jobs) job.reject(told);
      return true;
    }
    jobs.forEach((job, at) => job.resolve(kept[at] ?? false));
    return true;
  }

  #enqueue(work: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      const wait = this.#committed + commitEveryMs - performance.now();
      if (wait <= 0) setImmediate(() => this.flush());
      else setTimeout(() => this.flush(), wait);
    });
  }

  #insertAttempt(episodeId: string, failed: FailedAttempt): boolean {
    const { attempt, failure, message, at = new Date().toISOString() } = failed;
    const text = message.slice(0, messageColumnChars).toWellFormed();
    return this.#prepared().attempt.run(episodeId, attempt, failure, text, at).changes > 0;
  }

  #rollBack(): void {
    try {
      // SQLite may have rolled back by itself (a full disk).
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The first error is the one to tell.
    }
  }

  #prepared(): Record<'episode' | 'attempt' | 'score' | 'unscore', StatementSync> {
    this.#statements ??= {
      episode: this.#database.prepare(insertEpisode),
      score: this.#database.prepare(insertScore),
      unscore: this.#database.prepare('DELETE FROM scores WHERE episode_id = ?'),
      attempt: this.#database.prepare(
        'INSERT OR IGNORE INTO attempts (episode_id, attempt, failure, message, at) VALUES (?, ?, ?, ?, ?)',
      ),
    };
    return this.#statements;
  }
}

const columns =
  'id task_id family round idx reward correctness stop_reason stop_class terminated truncated void strategy root_turns subcalls texts cells prompt_tokens completion_tokens usd attempt context_chars final_answer record'.split(
    ' ',
  );

/** A run that was judged anew shows the newest scores, and an episode played after that has none of those yet. */
function valueOf(column: string): string {
  if (column !== 'reward' && column !== 'correctness') return `$${column}`;
  return `CASE WHEN (SELECT max(version) FROM score_versions) > 1 THEN NULL ELSE $${column} END`;
}

/**
 * An episode that ended replaces a void one, and one whose attempt started earlier replaces one that started later
 * (the first to finish would favour short answers). A void one replaces a void one alone.
 */
const insertEpisode = `
INSERT INTO episodes (task_order, ${columns.join(', ')})
VALUES ((SELECT ord FROM tasks WHERE tasks.id = $task_id), ${columns.map(valueOf).join(', ')})
ON CONFLICT (id) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}
WHERE (excluded.void = 1 AND episodes.void = 1)
   OR (excluded.void = 0 AND (episodes.void = 1 OR excluded.attempt < episodes.attempt))`;
