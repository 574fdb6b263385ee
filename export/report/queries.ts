import type { DatabaseSync } from 'node:sqlite';
import { episodesAt } from '../../rollout/scores.ts';
import { curateConfigSchema, type CurateConfig } from '../../configs/schema.ts';
import { activeRules } from '../curate.ts';
import type { ReportData } from './data.ts';

/** The columns of an episode that figures are taken from. */
export interface EpisodeFigures {
  readonly taskId: string;
  readonly family: string;
  readonly strategy: string | null;
  readonly reward: number | null;
  readonly correctness: number | null;
  readonly void: number;
  readonly rootTurns: number;
  readonly subcalls: number;
  readonly tokens: number;
  readonly usd: number | null;
}

export function readFigures(database: DatabaseSync, scoreVersion: number): EpisodeFigures[] {
  return database
    .prepare(
      `SELECT task_id AS taskId, family, strategy, reward, correctness, void, root_turns AS rootTurns, subcalls,
         prompt_tokens + completion_tokens AS tokens, usd
       FROM ${episodesAt(scoreVersion)} ORDER BY task_order, round, idx`,
    )
    .all() as unknown as EpisodeFigures[];
}

export function readCounts(
  database: DatabaseSync,
  of: { readonly planned: number; readonly correctAt: number; readonly scoreVersion: number },
): ReportData['counts'] {
  const { planned, correctAt, scoreVersion } = of;
  const row = database
    .prepare(
      `SELECT count(*) AS episodes,
         coalesce(sum(void), 0) AS "void",
         count(*) FILTER (WHERE reward IS NOT NULL AND void = 0) AS scored,
         count(*) FILTER (WHERE reward IS NULL AND void = 0) AS unscored,
         count(*) FILTER (WHERE reward IS NOT NULL AND void = 0 AND correctness >= ?) AS correct,
         count(*) FILTER (WHERE stop_class = 'answer') AS answered,
         count(*) FILTER (WHERE stop_class = 'policy') AS policyFailed,
         count(*) FILTER (WHERE subcalls > 0) AS withSubcalls
       FROM ${episodesAt(scoreVersion)}`,
    )
    .get(correctAt) as Omit<ReportData['counts'], 'tasks' | 'planned' | 'failedAttempts'>;
  return {
    ...row,
    tasks: countOf(database, 'SELECT count(*) AS n FROM tasks'),
    planned,
    failedAttempts: countOf(database, 'SELECT count(*) AS n FROM attempts'),
  };
}

export function readFailures(database: DatabaseSync): ReportData['failures'] {
  return plain(
    database
      .prepare(
        `SELECT stop_class AS class, stop_reason AS reason, count(*) AS episodes FROM episodes
         WHERE stop_class <> 'answer' GROUP BY 1, 2 ORDER BY 1 DESC, 3 DESC, 2`,
      )
      .all(),
  );
}

/** Why episodes are unscored: the component that could not judge, and its reason; the ten most frequent. */
export function readUnscored(database: DatabaseSync, scoreVersion: number): ReportData['unscored'] {
  return plain(
    database
      .prepare(
        `SELECT c.key AS component, coalesce(json_extract(c.value, '$.why'), 'no reason was given') AS why,
           count(*) AS episodes
         FROM episodes e JOIN scores s ON s.episode_id = e.id AND s.version = ?, json_each(s.components) c
         WHERE e.void = 0 AND s.reward IS NULL AND json_extract(c.value, '$.value') IS NULL
         GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 10`,
      )
      .all(scoreVersion),
  );
}

export function readAttempts(database: DatabaseSync): ReportData['attempts'] {
  return plain(
    database
      .prepare(
        `SELECT failure, count(*) AS attempts, count(DISTINCT episode_id) AS episodes FROM attempts
         GROUP BY failure ORDER BY 2 DESC, 1`,
      )
      .all(),
  );
}

/** The export of that id, or the latest one; null where there is none. */
export function readExport(database: DatabaseSync, exportId?: string): ReportData['export'] {
  const found = database
    .prepare(
      'SELECT export_id AS id, options FROM exports WHERE ?1 IS NULL OR export_id = ?1 ORDER BY created_at DESC, format LIMIT 1',
    )
    .get(exportId ?? null) as { id: string; options: string | null } | undefined;
  if (!found) {
    if (exportId === undefined) return null;
    throw new Error(`there is no export "${exportId}" in this run; the latest one is used without that option`);
  }
  const { id } = found;
  const byRule = new Map(
    database
      .prepare('SELECT rule, count(*) AS n FROM ledger WHERE export_id = ? AND kept = 0 GROUP BY rule')
      .all(id)
      .map((row) => [String(row['rule']), Number(row['n'])]),
  );
  const ledger = database
    .prepare('SELECT count(*) AS n, coalesce(sum(kept), 0) AS kept FROM ledger WHERE export_id = ?')
    .get(id) as { n: number; kept: number };
  const rules: string[] = activeRules(curateOf(found.options));
  for (const rule of byRule.keys()) if (!rules.includes(rule)) rules.push(rule);
  let left = ledger.n;
  const waterfall = rules.map((rule) => {
    const before = left;
    const dropped = byRule.get(rule) ?? 0;
    left -= dropped;
    return { rule, before, dropped };
  });
  return {
    id,
    kept: ledger.kept,
    dropped: ledger.n - ledger.kept,
    waterfall,
    formats: plain(
      database.prepare('SELECT format, rows, episodes FROM exports WHERE export_id = ? ORDER BY format').all(id),
    ),
  };
}

/** Ids of an episode that went well (with sub-calls where there is one) and of one that went badly, both short. */
export function readExampleIds(
  database: DatabaseSync,
  scoreVersion: number,
): { good: string | null; bad: string | null } {
  const one = (order: string, where = 'TRUE'): { id: string; reward: number } | undefined =>
    database
      .prepare(
        `SELECT id, reward FROM ${episodesAt(scoreVersion)} WHERE reward IS NOT NULL AND void = 0 AND ${where}
         ORDER BY ${order}, prompt_tokens + completion_tokens, id LIMIT 1`,
      )
      .get() as { id: string; reward: number } | undefined;
  const good = one('reward DESC, subcalls > 0 DESC');
  const bad = one('reward, root_turns > 1 DESC, subcalls > 0 DESC');
  return { good: good?.id ?? null, bad: bad && good && bad.reward < good.reward ? bad.id : null };
}

function curateOf(options: string | null): CurateConfig {
  const parsed = options === null ? {} : (JSON.parse(options) as { curate?: unknown });
  return curateConfigSchema.parse(parsed.curate ?? {});
}

function countOf(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.['n'] ?? 0);
}

/** node:sqlite's rows have no prototype; these have. */
function plain<Row>(rows: readonly object[]): Row[] {
  return rows.map((row) => ({ ...row }) as Row);
}
