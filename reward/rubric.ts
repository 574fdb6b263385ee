import { ConfigError, type Registry } from '../configs/registry.ts';
import type { JudgeQuestion, Outcome, RewardFunction } from '../env/environment.ts';
import { isCost, rewardFunctions, type Finding, type RewardComponent } from './components.ts';
import { scorers as shipped } from './scorers.ts';
import type { Scorer } from './scorers/scorer.ts';

/** A config's `reward`, as the schema gives it. */
export interface RubricConfig {
  readonly components: readonly {
    readonly name: string;
    readonly weight: number;
    /** Its name in the record; needed where a component is there twice. @default `name` */
    readonly as?: string | undefined;
    readonly [option: string]: unknown;
  }[];
}

export interface RubricParts {
  /** @default those that ship */
  readonly scorers?: Registry<Scorer>;
  /** @default those that ship */
  readonly components?: Registry<(options: never) => RewardComponent>;
}

interface Weighted {
  /** Its name in the record. */
  readonly name: string;
  readonly kind: string;
  readonly weight: number;
  readonly judge: RewardComponent;
}

/**
 * A reward function of named, weighted components. The reward is the sum of weight × value, not clamped and not divided
 * by the weights; each component's value, weight and reason is kept apart in the record. A component that could not be
 * judged (value null) makes the reward null, as does an episode that the infrastructure failed. Components may hold
 * processes: `close` ends them.
 *
 * Throws a ConfigError for unknown names and options, and where the costs together weigh as much as correctness: a
 * right answer could then be worth no more than a wrong one.
 */
export function createRubric(config: RubricConfig, parts: RubricParts = {}): RewardFunction {
  const { scorers = shipped, components = rewardFunctions } = parts;
  const weighted = config.components.map((entry, position) => open(entry, position, components));
  checkWeights(weighted);

  const reward: RewardFunction = async (outcome) => {
    const { stop } = outcome.episode;
    const correctness = stop.class === 'infra' ? unscored(stop.reason) : judgeAnswer(outcome, scorers);
    const found: Record<string, Finding & { weight: number }> = {};
    let sum: number | null = 0;
    for (const { name, weight, judge } of weighted) {
      const finding =
        stop.class === 'infra'
          ? unscored(stop.reason)
          : await safely(name, () => judge({ ...outcome, correctness, verdict: outcome.judged?.get(name) }));
      found[name] = { ...finding, weight };
      sum = sum === null || finding.value === null ? null : sum + weight * finding.value;
    }
    return { reward: sum, components: found };
  };
  return Object.assign(reward, {
    questions: (outcome: Outcome): JudgeQuestion[] =>
      weighted.flatMap(({ name, judge }) => {
        const messages = judge.question?.(outcome) ?? null;
        return messages === null ? [] : [{ id: name, messages }];
      }),
    close: async () => {
      await Promise.all(weighted.map(async ({ judge }) => judge.close?.()));
    },
  });
}

function open(
  entry: RubricConfig['components'][number],
  position: number,
  components: Registry<(options: never) => RewardComponent>,
): Weighted {
  const { name, weight, as = name, ...options } = entry;
  const where = `reward.components.${position}`;
  if (!components.has(name)) {
    throw new ConfigError(
      `${where}: there is no reward component "${name}"; choose one of: ${components.names.join(', ')}`,
    );
  }
  return {
    name: as,
    kind: name,
    weight,
    judge: components.get(name).make(components.parse(name, options, where) as never),
  };
}

function checkWeights(weighted: readonly Weighted[]): void {
  const names = weighted.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new ConfigError(
      `reward.components: "${twice}" is there twice; give one entry its whole weight, or each a name of its own (as: …)`,
    );
  const negative = weighted.find(({ kind, weight }) => isCost(kind) && weight < 0);
  if (negative) {
    throw new ConfigError(
      `reward.components: the weight of ${negative.name} is negative, but its value already is; write ${-negative.weight}`,
    );
  }
  const cost = weighted.filter(({ kind }) => isCost(kind)).reduce((sum, { weight }) => sum + weight, 0);
  const correctness = weighted.find(({ kind }) => kind === 'correctness')?.weight ?? 0;
  if (cost > 0 && cost >= correctness) {
    throw new ConfigError(
      `reward.components: costs weigh ${cost} and correctness ${correctness}, so a right answer could be worth no more than a wrong one; make the costs weigh less`,
    );
  }
}

function judgeAnswer({ task, answer, episode }: Outcome, scorers: Registry<Scorer>): Finding {
  if (!scorers.has(task.scorer)) {
    return {
      value: null,
      why: `there is no scorer "${task.scorer}" for task ${task.id}; choose one of: ${scorers.names.join(', ')}`,
    };
  }
  if (answer === null) return { value: 0, why: `no answer: ${episode.stop.reason}` };
  try {
    const { score, ...rest } = scorers.get(task.scorer).make(answer, task.answer, task.answerType);
    return { value: score, ...rest };
  } catch (error) {
    return failed(`scorer ${task.scorer}`, error);
  }
}

async function safely(name: string, judge: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    const finding = await judge();
    if (finding.value !== null && !Number.isFinite(finding.value))
      return failed(name, new Error(`its value is ${finding.value}`));
    return finding;
  } catch (error) {
    return failed(`reward component ${name}`, error);
  }
}

const unscored = (reason: string): Finding => ({
  value: null,
  why: `the infrastructure failed (${reason}), which says nothing of the answer`,
});
const failed = (what: string, error: unknown): Finding => ({
  value: null,
  why: `${what} failed: ${error instanceof Error ? error.message : String(error)}`,
});
