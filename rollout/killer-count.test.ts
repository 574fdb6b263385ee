import { expect, test } from 'vitest';
import { KillerCount } from './killer-count.ts';
import { testEpisode } from './test-support.ts';

const task = {
  id: 't',
  query: 'q',
  family: 'test',
  context: { hash: 'h', type: 'string', chars: 1, tokens: 1, lines: 1, documents: null },
} as unknown as Parameters<typeof testEpisode>[0]['task'];
const episode = (killed: boolean) =>
  testEpisode({ run: 'r', task, index: 0, patch: { metrics: killed ? { sandbox_killed: 1 } : {} } });

test('a run is stopped once more than the share of fifty or more episodes killed their sandbox', () => {
  const killers = new KillerCount(0.2);
  const told = Array.from({ length: 60 }, (_, at) => killers.count(episode(at % 4 === 0)));
  expect(told.findIndex((problem) => problem !== null)).toBe(49);
  expect(told[49]?.message).toBe('13 of 50 episodes killed their sandbox');
  expect(told[49]?.next).toContain('rollout.haltKilled');
});

test('a share that is met is not too much, and null never stops a run', () => {
  const killers = new KillerCount(0.2);
  const never = new KillerCount(null);
  for (let at = 0; at < 100; at += 1) {
    expect(killers.count(episode(at % 5 === 4))).toBeNull();
    expect(never.count(episode(true))).toBeNull();
  }
});
