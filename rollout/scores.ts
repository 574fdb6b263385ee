import type { DatabaseSync } from 'node:sqlite';
import type { Episode } from '../env/episode.ts';
import { StoreError } from './store-error.ts';

/** One way the episodes of a run were judged. Version 1 is the run's own, made while it was played. */
export interface ScoreVersion {
  readonly version: number;
  /** The rubric, as in a config's `reward`. */
  readonly reward: unknown;
  /** ISO time. */
  readonly createdAt: string;
}

export interface EpisodeScore {
  readonly episodeId: string;
  readonly reward: Episode['reward'];
  readonly components: Episode['components'];
}

/** The tables `scores` and `score_versions` of a run: what each version of the rubric made of each episode. */
export class ScoreTable {
  readonly #database: DatabaseSync;
  readonly #dir: string;

  constructor(database: DatabaseSync, dir: string) {
    this.#database = database;
    this.#dir = dir;
  }

  versions(): ScoreVersion[] {
    const rows = this.#database
      .prepare('SELECT version, reward, created_at AS createdAt FROM score_versions ORDER BY version')
      .all() as unknown as (Omit<ScoreVersion, 'reward'> & { reward: string })[];
    return rows.map((row) => ({ ...row, reward: JSON.parse(row.reward) as unknown }));
  }

  get newest(): number {
    return Number(this.#database.prepare('SELECT coalesce(max(version), 1) AS n FROM score_versions').get()?.n);
  }

  /** The version asked for, or the newest. Throws a StoreError for one that is not there. */
  choose(version?: number): ScoreVersion {
    const versions = this.versions();
    const found = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version);
    if (found) return found;
    throw new StoreError('missing', `${this.#dir} has no score version ${version}`, {
      next: `choose one of: ${versions.map((one) => one.version).join(', ')}; rlm-gym rescore makes a new one`,
    });
  }

  /** An episode as that version judged it; not scored where it was not there to be judged. */
  apply(episode: Episode, version: number): Episode {
    // The record is what version 1 found.
    if (version === 1) return episode;
    const row = this.#database
      .prepare('SELECT reward, components FROM scores WHERE episode_id = ? AND version = ?')
      .get(episode.id, version);
    if (!row) return { ...episode, reward: null, components: {} };
    const components = JSON.parse(String(row.components)) as Episode['components'];
    return { ...episode, reward: row.reward as number | null, components };
  }

  /** The number of a version to come; what an interrupted one left is removed. */
  begin(): number {
    const version = this.newest + 1;
    this.#database.prepare('DELETE FROM scores WHERE version >= ?').run(version);
    return version;
  }

  add(version: number, scores: readonly EpisodeScore[]): void {
    this.#transaction(() => {
      const put = this.#database.prepare(insertScore);
      for (const { episodeId, reward, components } of scores)
        put.run(...scoreValues(episodeId, version, reward, components));
    });
  }

  /** Makes a version the newest: from now on the columns of `episodes` show its scores. */
  finish(version: number, reward: unknown): void {
    this.#transaction(() => {
      this.#database
        .prepare('INSERT INTO score_versions (version, reward, created_at) VALUES (?, ?, ?)')
        .run(version, JSON.stringify(reward), new Date().toISOString());
      this.#database
        .prepare(
          `UPDATE episodes SET (reward, correctness) =
             (SELECT s.reward, s.correctness FROM scores s WHERE s.episode_id = episodes.id AND s.version = ?)`,
        )
        .run(version);
    });
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

export const insertScore =
  'INSERT OR REPLACE INTO scores (episode_id, version, reward, correctness, components) VALUES (?, ?, ?, ?, ?)';

export function scoreValues(
  episodeId: string,
  version: number,
  reward: Episode['reward'],
  components: Episode['components'],
): [string, number, number | null, number | null, string] {
  return [episodeId, version, reward, components.correctness?.value ?? null, JSON.stringify(components)];
}

/**
 * The table `episodes` as a score version sees it, to stand after FROM: all columns but the record, `reward` and
 * `correctness` of that version.
 */
export function episodesAt(version: number): string {
  if (!Number.isSafeInteger(version)) throw new RangeError(`${version} is no score version`);
  const columns =
    'id task_order task_id family round idx stop_reason stop_class terminated truncated void strategy root_turns subcalls texts cells prompt_tokens completion_tokens usd attempt context_chars final_answer';
  return `(SELECT ${columns
    .split(' ')
    .map((column) => `e.${column}`)
    .join(', ')}, s.reward AS reward, s.correctness AS correctness
    FROM episodes e LEFT JOIN scores s ON s.episode_id = e.id AND s.version = ${version})`;
}
