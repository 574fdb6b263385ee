import { clusterBootstrap, passAtK } from '../../reward/statistics.ts';
import type { RunStore } from '../../rollout/store.ts';
import { packageVersion } from '../../rollout/version.ts';
import { reportSchemaVersion, untold, type Example, type NamedSummary, type ReportData, type Summary } from './data.ts';
import { spread } from './figures.ts';
import {
  readAttempts,
  readCounts,
  readExampleIds,
  readExport,
  readFailures,
  readFigures,
  readUnscored,
  type EpisodeFigures,
} from './queries.ts';

export interface ReportOptions {
  /** Which export's waterfall to show; the latest one without it. */
  readonly exportId?: string;
  /** Which version of the scores to show; the newest without it. */
  readonly scoreVersion?: number;
}

/**
 * Sums a run up. Every count is a count by SQL over the run's store; figures are over scored episodes alone. Equal runs
 * give equal reports.
 */
export function buildReport(store: RunStore, options: ReportOptions = {}): ReportData {
  const { database, config } = store;
  const { correctAt } = config.export.curate;
  const { version: scoreVersion } = store.scores.choose(options.scoreVersion);
  const episodes = readFigures(database, scoreVersion);
  const planned = store.taskCount * config.rollout.group * config.rollout.rounds;
  const sum = (members: readonly EpisodeFigures[]): Summary => summarise(members, correctAt);
  const by = (key: (one: EpisodeFigures) => string): NamedSummary[] =>
    [...Map.groupBy(episodes, key)].sort(byName).map(([name, members]) => ({ name, ...sum(members) }));
  const examples = readExampleIds(database, scoreVersion);

  return {
    schema: reportSchemaVersion,
    run: {
      name: config.name,
      id: store.runId,
      configHash: store.configHash,
      seed: config.seed,
      scoreVersion,
      madeBy: madeBy(store),
      reportedBy: packageVersion,
      node: process.version,
    },
    counts: readCounts(database, { planned, correctAt, scoreVersion }),
    overall: sum(episodes),
    families: by((one) => one.family),
    strategies: by((one) => one.strategy ?? untold),
    pairs: [...Map.groupBy(episodes, (one) => one.family)]
      .sort(byName)
      .flatMap(([family, members]) =>
        [...Map.groupBy(members, (one) => one.strategy ?? untold)]
          .sort(byName)
          .map(([name, pair]) => ({ family, name, ...sum(pair) })),
      ),
    passAtK: passes(episodes, correctAt, config.rollout.group * config.rollout.rounds),
    failures: readFailures(database),
    unscored: readUnscored(database, scoreVersion),
    attempts: readAttempts(database),
    export: readExport(database, options.exportId),
    good: example(store, examples.good, scoreVersion),
    bad: example(store, examples.bad, scoreVersion),
    config,
  };
}

function summarise(members: readonly EpisodeFigures[], correctAt: number): Summary {
  const scored = members.filter((one) => one.reward !== null && one.void === 0);
  const voids = members.filter((one) => one.void === 1).length;
  const right = (one: EpisodeFigures): boolean => one.correctness !== null && one.correctness >= correctAt;
  const tasks = [...Map.groupBy(scored, (one) => one.taskId).values()];
  const priced = members.filter((one) => one.usd !== null);
  return {
    tasks: new Set(members.map((one) => one.taskId)).size,
    episodes: members.length,
    scored: scored.length,
    void: voids,
    unscored: members.length - scored.length - voids,
    correct: scored.filter(right).length,
    reward: clusterBootstrap(tasks.map((task) => task.map((one) => one.reward!))),
    correctness: clusterBootstrap(tasks.map((task) => task.map((one) => Number(right(one))))),
    rootTurns: spread(scored.map((one) => one.rootTurns)),
    subcalls: spread(scored.map((one) => one.subcalls)),
    tokens: spread(scored.map((one) => one.tokens)),
    usd: { total: priced.reduce((total, one) => total + one.usd!, 0), priced: priced.length },
  };
}

/** pass@k for k = 1, 2, 4, … up to the episodes a task has. */
function passes(episodes: readonly EpisodeFigures[], correctAt: number, most: number): ReportData['passAtK'] {
  const scored = episodes.filter((one) => one.reward !== null && one.void === 0);
  const families = [...new Set(scored.map((one) => one.family))].sort();
  const wanted: (string | null)[] = families.length > 1 ? [null, ...families] : families;
  return wanted.flatMap((family) => {
    const members = scored.filter((one) => family === null || one.family === family);
    const tasks = [...Map.groupBy(members, (one) => one.taskId).values()].map((task) => ({
      n: task.length,
      correct: task.filter((one) => one.correctness !== null && one.correctness >= correctAt).length,
    }));
    return powersOfTwo(most).flatMap((k) => {
      const passed = tasks.filter(({ n }) => n >= k).map(({ n, correct }) => [passAtK(n, correct, k)!]);
      return passed.length === 0 ? [] : [{ family, k, tasks: passed.length, pass: clusterBootstrap(passed) }];
    });
  });
}

function powersOfTwo(most: number): number[] {
  const powers: number[] = [];
  for (let k = 1; k <= most && k <= 1024; k *= 2) powers.push(k);
  return powers;
}

function madeBy(store: RunStore): string {
  const version = store.meta('version');
  return typeof version === 'string' ? version : 'unknown';
}

function example(store: RunStore, id: string | null, scoreVersion: number): Example | null {
  const episode = id === null ? undefined : store.episode(id, { scoreVersion });
  if (!episode) return null;
  const gold = store.task(episode.taskId)?.answer;
  return { episode, gold: gold === undefined ? null : Array.isArray(gold) ? gold.join(' · ') : String(gold) };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
