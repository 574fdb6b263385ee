import type { DatabaseSync } from 'node:sqlite';
import { episodesAt } from '../rollout/scores.ts';
import type { Candidate } from './curate.ts';

/** The queryable columns of an episode, and the split of its task. */
export interface EpisodeSummary extends Candidate {
  readonly family: string;
  readonly strategy: string | null;
  readonly split: string;
}

/**
 * All episodes of a run, void ones included, in the order of (task, round, index), as a score version sees them; no record
 * is read.
 */
export function readSummaries(database: DatabaseSync, scoreVersion: number): EpisodeSummary[] {
  const rows = database
    .prepare(
      `SELECT e.id AS episodeId, e.task_id AS taskId, e.round, e.idx AS "index", e.reward, e.correctness, e.usd,
         e.prompt_tokens + e.completion_tokens AS tokens, e.stop_class AS stopClass, e.stop_reason AS stopReason,
         e.family, e.strategy, e.root_turns AS rootTurns, e.subcalls, coalesce(t.split, 'train') AS split
       FROM ${episodesAt(scoreVersion)} e LEFT JOIN tasks t ON t.id = e.task_id ORDER BY e.task_order, e.round, e.idx`,
    )
    .all() as unknown as Omit<EpisodeSummary, 'groupId'>[];
  return rows.map((row) => ({ ...row, groupId: groupIdOf(row.episodeId) }));
}

/** The id of an episode's group: `run/round/task` of `run/round/task/index`. */
export function groupIdOf(episodeId: string): string {
  return episodeId.slice(0, episodeId.lastIndexOf('/'));
}
