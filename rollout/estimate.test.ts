import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testTask } from '../env/test-support.ts';
import { estimateRollout } from './estimate.ts';
import { limitLines } from './limits.ts';
import { RunStore } from './store.ts';
import { testConfig, testEpisode } from './test-support.ts';

const config = testConfig({ rollout: { group: 4, rounds: 2 } });

test('before a run, assumes turns and one reading of each context, and says so', () => {
  const prices = { root: { prompt: 1, completion: 1 }, llm: { prompt: 1, completion: 1 } };
  const estimate = estimateRollout({ config, contextTokens: [50_000, 100_000], prices });
  expect(estimate).toMatchObject({ tasks: 2, episodes: 16, left: 16, contextTokens: 150_000, basis: 'assumed' });
  expect(estimate.texts).toBe(8 * (5 + 2 + 5 + 4));
  expect(estimate.promptTokens).toBe(8 * (2 * (5 * 1_200 + 9_000) + 150_000));
  expect(estimate.usd).toBeCloseTo((estimate.promptTokens + estimate.completionTokens) / 1e6, 9);
  expect(estimateRollout({ config, contextTokens: [1_000] }).usd).toBeNull();
});

test('of a run that was begun, takes its means for what is left', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-estimate-'));
  const store = RunStore.create({ dir, config });
  store.addTasks([testTask({ id: 'a' })]);
  for (const [index, usd] of [0.25, 0.75].entries()) {
    const episode = testEpisode({ run: store.runId, task: store.task('a')!, index });
    Object.assign(episode.cost, { texts: 3, promptTokens: 100, completionTokens: 10, usd });
    await store.putEpisode(episode);
  }
  const estimate = estimateRollout({ config, contextTokens: [5], store });
  expect(estimate).toMatchObject({
    left: 6,
    texts: 18,
    promptTokens: 600,
    completionTokens: 60,
    usd: 3,
    basis: 'measured',
  });
  store.close();
  rmSync(dir, { recursive: true });
});

test('limits are told, and "no cap" where there is none', () => {
  const lines = limitLines(config).join('\n');
  expect(lines).toContain('20 turns');
  expect(lines).toContain('dollars no cap');
  expect(lines).toContain('tokens no cap');
  expect(limitLines(testConfig({ environment: { budget: { usd: 2 } } }))[0]).toContain('dollars 2 in all');
});
