import type { EpisodeSummary } from './run-queries.ts';
import type { GroupFacts } from './samples/format.ts';

/** Two rewards closer than this count as equal: a judge's floats differ in the last digits. */
const uniformTolerance = 1e-6;

/** Advantages of every scored episode in its group, from the run's summaries; members that curation drops count too. */
export function groupsOf(
  summaries: readonly EpisodeSummary[],
  size: number,
): { factsOf(one: EpisodeSummary): GroupFacts } {
  const groups = Map.groupBy(
    summaries.filter((one) => one.reward !== null),
    (one) => one.groupId,
  );
  return {
    factsOf(one) {
      const members = groups.get(one.groupId) ?? [];
      return groupFacts({
        id: one.groupId,
        size,
        rewards: members.map((member) => member.reward!),
        reward: one.reward,
      });
    },
  };
}

/** Facts of a group with these rewards, for the member whose reward is `reward` (null: not scored). */
export function groupFacts(of: {
  id: string;
  size: number;
  rewards: readonly number[];
  reward: number | null;
}): GroupFacts {
  const { id, size, rewards, reward } = of;
  const scored = rewards.length;
  const mean = scored === 0 ? null : rewards.reduce((sum, one) => sum + one, 0) / scored;
  const unknown = { mean: null, grpoStdPop: null, grpoStdSample: null, rloo: null };
  if (mean === null || reward === null) return { id, size, scored, mean, uniform: null, advantages: unknown };
  const squares = rewards.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const centred = reward - mean;
  return {
    id,
    size,
    scored,
    mean,
    uniform: Math.max(...rewards) - Math.min(...rewards) <= uniformTolerance,
    advantages: {
      mean: centred,
      grpoStdPop: centred / (Math.sqrt(squares / scored) + 1e-6),
      grpoStdSample: scored < 2 ? null : centred / (Math.sqrt(squares / (scored - 1)) + 1e-4),
      rloo: scored < 2 ? null : (centred * scored) / (scored - 1),
    },
  };
}
