import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { curateConfigSchema } from '../configs/schema.ts';
import { curate, type Candidate } from './curate.ts';

let count = 0;
const one = (patch: Partial<Candidate> = {}): Candidate => {
  count += 1;
  return {
    episodeId: `r/0/t/${count}`,
    groupId: 'r/0/t',
    taskId: 't',
    index: count,
    round: 0,
    reward: 1,
    correctness: 1,
    usd: null,
    tokens: 100,
    rootTurns: 3,
    subcalls: 2,
    stopClass: 'answer',
    stopReason: 'answered',
    ...patch,
  };
};
const config = (patch: object = {}) => curateConfigSchema.parse(patch);
const rules = (candidates: Candidate[], patch: object): (string | null)[] =>
  curate(candidates, config(patch)).ledger.map((row) => row.rule);

describe('rules', () => {
  test('void and unscored episodes are always left out, and are told apart from a reward of 0', () => {
    const candidates = [
      one({ stopClass: 'infra', stopReason: 'network', reward: null }),
      one({ reward: null, correctness: null }),
      one({ reward: 0, correctness: 0, stopClass: 'policy', stopReason: 'no_final' }),
    ];
    const { ledger, waterfall, kept } = curate(candidates, config());
    expect(ledger.map(({ kept, rule, detail }) => [kept, rule, detail])).toEqual([
      [false, 'void', 'network'],
      [false, 'unscored', 'the reward is null'],
      [true, null, null],
    ]);
    expect(waterfall).toEqual([
      { rule: 'void', before: 3, dropped: 1 },
      { rule: 'unscored', before: 2, dropped: 1 },
    ]);
    expect(kept).toBe(1);
  });

  test('correct-only goes by correctness, not by reward', () => {
    const candidates = [one({ correctness: 1, reward: 0.2 }), one({ correctness: 0.9 }), one({ correctness: null })];
    expect(rules(candidates, { correctOnly: true })).toEqual([null, 'correct_only', 'correct_only']);
    expect(rules(candidates, { correctOnly: true, correctAt: 0.9 })).toEqual([null, null, 'correct_only']);
  });

  test('minimum reward keeps the bound itself', () => {
    expect(rules([one({ reward: 0.5 }), one({ reward: 0.49 })], { minReward: 0.5 })).toEqual([null, 'min_reward']);
    expect(rules([one({ reward: 0 }), one({ reward: -0.1 })], { minReward: 0 })).toEqual([null, 'min_reward']);
  });

  test('best-n orders a group by reward, then cost, then index', () => {
    const tokens = [one({ tokens: 50 }), one({ tokens: 40 }), one({ tokens: 40 }), one({ reward: 0.9, tokens: 1 })];
    expect(rules(tokens, { bestN: 1 })).toEqual(['best_n', null, 'best_n', 'best_n']);
    const dollars = [one({ usd: 0.2, tokens: 1 }), one({ usd: 0.1, tokens: 9 })];
    expect(rules(dollars, { bestN: 1 })).toEqual(['best_n', null]);
    const mixed = [one({ usd: 0.2, tokens: 1 }), one({ usd: null, tokens: 9 })];
    expect(rules(mixed, { bestN: 1 })).toEqual([null, 'best_n']);
  });

  test('best-n is per group, the cap per task over all rounds', () => {
    const rounds = [0, 0, 1, 1].map((round) => one({ round, groupId: `r/${round}/t` }));
    expect(rules(rounds, { bestN: 1 })).toEqual([null, 'best_n', null, 'best_n']);
    expect(rules(rounds, { capPerTask: 3 })).toEqual([null, null, null, 'cap_per_task']);
    const { ledger } = curate(rounds, config({ bestN: 1, capPerTask: 1 }));
    expect(ledger[2]!.detail).toBe('place 2 of its task; 1 are kept');
  });

  test('caps on turns, sub-calls, tokens and dollars keep the bound itself; an unknown price is dropped', () => {
    const turns = [one({ rootTurns: 4 }), one({ rootTurns: 5 })];
    expect(rules(turns, { maxTurns: 4 })).toEqual([null, 'max_turns']);
    expect(rules([one({ subcalls: 0 }), one({ subcalls: 1 })], { maxSubcalls: 0 })).toEqual([null, 'max_subcalls']);
    expect(rules([one({ tokens: 10 }), one({ tokens: 11 })], { maxTokens: 10 })).toEqual([null, 'max_tokens']);
    const dollars = [one({ usd: 0.5 }), one({ usd: 0.51 }), one({ usd: null })];
    expect(rules(dollars, { maxUsd: 0.5 })).toEqual([null, 'max_usd', 'max_usd']);
    const details = curate(dollars, config({ maxUsd: 0.5 })).ledger.map((row) => row.detail);
    expect(details).toEqual([null, '0.51 dollars > 0.5', 'no dollars are known']);
  });

  test('stop reasons keep those that are named', () => {
    const candidates = [one(), one({ stopClass: 'policy', stopReason: 'max_turns' })];
    expect(rules(candidates, { stopReasons: ['answered'] })).toEqual([null, 'stop_reason']);
    expect(rules(candidates, { stopReasons: ['answered', 'max_turns'] })).toEqual([null, null]);
  });

  test('a band by pass rate keeps or drops whole tasks, over scored members of all rounds', () => {
    const of = (taskId: string, ...correctness: (number | null)[]) =>
      correctness.map((value, round) => one({ taskId, groupId: `r/${round}/${taskId}`, round, correctness: value }));
    const never = of('never', 0, 0, 0);
    const often = of('often', 1, 1, 0.5, 0);
    const always = of('always', 1, 1);
    const unknown = of('unknown', null);
    const lost = one({ taskId: 'always', stopClass: 'infra', stopReason: 'network', reward: null, correctness: null });
    const all = [...never, ...often, ...always, ...unknown, lost];
    const kept = (patch: object) => [
      ...new Set(curate(all, config(patch)).ledger.flatMap((row, at) => (row.kept ? [all[at]!.taskId] : []))),
    ];
    expect(kept({ passRate: { low: 0.01, high: 0.99 } })).toEqual(['often']);
    expect(kept({ passRate: { low: 0.5, high: 0.5 } })).toEqual(['often']);
    expect(kept({ passRate: { low: 0.51 } })).toEqual(['always']);
    expect(kept({ passRate: { low: 0.75, high: 0.75 }, correctAt: 0.5 })).toEqual(['often']);
    expect(kept({ passRate: { high: 0 } })).toEqual(['never']);
    const { ledger } = curate(all, config({ passRate: { low: 0.6, high: 0.9 }, correctOnly: true }));
    expect(ledger[3]!.detail).toBe('pass rate 0.5 of its task is not in [0.6, 0.9]');
    expect(() => config({ passRate: { low: 0.9, high: 0.1 } })).toThrow(/low is above high/);
  });

  test('a rule acts on what the ones before it left', () => {
    const candidates = [one({ correctness: 0, reward: 1, tokens: 1 }), one({ tokens: 2 })];
    expect(rules(candidates, { correctOnly: true, bestN: 1 })).toEqual(['correct_only', null]);
  });
});

