import { describe, expect, test } from 'vitest';
import { Registry } from '../configs/registry.ts';
import { z } from 'zod';
import type { Episode } from '../env/episode.ts';
import type { Outcome } from '../env/environment.ts';
import { createRubric, type RubricConfig } from './rubric.ts';
import type { Scorer } from './scorers/scorer.ts';

const outcome = (answer: string | null, more: Partial<Episode> = {}, scorer = 'exact'): Outcome => ({
  answer,
  task: {
    id: 't',
    family: 'f',
    query: 'q',
    context: 'c',
    answer: 'gold',
    answerType: 'text',
    scorer,
    split: 'train',
    metadata: {},
  },
  episode: {
    stop: { reason: answer === null ? 'max_turns' : 'answered', class: answer === null ? 'policy' : 'answer' },
    cost: {
      promptTokens: 300_000,
      completionTokens: 100_000,
      usd: null,
      texts: 50,
      rootTurns: 4,
      subcalls: 46,
      cells: 4,
    },
    calls: [{ kind: 'root', turns: [{ flags: [] }, { flags: ['no_code'] }, { flags: [] }, { flags: [] }] }],
    ...more,
  } as unknown as Episode,
});
const rubric = (...components: RubricConfig['components'][number][]) => createRubric({ components });
const all = rubric(
  { name: 'correctness', weight: 1 },
  { name: 'format', weight: 0.1 },
  { name: 'cost_tokens', weight: 0.2 },
  { name: 'cost_calls', weight: 0.1, full: 100 },
);

describe('a rubric', () => {
  test('adds weight × value and keeps each component apart', async () => {
    const { reward, components } = await all(outcome('gold'));
    expect(components).toEqual({
      correctness: { value: 1, weight: 1, parsed: 'gold' },
      format: { value: 0.75, weight: 0.1, why: 'flagged: no_code' },
      cost_tokens: { value: -0.4, weight: 0.2 },
      cost_calls: { value: -0.5, weight: 0.1 },
    });
    expect(reward).toBeCloseTo(1 + 0.075 - 0.08 - 0.05, 12);
  });

  test('costs nothing to be wrong, or to give no answer: that is 0, not null', async () => {
    for (const answer of ['other', null]) {
      const { components } = await all(outcome(answer));
      expect(components.correctness).toMatchObject({ value: 0 });
      expect(components.cost_tokens!.value).toBe(0);
      expect(Object.is(components.cost_tokens!.value, -0)).toBe(false);
    }
    expect((await all(outcome(null))).reward).toBe(0);
    expect((await all(outcome(null))).components.correctness!.why).toBe('no answer: max_turns');
  });

  test('the dearest right answer is worth more than the cheapest wrong one', async () => {
    const cost = { promptTokens: 1e9, completionTokens: 1e9, usd: 1, texts: 1e6, rootTurns: 1, subcalls: 1, cells: 1 };
    const right = await rubric(
      { name: 'correctness', weight: 1 },
      { name: 'cost_tokens', weight: 0.5 },
      { name: 'cost_usd', weight: 0.4 },
    )(outcome('gold', { cost }));
    expect(right.reward).toBeCloseTo(0.1, 12);
  });

  test('null in one component is null in the reward, right or wrong', async () => {
    const priced = rubric({ name: 'correctness', weight: 1 }, { name: 'cost_usd', weight: 0.2 });
    for (const answer of ['gold', 'other']) {
      const { reward, components } = await priced(outcome(answer));
      expect(reward).toBeNull();
      expect(components.correctness!.value).not.toBeNull();
      expect(components.cost_usd).toMatchObject({ value: null, why: expect.stringContaining('price') as string });
    }
  });

  test('an episode that the infrastructure failed is not scored', async () => {
    const { reward, components } = await all(outcome('gold', { stop: { reason: 'worker_lost', class: 'infra' } }));
    expect(reward).toBeNull();
    expect(Object.values(components).map((component) => component.value)).toEqual([null, null, null, null]);
  });

  test('a scorer that is not there, fails or cannot judge gives null and says why', async () => {
    const scorers = new Registry<Scorer>('scorer').add('broken', {
      describe: 'fails',
      options: z.strictObject({}),
      make: () => {
        throw new Error('on purpose');
      },
    });
    const judge = createRubric({ components: [{ name: 'correctness', weight: 1 }] }, { scorers });
    expect(await judge(outcome('gold', {}, 'broken'))).toMatchObject({
      reward: null,
      components: { correctness: { why: 'scorer broken failed: on purpose' } },
    });
    expect(await judge(outcome('gold', {}, 'absent'))).toMatchObject({
      reward: null,
      components: { correctness: { why: expect.stringContaining('choose one of: broken') as string } },
    });
  });
});

describe('a rubric that cannot be meant', () => {
  test.each([
    [[{ name: 'corectness', weight: 1 }], /no reward component "corectness"; choose one of: correctness, format/],
    [
      [
        { name: 'cost_calls', weight: 0.1, ful: 3 },
        { name: 'correctness', weight: 1 },
      ],
      /reward\.components\.0.*ful/,
    ],
    [
      [
        { name: 'correctness', weight: 1 },
        { name: 'correctness', weight: 1 },
      ],
      /twice/,
    ],
    [
      [
        { name: 'correctness', weight: 0.3 },
        { name: 'cost_calls', weight: 0.2 },
        { name: 'cost_tokens', weight: 0.1 },
      ],
      /no more than a wrong one/,
    ],
    [
      [
        { name: 'correctness', weight: 1 },
        { name: 'cost_calls', weight: -0.2 },
      ],
      /write 0\.2/,
    ],
  ])('is an error: %j', (components, message) => expect(() => rubric(...components)).toThrow(message));
});
