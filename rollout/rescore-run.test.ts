import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testTask } from '../env/test-support.ts';
import type { RewardFunction } from '../env/environment.ts';
import { rescoreRun } from './rescore-run.ts';
import { RunStore } from './store.ts';
import { testConfig, testEpisode } from './test-support.ts';

let dir: string;
let store: RunStore;
/** 20 tasks of two episodes: one answered (reward 1), one void. */
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-rescore-'));
  store = RunStore.create({ dir, config: testConfig({ rollout: { group: 3 } }) });
  store.addTasks(Array.from({ length: 20 }, (_, at) => testTask({ id: `t${at}`, answer: String(at) })));
  const stop = { reason: 'network', class: 'infra' as const };
  for (const task of store.tasks()) {
    await store.putEpisode(testEpisode({ run: store.runId, task, index: 0 }));
    const patch = { stop, reward: null, components: {}, final: null, terminated: false };
    await store.putEpisode(testEpisode({ run: store.runId, task, index: 1, patch }));
  }
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Half a point, or none to be known where the task is t3. */
const half: RewardFunction = async ({ task, episode }) => {
  expect(episode).toMatchObject({ reward: null, components: {} });
  if (task.id === 't3') return { reward: null, components: { correctness: { value: null, weight: 1, why: 'broken' } } };
  return { reward: 0.5, components: { correctness: { value: 0.5, weight: 1, why: 'lone \ud800' } } };
};
const rubric = { components: [{ name: 'half', weight: 1 }] };
const columns = () => store.database.prepare('SELECT reward, correctness, void FROM episodes ORDER BY id').all();
const first = () => `${store.runId}/0/t0/0`;

describe('scores of a run', () => {
  test('are kept in both versions; rows show the newest, void episodes stay void, failures are null', async () => {
    expect(store.scores.versions()).toMatchObject([{ version: 1, reward: store.config.reward }]);
    const summary = await rescoreRun({ store, rubric, reward: half });
    expect(summary).toEqual({
      version: 2,
      episodes: 20,
      changed: 20,
      unscored: 1,
      void: 20,
      before: 1,
      after: 0.5,
    });
    expect(columns().filter((row) => row.reward === 0.5 && row.correctness === 0.5 && row.void === 0)).toHaveLength(19);
    expect(columns().filter((row) => row.reward === null)).toHaveLength(21);
    expect(store.scores.versions()).toMatchObject([{ version: 1 }, { version: 2, reward: rubric }]);
    expect(store.episode(first())).toMatchObject({ reward: 0.5, components: { correctness: { why: 'lone \ud800' } } });
    expect(store.episode(first(), { scoreVersion: 1 })).toMatchObject({ reward: 1 });
    expect([...store.episodes({ void: false, task: 't3' })]).toMatchObject([
      { reward: null, components: { correctness: { why: 'broken' } } },
    ]);
    expect([...store.episodes({ void: false, scoreVersion: 1 })].every(({ reward }) => reward === 1)).toBe(true);
    expect(() => [...store.episodes({ scoreVersion: 7 })]).toThrow(/no score version 7/);
  });

  test('of a version that was cut short count for nothing, and the next takes its number', async () => {
    const stop = new AbortController();
    let judged = 0;
    const slow: RewardFunction = () => {
      if (++judged === 10) stop.abort();
      return { reward: 0, components: {} };
    };
    await expect(rescoreRun({ store, rubric, reward: slow, signal: stop.signal, concurrency: 1 })).rejects.toThrow();
    expect(store.scores.newest).toBe(1);
    expect(columns().filter((row) => row.reward === 1)).toHaveLength(20);
    expect((await rescoreRun({ store, rubric, reward: half })).version).toBe(2);
  });

  test('an episode played after is not scored by the newer version; asked for the older, it is', async () => {
    await rescoreRun({ store, rubric, reward: half });
    const episode = testEpisode({ run: store.runId, task: store.task('t0')!, index: 2 });
    await store.putEpisode(episode);
    expect(store.episode(episode.id)).toMatchObject({ reward: null, components: {} });
    expect(store.episode(episode.id, { scoreVersion: 1 })?.reward).toBe(1);
    const row = store.database.prepare('SELECT reward FROM episodes WHERE id = ?').get(episode.id);
    expect(row?.reward).toBeNull();
  });
});

describe('a store of schema 1', () => {
  /** What the version before left: no tables of scores. */
  const age = () => {
    const before = [...store.episodes()];
    store.close();
    const database = new DatabaseSync(join(dir, 'run.db'));
    database.exec(
      'DROP TABLE scores; DROP TABLE score_versions; ALTER TABLE exports DROP COLUMN score_version; PRAGMA user_version = 1',
    );
    database.close();
    return before;
  };

  test.each(['open', 'read', 'create'])('is migrated on a copy by %s; the old one stays', async (way) => {
    const before = age();
    const old = readFileSync(join(dir, 'run.db'));
    store =
      way === 'create'
        ? RunStore.create({ dir, config: testConfig({ rollout: { group: 3 } }) })
        : RunStore.open(dir, { readOnly: way === 'read' });
    expect([...store.episodes()]).toEqual(before);
    expect(store.scores.versions()).toMatchObject([{ version: 1, reward: store.config.reward }]);
    expect(store.database.prepare('SELECT count(*) AS n FROM scores WHERE reward = 1').get()?.n).toBe(20);
    expect(readFileSync(join(dir, 'run.db.v1')).equals(old)).toBe(true);
    expect(statSync(join(dir, 'run.db')).mode & 0o777).toBe(0o600);
    expect(existsSync(join(dir, 'run.db.next'))).toBe(false);
    if (way === 'read') return;
    expect((await rescoreRun({ store, rubric, reward: half })).version).toBe(2);
  });

  test('that another process has open is left as it is, with the thing to do', () => {
    age();
    const other = new DatabaseSync(join(dir, 'run.db'));
    other.exec('PRAGMA journal_mode = WAL; BEGIN; SELECT * FROM meta; ');
    const writer = new DatabaseSync(join(dir, 'run.db'));
    writer.exec("INSERT INTO meta VALUES ('x', '1')");
    expect(() => RunStore.open(dir)).toThrow(/open in another process/);
    expect(existsSync(join(dir, 'run.db.v1'))).toBe(false);
    writer.close();
    other.close();
    store = RunStore.open(dir);
    expect(store.meta('x')).toBe(1);
  });
});
