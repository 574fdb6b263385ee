import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normaliseInstance } from '../../../datasets/oolong/records.ts';
import type { TaskInput } from '../../../datasets/task.ts';
import { ContextStore } from '../../../env/context.ts';
import type { Episode } from '../../../env/episode.ts';
import { createJavaScriptBackend } from '../../../env/repl/javascript/backend.ts';
import type { ReplBackend } from '../../../env/repl/repl.ts';
import { createRlmEnvironment } from '../../../env/rlm-environment.ts';
import { testTask } from '../../../env/test-support.ts';
import { playEpisode } from '../../play-episode.ts';
import { makePolicies } from '../policies.ts';
import { answerFromCounts, readQuestion } from './question.ts';
import { createScriptedPolicy, drawStrategy, scriptedOptionsSchema, strategyWeights } from './scripted.ts';
import type { Strategy } from './scripted.ts';

const strategies = Object.keys(strategyWeights) as Strategy[];
let backend: ReplBackend;
let contexts: ContextStore;
beforeAll(() => {
  backend = createJavaScriptBackend({ workers: 1 });
  contexts = new ContextStore();
});
afterAll(async () => {
  await backend.close();
  contexts.close();
});

const weightsOf = (strategy: Strategy) =>
  Object.fromEntries(strategies.map((name) => [name, name === strategy ? 1 : 0]));

async function play(
  strategy: Strategy,
  task: Partial<TaskInput>,
  options: { table?: Map<string, string>; seed?: number; index?: number } = {},
): Promise<Episode> {
  const { table = new Map(), seed = 1, index = 0 } = options;
  const policies = makePolicies(
    { root: { name: 'scripted', weights: weightsOf(strategy) }, llm: { name: 'oracle' } },
    { env: {}, oracle: () => table },
  );
  const environment = createRlmEnvironment({ backend, contexts });
  const attempt = await playEpisode({
    environment,
    policies,
    task: testTask(task),
    place: { run: 'r', round: 0, taskId: 'task-1', index },
    runSeed: seed,
    wallSeconds: 60,
    signal: new AbortController().signal,
  });
  await environment.close();
  if (attempt.failure) throw new Error(`${attempt.failure}: ${attempt.message}`);
  return attempt.episode;
}

const filler = Array.from({ length: 900 }, (_, at) => `Line ${at} says nothing of interest to anyone at all.`);
function needleTask(value: string, at: number, key = 'amber-falcon'): Partial<TaskInput> {
  const lines = [...filler];
  lines[at] += ` One of the special magic numbers for ${key} is: ${value}.`;
  lines[450] += ' One of the special magic numbers for amber-heron is: 1111111.';
  return {
    query: `A special magic number is hidden within the provided text. What is the special magic number for ${key} mentioned in the provided text?`,
    context: lines.join('\n'),
    answer: 'not shown to anyone',
  };
}

const labels = {
  'What is the capital of Peru ?': 'location',
  'Who wrote Emma ?': 'human being',
  'How tall is K2 ?': 'numeric value',
};
function labelTask(counts: Record<string, number>, question: string) {
  const table = new Map<string, string>();
  const rows: string[] = [];
  for (const [instance, label] of Object.entries(labels)) {
    for (let at = 0; at < (counts[label] ?? 0); at += 1) {
      const text = `${instance} (${at})`;
      table.set(normaliseInstance(text), label);
      rows.push(`Date: Sep 06, 2023 || User: 1${1000 + at} || Instance: ${text}`);
    }
  }
  rows.sort((a, b) => a.slice(-12).localeCompare(b.slice(-12)));
  const head = `The following lines contain ${rows.length} questions. Categories: 'location', 'human being', 'numeric value'.\n\n`;
  return { task: { query: question, context: head + rows.join('\n'), answer: 'hidden' }, table };
}
const mostQuestion =
  "In the above data, which of the labels is the most common? Give your final answer in the form 'Label: answer' where answer is one of the labels: human being, location, numeric value.";
