import type { CurateConfig } from '../configs/schema.ts';

/** What curation needs to know of an episode; nothing of its texts. */
export interface Candidate {
  readonly episodeId: string;
  readonly groupId: string;
  readonly taskId: string;
  readonly index: number;
  readonly round: number;
  /** null: not scored. */
  readonly reward: number | null;
  /** The `correctness` component; null where the rubric has none or could not judge. */
  readonly correctness: number | null;
  /** Dollars; null where no price is known. */
  readonly usd: number | null;
  /** Prompt and completion tokens of all texts. */
  readonly tokens: number;
  /** Texts of the root. */
  readonly rootTurns: number;
  readonly subcalls: number;
  readonly stopClass: 'answer' | 'policy' | 'infra';
  readonly stopReason: string;
}

/**
 * Why an episode is left out: `void` (the infrastructure failed), `unscored` (no scorer could judge it), or the name
 * of the curation rule, in the order in which they are applied.
 */
export const curationRules = [
  'void',
  'unscored',
  'pass_rate',
  'stop_reason',
  'correct_only',
  'min_reward',
  'max_turns',
  'max_subcalls',
  'max_tokens',
  'max_usd',
  'best_n',
  'cap_per_task',
] as const;
export type CurationRule = (typeof curationRules)[number];

/** The rules that a config switches on, in order. */
export function activeRules(config: CurateConfig): CurationRule[] {
  const on: Record<CurationRule, boolean> = {
    void: true,
    unscored: true,
    pass_rate: config.passRate !== null,
    stop_reason: config.stopReasons !== null,
    correct_only: config.correctOnly,
    min_reward: config.minReward !== null,
    max_turns: config.maxTurns !== null,
    max_subcalls: config.maxSubcalls !== null,
    max_tokens: config.maxTokens !== null,
    max_usd: config.maxUsd !== null,
    best_n: config.bestN !== null,
    cap_per_task: config.capPerTask !== null,
  };
  return curationRules.filter((rule) => on[rule]);
}

/** One line of the ledger: what became of an episode, and by which rule. */
export interface LedgerRow {
  readonly episodeId: string;
  readonly kept: boolean;
  /** null where it is kept. */
  readonly rule: CurationRule | null;
  readonly detail: string | null;
}

/** One step of the waterfall: how many episodes a rule met, and how many it dropped. */
export interface WaterfallStep {
  readonly rule: CurationRule;
  readonly before: number;
  readonly dropped: number;
}

export interface Curation {
  /** One row a candidate, in the order they came. */
  readonly ledger: LedgerRow[];
  /** The rules that apply, in order; those a config does not switch on are left out. */
  readonly waterfall: WaterfallStep[];
  readonly kept: number;
}

/**
 * Decides which episodes are kept. Rules act in the order of {@link curationRules}, each on what the ones before it
 * left; an episode is named in the ledger by the first rule that dropped it. A task's pass rate is the share of its scored
 * episodes, over all rounds, whose correctness is at least `correctAt`. Best-n orders a group, and the cap a
 * task, by reward (high first), then cost (dollars where they are known of all of them, else tokens), then round and index, so that
 * equal runs keep equal episodes.
 */
