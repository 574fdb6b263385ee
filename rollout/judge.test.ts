import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkEnvironment } from '../env/check-environment.ts';
import { ContextStore } from '../env/context.ts';
import { episodeSchema } from '../env/episode.ts';
import { code, testTask } from '../env/test-support.ts';
import { withSubModel } from '../env/with-sub-model.ts';
import { createRubric } from '../reward/rubric.ts';
import { createEnvironments, type Environments } from './create-environment.ts';
import { rollout } from './engine.ts';
import { functionPolicy } from './policies/function-policy.ts';
import { PolicyError, type Policy } from './policies/policy.ts';
import { replayRun } from './replay-run.ts';
import { rescoreRun } from './rescore-run.ts';
import { RunStore } from './store.ts';
import { testConfig } from './test-support.ts';

const reward = {
  components: [
    { name: 'correctness', weight: 1 },
    { name: 'judge', weight: 1 },
    { name: 'judge', as: 'style', weight: 0.5, prompt: 'Style of {answer}?', pattern: '(\\d+)', best: 10 },
  ],
};
const config = testConfig({ reward, rollout: { group: 2, attempts: 2, concurrency: 4 } });
let contexts: ContextStore;
let environments: Environments;
beforeAll(() => {
  contexts = new ContextStore();
  environments = createEnvironments(config, { contexts });
});
afterAll(async () => {
  await environments.close();
  contexts.close();
});

describe('a judge in the environment', () => {
  const ended = async () => {
    const env = environments.create();
    await env.reset({ task: testTask(), seed: 1 });
    await env.step({ message: code('const found = await llm_query("x"); print(found)') });
    await env.step({ call: '0.1', message: '42' });
    return { env, step: await env.step({ message: 'FINAL(42)' }) };
  };

  test('waits like any call once the root has ended, and the reward comes with the last text', async () => {
    const { env, step } = await ended();
    expect(step).toMatchObject({ reward: null, terminated: false, truncated: false });
    expect(step.info.stop).toBeUndefined();
    expect(step.observation.calls).toMatchObject([
      { id: 'judge.1', parent: null, kind: 'judge', depth: 0, turn: 0, new: true, messages: [{ role: 'user' }] },
      { id: 'judge.2', kind: 'judge', new: true, messages: [{ role: 'user', content: 'Style of 42?' }] },
    ]);
    expect(step.observation.calls[0]!.maxTokens).toBeGreaterThan(0);
    expect(await env.step({ message: 'too late' })).toMatchObject({ info: { late: true }, reward: null });
    const second = await env.step({ call: 'judge.2', message: '7', sampling: { source: 'frozen' } });
    expect(second.observation.calls).toMatchObject([{ id: 'judge.1', new: false, messages: [] }]);
    const last = await env.step({ call: 'judge.1', message: 'Yes.' });
    expect(last).toMatchObject({ reward: 2.35, terminated: true, info: { stop: { reason: 'answered' } } });
    const episode = episodeSchema.parse(env.episode());
    expect(episode).toMatchObject({
      final: { answer: '42', call: '0' },
      components: { correctness: { value: 1 }, judge: { value: 1 }, style: { value: 0.7 } },
      cost: { texts: 3, rootTurns: 2, subcalls: 1 },
      metrics: { judge_texts: 2 },
    });
    expect(episode.calls.filter(({ kind }) => kind === 'judge')).toMatchObject([
      { id: 'judge.1', status: 'answered', answer: 'Yes.', trainable: false, parent: null, depth: 0 },
      { id: 'judge.2', trainable: false },
    ]);
    expect((await env.step({ call: 'judge.1', message: 'No.' })).info.late).toBe(true);
    await env.close();
  });

  test('that fails ends the episode as judge_error, unscored; one that may not answer leaves its component null', async () => {
    const first = await ended();
    const fault = await first.env.step({ call: 'judge.1', fault: { class: 'upstream_5xx', message: 'boom' } });
    expect(fault).toMatchObject({
      reward: null,
      terminated: false,
      truncated: false,
      info: { stop: { reason: 'judge_error', class: 'infra', message: 'upstream_5xx: boom' } },
      observation: { calls: [] },
    });
    expect(fault.observation.cancelled).toContain('judge.2');
    expect(first.env.episode().reward).toBeNull();
    await first.env.close();

    const second = await ended();
    await second.env.step({ call: 'judge.1', limit: { kind: 'content_filter' } });
    const told = await second.env.step({ call: 'judge.2', message: 'nothing' });
    expect(told).toMatchObject({ reward: null, terminated: true, info: { stop: { class: 'answer' } } });
    expect(second.env.episode().components).toMatchObject({
      correctness: { value: 1 },
      judge: { value: null, why: /no judge gave a text/ },
      style: { value: null, why: /no verdict/ },
    });
    await second.env.close();

    const third = await ended();
    const wall = await third.env.step({ limit: { kind: 'wall' } });
    expect(wall.info.stop).toMatchObject({ reason: 'judge_error', class: 'infra' });
    await third.env.close();
  });

  test('is not asked where there is no answer: that is 0', async () => {
    const env = environments.create();
    await env.reset({ task: testTask(), seed: 1 });
    expect(await env.step({ limit: { kind: 'wall' } })).toMatchObject({ reward: 0, truncated: true });
    await env.close();
  });

  test('breaks no rule of the interface, and is answered by a sub-model', async () => {
    const play = (call: { kind: string }) => (call.kind === 'root' ? 'FINAL(42)' : 'yes 5');
    expect(await checkEnvironment({ create: () => environments.create(), play })).toEqual([]);
    const env = withSubModel(environments.create(), ({ call }) => `${call.id}: yes 10`);
    await env.reset({ task: testTask(), seed: 1 });
    expect(await env.step({ message: 'FINAL(42)' })).toMatchObject({ reward: 2.5, terminated: true });
    await env.close();
  });
});