const countQuestion =
  "In the above data, how many data points should be classified as label 'location'? Give your final answer in the form 'Answer: number'.";

describe('a needle', () => {
  test.each<Strategy>(['grep', 'map', 'verify', 'recover'])(
    'that moves or changes takes the answer of %s along',
    async (strategy) => {
      for (const [value, at] of [
        ['7654321', 100],
        ['2345678', 800],
      ] as const) {
        const episode = await play(strategy, needleTask(value, at));
        expect(episode.final?.answer).toBe(value);
        expect(episode.metrics.policy_strategy).toBe(strategy);
      }
    },
  );

  test('asked for by several keys is found for each', async () => {
    const task = needleTask('7654321', 20);
    const query =
      'What are all the special magic numbers for amber-falcon, and amber-heron mentioned in the provided text?';
    expect((await play('map', { ...task, query })).final?.answer.split(', ').toSorted()).toEqual([
      '1111111',
      '7654321',
    ]);
  });

  test('in a list of documents is found as well', async () => {
    const task = needleTask('7654321', 20);
    expect((await play('grep', { ...task, context: (task.context as string).split('\n') })).final?.answer).toBe(
      '7654321',
    );
  });

  test('near the head is seen by peek, and not further down', async () => {
    expect((await play('peek', needleTask('7654321', 5))).final?.answer).toBe('7654321');
    expect((await play('peek', needleTask('7654321', 400))).final?.answer).not.toBe('7654321');
  });

  test('that is absent is not made up by a search', async () => {
    const task = needleTask('7654321', 5, 'other-key');
    const query = task.query!.replace('other-key', 'absent-key');
    expect((await play('grep', { ...task, query })).final?.answer).toBe('The text does not say.');
  });
});

describe('labels', () => {
  test.each<Strategy>(['map', 'verify', 'recover'])(
    'are counted by %s through sub-calls, and follow the data',
    async (strategy) => {
      for (const most of ['location', 'human being']) {
        const { task, table } = labelTask(
          { location: 60, 'human being': 60, 'numeric value': 50, [most]: 90 },
          mostQuestion,
        );
        const episode = await play(strategy, task, { table });
        expect(episode.final?.answer).toBe(`Label: ${most}`);
        expect(episode.cost.subcalls).toBeGreaterThan(0);
      }
    },
  );

  test('are counted exactly, and wrongly by a reader who errs', async () => {
    const { task, table } = labelTask({ location: 77, 'human being': 30, 'numeric value': 40 }, countQuestion);
    expect((await play('map', task, { table })).final?.answer).toBe('Answer: 77');
    const relabelled = new Map(
      [...table].map(([text, label]) => [text, label === 'location' && text.includes('(7') ? 'human being' : label]),
    );
    expect((await play('map', task, { table: relabelled })).final?.answer).toBe('Answer: 69');
  });

  test('cannot be had by words alone: grep answers without sub-calls', async () => {
    const { task, table } = labelTask({ location: 77, 'human being': 30, 'numeric value': 40 }, countQuestion);
    const episode = await play('grep', task, { table });
    expect(episode.cost.subcalls).toBe(0);
    expect(episode.final?.answer).toMatch(/^Answer: \d+$/);
  });
});

describe('bad habits show', () => {
  test('a plan given as the answer is refused and counted', async () => {
    const episode = await play('plan', needleTask('7654321', 5));
    expect(episode.metrics.plan_as_answer).toBeGreaterThan(0);
    expect(episode.cost.rootTurns).toBeGreaterThan(1);
  });

  test('a sub-call a line goes on until they are refused', async () => {
    const episode = await play('flood', needleTask('7654321', 5));
    expect(episode.cost.subcalls).toBe(200);
    expect(episode.metrics.subcalls_refused).toBeGreaterThan(0);
    expect(episode.final?.answer).toBe('7654321');
  });

  test('code that throws is followed by a second try', async () => {
    const errors = new Set<string>();
    for (let index = 0; index < 12; index += 1) {
      const episode = await play('recover', needleTask('7654321', 700), { index });
      expect(episode.final?.answer).toBe('7654321');
      errors.add(episode.calls[0]?.turns[0]?.cells[0]?.stderr.split(':')[0] ?? '');
    }
    expect(errors.size).toBeGreaterThan(1);
  });
});