export function curate(candidates: readonly Candidate[], config: CurateConfig): Curation {
  const dropped = new Map<string, { rule: CurationRule; detail: string }>();
  const waterfall: WaterfallStep[] = [];
  let left: readonly Candidate[] = candidates;
  const apply = (rule: CurationRule, reason: (candidate: Candidate) => string | null): void => {
    const before = left.length;
    left = left.filter((candidate) => {
      const detail = reason(candidate);
      if (detail !== null) dropped.set(candidate.episodeId, { rule, detail });
      return detail === null;
    });
    waterfall.push({ rule, before, dropped: before - left.length });
  };

  apply('void', (one) => (one.stopClass === 'infra' ? one.stopReason : null));
  apply('unscored', (one) => (one.reward === null ? 'the reward is null' : null));
  const { passRate, stopReasons } = config;
  if (passRate !== null) {
    const rates = passRates(left, config.correctAt);
    apply('pass_rate', ({ taskId }) => outside(rates.get(taskId), passRate));
  }
  if (stopReasons !== null) {
    apply('stop_reason', ({ stopReason }) => (stopReasons.includes(stopReason) ? null : stopReason));
  }
  if (config.correctOnly) {
    apply('correct_only', ({ correctness }) => {
      if (correctness === null) return 'there is no correctness';
      return correctness < config.correctAt ? `correctness ${correctness} < ${config.correctAt}` : null;
    });
  }
  const { minReward } = config;
  if (minReward !== null) {
    apply('min_reward', ({ reward }) => (reward! < minReward ? `reward ${reward} < ${minReward}` : null));
  }
  const atMost = (
    rule: CurationRule,
    most: number | null,
    what: string,
    of: (one: Candidate) => number | null,
  ): void => {
    if (most === null) return;
    apply(rule, (one) => {
      const used = of(one);
      if (used === null) return `no ${what} are known`;
      return used > most ? `${used} ${what} > ${most}` : null;
    });
  };
  atMost('max_turns', config.maxTurns, 'turns', (one) => one.rootTurns);
  atMost('max_subcalls', config.maxSubcalls, 'sub-calls', (one) => one.subcalls);
  atMost('max_tokens', config.maxTokens, 'tokens', (one) => one.tokens);
  atMost('max_usd', config.maxUsd, 'dollars', (one) => one.usd);
  if (config.bestN !== null) {
    const rank = ranks(left, (one) => one.groupId);
    apply('best_n', (one) => beyond(rank, one, config.bestN!, 'group'));
  }
  if (config.capPerTask !== null) {
    const rank = ranks(left, (one) => one.taskId);
    apply('cap_per_task', (one) => beyond(rank, one, config.capPerTask!, 'task'));
  }

  const ledger = candidates.map<LedgerRow>(({ episodeId }) => {
    const drop = dropped.get(episodeId);
    return { episodeId, kept: !drop, rule: drop?.rule ?? null, detail: drop?.detail ?? null };
  });
  return { ledger, waterfall, kept: left.length };
}

/** Share of correct episodes by task, over those whose correctness is known. */
function passRates(candidates: readonly Candidate[], correctAt: number): Map<string, number> {
  const judged = candidates.filter((one) => one.correctness !== null);
  const rates = new Map<string, number>();
  for (const [task, members] of Map.groupBy(judged, (one) => one.taskId)) {
    rates.set(task, members.filter((one) => one.correctness! >= correctAt).length / members.length);
  }
  return rates;
}

function outside(rate: number | undefined, { low, high }: { low: number; high: number }): string | null {
  if (rate === undefined) return 'no episode of its task has a correctness';
  return rate < low || rate > high
    ? `pass rate ${Number(rate.toFixed(4))} of its task is not in [${low}, ${high}]`
    : null;
}

function beyond(rank: ReadonlyMap<Candidate, number>, one: Candidate, limit: number, of: string): string | null {
  const place = rank.get(one)!;
  return place > limit ? `place ${place} of its ${of}; ${limit} are kept` : null;
}

/** Each candidate's place among those of its key, from 1. */
function ranks(candidates: readonly Candidate[], key: (one: Candidate) => string): Map<Candidate, number> {
  const places = new Map<Candidate, number>();
  for (const members of Map.groupBy(candidates, key).values()) {
    const priced = members.every((one) => one.usd !== null);
    const better = (a: Candidate, b: Candidate): number =>
      b.reward! - a.reward! ||
      (priced ? a.usd! - b.usd! : 0) ||
      a.tokens - b.tokens ||
      a.round - b.round ||
      a.index - b.index;
    members.sort(better).forEach((one, at) => places.set(one, at + 1));
  }
  return places;
}
