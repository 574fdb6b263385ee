import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testRun } from '../export/test-run.ts';
import { main } from './main.ts';

const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-cli-rescore-'));
const runDir = join(dir, 'run');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeAll(async () => {
  const store = await testRun({ dir: runDir, tasks: 2, group: 2, episode: () => ({ reward: 1 }) });
  store.close();
});

async function run(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const streams = { stdout: (text: string) => (stdout += text), stderr: (text: string) => (stderr += text) };
  const status = await main([...argv, '--json'], { ...streams, terminal: false, env: {} });
  return { status, stderr, out: JSON.parse(stdout.trim().split('\n').at(-1) ?? 'null') as Record<string, unknown> };
}

test('a changed rubric is what export and report use from then on, and the older scores can be asked for', async () => {
  const before = await run('export', runDir, '--out', join(dir, 'before'));
  expect(before.out).toMatchObject({ scoreVersion: 1 });
  const set = 'reward.components=[{name: correctness, weight: 3}, {name: cost_calls, weight: 1, full: 10}]';
  const { status, out } = await run('rescore', runDir, '--set', set);
  expect(status).toBe(0);
  expect(out).toMatchObject({ version: 2, episodes: 3, void: 1, unscored: 0 });

  const report = await run('report', runDir);
  expect(report.out).toMatchObject({ run: { scoreVersion: 2 }, overall: { reward: { mean: out.after } } });
  const older = await run('report', runDir, '--score-version', '1');
  expect(older.out).toMatchObject({ run: { scoreVersion: 1 }, overall: { reward: { mean: 1 } } });

  const after = await run('export', runDir, '--out', join(dir, 'after'));
  expect(after.out).toMatchObject({ scoreVersion: 2 });
  expect(after.out.exportId).not.toBe(before.out.exportId);
  expect(readFileSync(join(dir, 'after/README.md'), 'utf8')).toContain('reward_cost_calls');
  const again = await run('export', runDir, '--out', join(dir, 'again'), '--score-version', '1');
  expect(again.out.exportId).toBe(before.out.exportId);
});

test('a config of its own, and what it says where something does not fit', async () => {
  const path = join(dir, 'other.yaml');
  writeFileSync(
    path,
    'name: x\ntasks: [{ family: niah }]\npolicies: { root: { name: scripted } }\nreward: { components: [{ name: format }] }\n',
  );
  expect((await run('rescore', runDir, path)).out).toMatchObject({ version: 3 });
  expect(await run('rescore', runDir, '--set', 'seed=3')).toMatchObject({ status: 2 });
  expect(await run('rescore', runDir, '--set', 'reward.components=[{name: nothing}]')).toMatchObject({ status: 2 });
  const missing = await run('export', runDir, '--out', join(dir, 'missing'), '--score-version', '9');
  expect(missing.stderr).toContain('choose one of: 1, 2, 3');
});