describe('a judge in a run', () => {
  let dir: string;
  let store: RunStore;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rlm-gym-judge-'));
    store = RunStore.create({ dir, config });
    store.addTasks([testTask({ id: 'a' }), testTask({ id: 'b' })]);
  });
  afterEach(() => {
    store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const root = functionPolicy(({ draw }) => `FINAL(${draw % 2 === 0 ? 42 : 41})`);
  const play = async (judge?: Policy) =>
    rollout({
      store,
      policies: { root, rlm: root, llm: root, ...(judge ? { judge } : {}) },
      createEnvironment: () => environments.create(),
      backoffMs: 1,
    });

  test('is asked by the engine, replayed without it, and not asked again by a rescore', async () => {
    let asked = 0;
    const judge = functionPolicy(({ call, messages }) => {
      asked += 1;
      expect(call.kind).toBe('judge');
      return messages[0]!.content.includes('42') ? 'yes 8' : 'no 3';
    });
    expect(await play(judge)).toMatchObject({ done: 4, scored: 4, void: 0 });
    expect(asked).toBe(8);
    const replayed = await replayRun({ store, createEnvironment: (recorded) => environments.create(recorded) });
    expect(replayed).toMatchObject({ equal: 4, different: 0 });
    const rubric = { components: [{ name: 'judge', weight: 2 }] };
    const summary = await rescoreRun({ store, rubric, reward: createRubric(rubric) });
    expect(summary).toMatchObject({ episodes: 4, unscored: 0 });
    expect([...store.episodes()].every((one) => one.reward === 2)).toBe(true);
    const other = { components: [{ name: 'judge', weight: 1, prompt: 'Something else about {answer}' }] };
    expect(await rescoreRun({ store, rubric: other, reward: createRubric(other) })).toMatchObject({ unscored: 4 });
    expect(asked).toBe(8);
  });

  test('that cannot be reached is tried again with its episode, then the episode is void and no zero', async () => {
    let requests = 0;
    const judge = functionPolicy(() => {
      requests += 1;
      throw new PolicyError('upstream_5xx', 'down');
    });
    expect(await play(judge)).toMatchObject({ void: 4, scored: 0 });
    expect(store.attempts()).toHaveLength(8);
    expect([...store.episodes()]).toMatchObject(
      Array.from({ length: 4 }, () => ({ reward: null, stop: { reason: 'judge_error', class: 'infra' } })),
    );
    expect(requests).toBeGreaterThanOrEqual(8);
  });

  test('that no config names is a judge_error that says so', async () => {
    await play();
    expect([...store.episodes()][0]!.stop).toMatchObject({ reason: 'judge_error', message: /names no judge policy/ });
  });
});
