/** Advantage columns of one episode; null where its group cannot give them. */
export interface Advantages {
  /** r − mean (Dr. GRPO, arXiv 2503.20783). */
  readonly adv_mean: number | null;
  /** (r − mean) / (population std + eps), as ART, Atropos and rLLM have it. */
  readonly adv_grpo_std_pop: number | null;
  /** (r − mean) / (sample std + eps), as TRL and SkyRL have it (`torch.std`). */
  readonly adv_grpo_std_sample: number | null;
  /** r − mean of the others (arXiv 2402.14740). */
  readonly adv_rloo: number | null;
}

export interface GroupAdvantages {
  /** Members with a reward. */
  readonly group_scored: number;
  /** Mean reward of the scored members; null where there is none. */
  readonly group_mean: number | null;
  /** All scored members have the same reward (within the tolerance): the group teaches nothing. null where none is scored. */
  readonly group_uniform: boolean | null;
  /** One for each reward given, in order. */
  readonly members: readonly Advantages[];
}

export interface AdvantageOptions {
  /** Added to a standard deviation before dividing by it. @default 1e-6 */
  readonly eps?: number;
  /** Rewards this close are the same; judges give floats. @default 1e-6 */
  readonly tolerance?: number;
}

const none: Advantages = { adv_mean: null, adv_grpo_std_pop: null, adv_grpo_std_sample: null, adv_rloo: null };

/**
 * Advantages within one group (the episodes of one task and round). Trainers differ in the estimator, so each is a column
 * of its own name. Members without a reward (null) take no part and get nulls.
 *
 * A uniform group gets exact zeros. A group with one scored member has no one to be compared with: its mean is its own
 * reward, so `adv_mean` and `adv_grpo_std_pop` are 0, and what divides by n − 1 (`adv_grpo_std_sample`, `adv_rloo`) is
 * null. (SkyRL and rLLM give such a member its raw reward, ART 0.)
 */
export function advantages(rewards: readonly (number | null)[], options: AdvantageOptions = {}): GroupAdvantages {
  const { eps = 1e-6, tolerance = 1e-6 } = options;
  const scored = rewards.filter((reward) => reward !== null);
  const count = scored.length;
  if (count === 0) return { group_scored: 0, group_mean: null, group_uniform: null, members: rewards.map(() => none) };

  const mean = scored.reduce((sum, reward) => sum + reward, 0) / count;
  const uniform = Math.max(...scored) - Math.min(...scored) <= tolerance;
  const squares = scored.reduce((sum, reward) => sum + (reward - mean) ** 2, 0);
  const populationStd = Math.sqrt(squares / count);
  const sampleStd = Math.sqrt(squares / (count - 1));

  const members = rewards.map((reward): Advantages => {
    if (reward === null) return none;
    const difference = uniform ? 0 : reward - mean;
    return {
      adv_mean: difference,
      adv_grpo_std_pop: difference === 0 ? 0 : difference / (populationStd + eps),
      adv_grpo_std_sample: count === 1 ? null : difference === 0 ? 0 : difference / (sampleStd + eps),
      adv_rloo: count === 1 ? null : (difference * count) / (count - 1),
    };
  });
  return { group_scored: count, group_mean: mean, group_uniform: uniform, members };
}
