import { advantages, type GroupAdvantages } from '../reward/advantages.ts';
import type { EpisodeSummary } from './run-queries.ts';
import type { GroupFacts } from './samples/format.ts';

/**
 * Facts of every group from the run's summaries. The advantages are over the group's scored members: whether curation
 * keeps a member or not makes no difference to the others.
 *
 * @param size episodes asked for in a group
 */
export function groupsOf(
  summaries: readonly EpisodeSummary[],
  size: number,
): { factsOf(one: EpisodeSummary): GroupFacts } {
  const members = Map.groupBy(summaries, (one) => one.groupId);
  const known = new Map<string, GroupAdvantages>();
  return {
    factsOf(one) {
      const group = members.get(one.groupId) ?? [];
      let found = known.get(one.groupId);
      if (!found) known.set(one.groupId, (found = advantages(group.map((member) => member.reward))));
      return groupFacts({ id: one.groupId, size, group: found, member: group.indexOf(one) });
    },
  };
}

/** Facts for the member at that place of its group. */
export function groupFacts(of: { id: string; size: number; group: GroupAdvantages; member: number }): GroupFacts {
  const { members, ...facts } = of.group;
  const own = members[of.member];
  if (!own) throw new RangeError(`group ${of.id} has no member ${of.member}`);
  return { group_id: of.id, group_size: of.size, ...facts, ...own };
}
