import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTasks } from '../../../datasets/make-tasks.ts';
import { oracleTable } from '../../../datasets/oolong/host-table.ts';
import { templates } from '../../../datasets/oolong/question.ts';
import type { Task } from '../../../datasets/task.ts';
import { ContextStore } from '../../../env/context.ts';
import type { Episode } from '../../../env/episode.ts';
import { createJavaScriptBackend } from '../../../env/repl/javascript/backend.ts';
import type { ReplBackend } from '../../../env/repl/repl.ts';
import { createRlmEnvironment } from '../../../env/rlm-environment.ts';
import { scorers } from '../../../reward/scorers.ts';
import { playEpisode } from '../../play-episode.ts';
import { makePolicies } from '../policies.ts';
import { readQuestion } from './question.ts';
import { strategyWeights } from './scripted.ts';
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

async function makeOne(options: Record<string, unknown>): Promise<Task> {
  const set = await makeTasks([{ family: 'niah', split: 'train', count: 1, length: 20_000, ...options }], 5);
  return set.taskAt(0);
}

async function play(strategy: Strategy, task: Task): Promise<Episode> {
  const weights = Object.fromEntries(strategies.map((name) => [name, name === strategy ? 1 : 0]));
  const policies = makePolicies(
    { root: { name: 'scripted', weights }, llm: { name: 'oracle' } },
    { env: {}, oracle: () => oracleTable([task]) },
  );
  const environment = createRlmEnvironment({ backend, contexts });
  const attempt = await playEpisode({
    environment,
    policies,
    task,
    place: { run: 'r', round: 0, taskId: task.id, index: 0 },
    runSeed: 1,
    wallSeconds: 60,
    signal: new AbortController().signal,
  });
  await environment.close();
  if (attempt.failure) throw new Error(`${attempt.failure}: ${attempt.message}`);
  return attempt.episode;
}

const score = (task: Task, episode: Episode): unknown =>
  scorers.get(task.scorer).make(episode.final?.answer ?? '', task.answer, task.answerType);

describe('every question of OOLONG is answered from the messages alone', () => {
  test.each(templates.map((template) => [template]))('%s', async (template) => {
    const task = await makeOne({ family: 'oolong', questions: [template] });
    for (const strategy of ['map', 'recover'] as const) {
      const episode = await play(strategy, task);
      expect([episode.final?.answer, score(task, episode)]).toMatchObject([expect.any(String), { score: 1 }]);
    }
  });

  test('of users and dates needs no reader; one of labels does, and grep says that it cannot', async () => {
    const users = await play('grep', await makeOne({ family: 'oolong', questions: ['user-most'] }));
    expect(users.cost.subcalls).toBe(0);
    const labels = await makeOne({ family: 'oolong', questions: ['user-label-most'] });
    expect((await play('grep', labels)).final?.answer).toBe('unknown');
    expect((await play('map', labels)).cost.subcalls).toBeGreaterThan(0);
  });

  test('about few users asks for their lines alone', async () => {
    const task = await makeOne({ family: 'oolong', questions: ['user-label-compare'], length: 100_000 });
    expect((await play('map', task)).cost.subcalls).toBeLessThanOrEqual(5);
  });
});

describe("RULER's tasks", () => {
  test.each([
    'niah_single_1',
    'niah_single_3',
    'niah_multikey_2',
    'niah_multikey_3',
    'niah_multiquery',
    'vt',
    'cwe',
    'fwe',
  ])('%s is solved by code', async (variant) => {
    const task = await makeOne({ variant, mentions: variant.startsWith('niah') ? 6 : undefined });
    const episode = await play('grep', task);
    expect(score(task, episode)).toMatchObject({ score: 1 });
    expect(episode.cost.subcalls).toBe(0);
  });

  test.each(['niah_single_2', 'niah_multivalue'])(
    '%s with mentions of the key is read right by sub-calls too',
    async (variant) => {
      const task = await makeOne({ variant, mentions: 10 });
      expect(score(task, await play('map', task))).toMatchObject({ score: 1 });
    },
  );
});

test('every strategy ends every kind of question with an answer', async () => {
  for (const options of [
    { family: 'oolong', questions: ['months-more'] },
    { family: 'oolong', questions: ['subset-numeric'] },
    { variant: 'vt' },
    { variant: 'fwe' },
  ]) {
    const task = await makeOne(options);
    for (const strategy of strategies) {
      const episode = await play(strategy, task);
      expect([strategy, episode.stop.reason]).toEqual([strategy, 'answered']);
    }
  }
});

test.each([
  [
    'In the above data, which user is represented the second most often? Give',
    { kind: 'records', scope: { type: 'all' }, ask: { type: 'user', place: 1 } },
  ],
  [
    "In which month did the label 'a b first occur more often than the label 'c'? Give",
    { kind: 'records', ask: { type: 'first month', a: 'a b', b: 'c' } },
  ],
  [
    "only consider the subset of instances that are associated with user IDs 1, 22. Among instances associated with these users, how many data points should be classified as label 'x'?",
    { kind: 'records', scope: { users: ['1', '22'] }, ask: { type: 'labels', ask: { type: 'count', label: 'x' } } },
  ],
  [
    'Question: Find all variables that are assigned the value 12345 in the text above.',
    { kind: 'program', ask: { value: '12345' } },
  ],
  ["how many data points should be classified as label 'x'?", { kind: 'labels' }],
  ['Who wrote it?', { kind: 'other' }],
])('%s', (text, question) => {
  expect(readQuestion(text)).toMatchObject(question);
});