test('whatever the candidates: the waterfall adds up to the ledger, and order does not matter', () => {
  const candidate = fc.record({
    groupId: fc.constantFrom('a', 'b', 'c'),
    reward: fc.option(fc.constantFrom(0, 0.5, 1)),
    correctness: fc.option(fc.constantFrom(0, 1)),
    usd: fc.option(fc.constantFrom(0.1, 0.2)),
    tokens: fc.integer({ min: 0, max: 3 }),
    rootTurns: fc.integer({ min: 1, max: 3 }),
    subcalls: fc.integer({ min: 0, max: 3 }),
    round: fc.integer({ min: 0, max: 1 }),
    stopClass: fc.constantFrom('answer', 'policy', 'infra'),
  });
  const curation = fc.record({
    correctOnly: fc.boolean(),
    minReward: fc.option(fc.constantFrom(0, 0.5)),
    passRate: fc.option(fc.constantFrom({ low: 0, high: 0.5 }, { low: 0.5, high: 1 })),
    stopReasons: fc.option(fc.constantFrom(['answered'], ['other'])),
    maxTurns: fc.option(fc.integer({ min: 1, max: 3 })),
    maxSubcalls: fc.option(fc.integer({ min: 0, max: 3 })),
    maxTokens: fc.option(fc.integer({ min: 1, max: 3 })),
    maxUsd: fc.option(fc.constantFrom(0.1, 0.2)),
    bestN: fc.option(fc.integer({ min: 1, max: 3 })),
    capPerTask: fc.option(fc.integer({ min: 1, max: 3 })),
  });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 30 }), curation, (drawn, rules) => {
      const candidates = drawn.map((patch, index) =>
        one({ ...patch, taskId: patch.groupId, index, episodeId: `${index}` }),
      );
      const { ledger, waterfall, kept } = curate(candidates, config(rules));
      expect(ledger.map((row) => row.episodeId)).toEqual(candidates.map((row) => row.episodeId));
      expect(ledger.filter((row) => row.kept)).toHaveLength(kept);
      let left = candidates.length;
      for (const step of waterfall) {
        expect(step.before).toBe(left);
        expect(ledger.filter((row) => row.rule === step.rule)).toHaveLength(step.dropped);
        left -= step.dropped;
      }
      expect(left).toBe(kept);
      const again = curate(candidates.toReversed(), config(rules)).ledger.toReversed();
      expect(again).toEqual(ledger);
    }),
    { numRuns: 300, seed: 3 },
  );
});