describe('the mix', () => {
  test('every strategy ends every kind of question with an answer', async () => {
    const { task, table } = labelTask({ location: 20, 'human being': 10, 'numeric value': 15 }, mostQuestion);
    const open = { query: 'What is this text about?', context: filler.join('\n') };
    for (const strategy of strategies) {
      for (const one of [needleTask('7654321', 5), task, open]) {
        const episode = await play(strategy, one, { table });
        expect([strategy, episode.stop.reason]).toEqual([strategy, 'answered']);
      }
    }
  });

  test('is a function of draw and messages alone, and says its strategy', async () => {
    const policy = createScriptedPolicy(scriptedOptionsSchema.parse({}));
    const request = {
      call: { id: '0', kind: 'root' as const, depth: 0, turn: 0, segment: 0 },
      messages: [
        {
          role: 'user' as const,
          content: `${mostQuestion}\n\n\`context\` is a string of 9,000 characters (about 2,000 tokens), 90 lines. It begins: "x"`,
        },
      ],
      maxTokens: 100,
      signal: new AbortController().signal,
    };
    const seen = new Set<unknown>();
    for (let draw = 0; draw < 2 ** 32; draw += 2 ** 26) {
      const [first, second] = await Promise.all([
        policy.complete({ ...request, draw }),
        policy.complete({ ...request, draw }),
      ]);
      expect(second).toEqual(first);
      seen.add(first.notes?.strategy);
    }
    expect(seen).toEqual(new Set(strategies));
  });

  test('is drawn by weight', () => {
    const weights = {
      ...strategyWeights,
      grep: 0,
      peek: 0,
      map: 1,
      verify: 3,
      sample: 0,
      guess: 0,
      plan: 0,
      recover: 0,
      flood: 0,
    };
    const drawn = Array.from({ length: 1_000 }, (_, at) => drawStrategy(weights, at / 1_000));
    expect(drawn.filter((name) => name === 'map')).toHaveLength(250);
    expect(drawn.filter((name) => name === 'verify')).toHaveLength(750);
    expect(drawStrategy(weights, 1)).toBe('verify');
    const none = Object.fromEntries(strategies.map((name) => [name, 0]));
    expect(scriptedOptionsSchema.safeParse({ weights: none }).success).toBe(false);
  });
});

describe('questions', () => {
  test.each([
    [mostQuestion, { type: 'most', labels: ['human being', 'location', 'numeric value'] }],
    [
      mostQuestion.replace('most common', 'least common'),
      { type: 'least', labels: ['human being', 'location', 'numeric value'] },
    ],
    [countQuestion, { type: 'count', label: 'location' }],
    [
      "is label 'a b' more common, less common, or the same frequency as label 'c'?",
      { type: 'compare', a: 'a b', b: 'c' },
    ],
  ])('%s', (text, ask) => {
    expect(readQuestion(text)).toMatchObject({ kind: 'labels', ask });
  });

  test.each([
    [{ type: 'count', label: 'x' } as const, 'Answer: 3'],
    [{ type: 'most', labels: ['x', 'y', 'z'] } as const, 'Label: y'],
    [{ type: 'least', labels: ['x', 'y', 'z'] } as const, 'Label: z'],
    [{ type: 'compare', a: 'x', b: 'y' } as const, 'Answer: x is less common than y'],
    [{ type: 'compare', a: 'x', b: 'x' } as const, 'Answer: x is same frequency as x'],
  ])('%j is answered in its form', (ask, answer) => {
    expect(answerFromCounts(ask, { x: 3, y: 5 })).toBe(answer);
  });
});
