import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { advantages, type Advantages } from './advantages.ts';

const none: Advantages = { adv_mean: null, adv_grpo_std_pop: null, adv_grpo_std_sample: null, adv_rloo: null };

test('are what a calculation by hand gives', () => {
  const group = advantages([1, 0, null, 0, 1], { eps: 0 });
  expect(group).toMatchObject({ group_scored: 4, group_mean: 0.5, group_uniform: false });
  expect(group.members[0]).toEqual({
    adv_mean: 0.5,
    adv_grpo_std_pop: 1,
    adv_grpo_std_sample: 0.5 / Math.sqrt(1 / 3),
    adv_rloo: 2 / 3,
  });
  expect(group.members[2]).toEqual(none);
});

test('of a uniform group are exact zeros, within the tolerance', () => {
  const zeros = { adv_mean: 0, adv_grpo_std_pop: 0, adv_grpo_std_sample: 0, adv_rloo: 0 };
  expect(advantages([0.1, 0.1 + 1e-9, null])).toEqual({
    group_scored: 2,
    group_mean: 0.1 + 5e-10,
    group_uniform: true,
    members: [zeros, zeros, none],
  });
});

test('of one scored member are 0 where a mean is enough and null where others are needed', () => {
  expect(advantages([null, 0.7])).toEqual({
    group_scored: 1,
    group_mean: 0.7,
    group_uniform: true,
    members: [none, { adv_mean: 0, adv_grpo_std_pop: 0, adv_grpo_std_sample: null, adv_rloo: null }],
  });
  expect(advantages([null])).toEqual({ group_scored: 0, group_mean: null, group_uniform: null, members: [none] });
});

test('sum to zero, do not move with a constant, and keep the order of the rewards', () => {
  const rewards = fc.array(fc.option(fc.double({ min: -5, max: 5, noNaN: true }), { nil: null }), {
    minLength: 1,
    maxLength: 16,
  });
  fc.assert(
    fc.property(rewards, fc.double({ min: -5, max: 5, noNaN: true }), (group, shift) => {
      const { members, group_scored: scored } = advantages(group);
      const moved = advantages(group.map((reward) => (reward === null ? null : reward + shift)));
      for (const column of ['adv_mean', 'adv_grpo_std_pop', 'adv_grpo_std_sample', 'adv_rloo'] as const) {
        const values = members.map((member) => member[column] ?? 0);
        expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 6);
        if (column === 'adv_mean')
          for (const [at, member] of moved.members.entries()) expect(member[column] ?? 0).toBeCloseTo(values[at]!, 6);
        for (const [a, left] of group.entries()) {
          for (const [b, right] of group.entries()) {
            if (left !== null && right !== null && left > right) expect(values[a]!).toBeGreaterThanOrEqual(values[b]!);
          }
        }
      }
      // The leave-one-out baseline, by its definition.
      for (const [at, reward] of group.entries()) {
        if (reward === null || scored < 2) continue;
        const others = group.filter((other, place) => other !== null && place !== at) as number[];
        const baseline = others.reduce((sum, value) => sum + value, 0) / others.length;
        expect(members[at]!.adv_rloo!).toBeCloseTo(reward - baseline, 5);
      }
    }),
  );
});
