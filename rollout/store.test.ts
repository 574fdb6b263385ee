import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Episode } from '../env/episode.ts';
import { testTask } from '../env/test-support.ts';
import { isDiskError, toStoreError } from './store-error.ts';
import { RunStore } from './store.ts';
import { testConfig, testEpisode } from './test-support.ts';

let dir: string;
const open: RunStore[] = [];
const keep = (store: RunStore): RunStore => {
  open.push(store);
  return store;
};
const make = (seed = 1): RunStore =>
  keep(RunStore.create({ dir, config: testConfig({ seed }), info: { made: 'here' } }));
const caught = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    return error;
  }
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-store-'));
});
afterEach(() => {
  for (const store of open.splice(0)) store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('a run directory', () => {
  test('keeps config and meta, and is opened again with the same run id', () => {
    const store = make();
    store.setMeta('curve', { points: [1, 2.5, null] });
    const { runId } = store;
    expect(runId).toMatch(/^[0-9a-f]{12}$/);
    store.close();
    const again = make();
    expect(again).toMatchObject({ runId, config: testConfig({ seed: 1 }) });
    expect(again.meta('curve')).toEqual({ points: [1, 2.5, null] });
    expect(again.meta('tasks_info')).toEqual({ made: 'here' });
    expect(again.meta('absent')).toBeUndefined();
    expect(again.database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(again.database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
  });

  test('refuses another config, saying how to make a new run; changes nothing', async () => {
    const { runId } = make(1);
    const error = await caught(() => make(2));
    expect(error).toMatchObject({ problem: 'other_run', exitCode: 4 });
    expect((error as { next: string }).next).toContain('rlm-gym rollout CONFIG --run');
    expect(keep(RunStore.open(dir)).runId).toBe(runId);
  });

  test('says how to make a run where there is none', async () => {
    const error = await caught(() => RunStore.open(join(dir, 'none')));
    expect(error).toMatchObject({
      problem: 'missing',
      next: expect.stringContaining('rlm-gym rollout CONFIG') as string,
    });
  });

  test('treats a database without tables (killed while it was made) as none', async () => {
    new DatabaseSync(join(dir, 'run.db')).exec('PRAGMA journal_mode = WAL');
    expect(await caught(() => RunStore.open(dir))).toMatchObject({ problem: 'missing' });
    expect(make().taskCount).toBe(0);
  });

  test('refuses a newer schema with the version it needs', async () => {
    const store = make();
    store.setMeta('version', '9.8.7');
    store.database.exec('PRAGMA user_version = 99');
    for (const work of [() => RunStore.open(dir), () => make()]) {
      const error = await caught(work);
      expect(error).toMatchObject({ problem: 'newer', next: expect.stringContaining('rlm-gym@9.8.7') as string });
    }
  });

  test('is readable by its owner alone', () => {
    const store = make();
    store.lockWriter();
    for (const name of ['run.db', 'run.db-wal', 'writer.lock']) {
      expect([name, (statSync(join(dir, name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
    }
  });

  test('has one writer at a time, and any number of readers', async () => {
    const first = make();
    const release = first.lockWriter();
    const second = make();
    const error = await caught(() => second.lockWriter());
    expect(error).toMatchObject({ problem: 'locked' });
    expect((error as Error).message).toContain(`process ${process.pid}`);
    expect([...keep(RunStore.open(dir, { readOnly: true })).episodes()]).toEqual([]);
    release();
    second.lockWriter()();
  });
});

describe('tasks', () => {
  const tasks = [
    testTask({ id: 'b', context: 'shared text é\n' }),
    testTask({ id: 'a', context: ['one', 'two ', '', 'ünï'], metadata: { depth: 0.5 } }),
    testTask({ id: 'c', context: 'shared text é\n', query: 'lone \ud800 surrogate' }),
  ];

  test('come back in their order, with their text, each context kept once', () => {
    const store = make();
    store.addTasks(tasks);
    store.addTasks(tasks);
    expect(store.taskCount).toBe(3);
    const stored = [...store.tasks()];
    expect(stored.map(({ id, order }) => [id, order])).toEqual([
      ['b', 0],
      ['a', 1],
      ['c', 2],
    ]);
    expect(stored[0]?.context.hash).toBe(stored[2]?.context.hash);
    expect(stored[1]?.context).toMatchObject({ type: 'list', documents: 4, offsets: [0, 3, 7, 7], latin1: true });
    expect(readFileSync(stored[0]!.context.path, 'utf8')).toBe('shared text é\n');
    for (const task of tasks) expect(store.loadTask(task.id)).toEqual(task);
  });

  test('that changed are refused, and none of the batch is added', async () => {
    const store = make();
    store.addTasks(tasks.slice(0, 1));
    const changed = [testTask({ id: 'new' }), { ...tasks[0]!, context: 'shared text e\n' }];
    expect(await caught(() => store.addTasks(changed))).toMatchObject({ problem: 'tasks_changed' });
    expect(store.taskCount).toBe(1);
  });

  test('whose context file is damaged say which file', async () => {
    const store = make();
    store.addTasks(tasks);
    truncateSync(store.task('b')!.context.path, 3);
    const error = await caught(() => store.loadTask('b'));
    expect(error).toMatchObject({ problem: 'damaged' });
    expect((error as Error).message).toContain(store.task('b')!.context.path);
  });
});

describe('episodes', () => {
  const withTasks = (): RunStore => {
    const store = make();
    store.addTasks([testTask({ id: 't1' }), testTask({ id: 't0', family: 'other' })]);
    return store;
  };
  const of = (store: RunStore, task: string, index: number, patch: Partial<Episode> = {}): Episode =>
    testEpisode({ run: store.runId, task: store.task(task)!, index, patch });

  test('come back whole, in the order of tasks, rounds and indexes, however they came', async () => {
    const store = withTasks();
    const episodes = [0, 1, 2].flatMap((index) => ['t1', 't0'].map((task) => of(store, task, index)));
    const late = { ...of(store, 't1', 0), round: 1, id: `${store.runId}/1/t1/0` };
    await Promise.all([late, ...episodes.toReversed()].map((episode) => store.putEpisode(episode)));
    const ids = [...store.episodes()].map(({ taskId, round, index }) => `${taskId} ${round} ${index}`);
    expect(ids).toEqual(['t1 0 0', 't1 0 1', 't1 0 2', 't1 1 0', 't0 0 0', 't0 0 1', 't0 0 2']);
    expect([...store.episodes({ family: 'other' })]).toHaveLength(3);
    expect([...store.episodes({ task: 't1' })]).toHaveLength(4);
    expect(store.episode(late.id)).toEqual(late);
    expect(store.episode('none')).toBeUndefined();
    expect(store.finished().has(late.id)).toBe(true);
  });

  test('pages through more episodes than a page has', async () => {
    const store = withTasks();
    const all = Array.from({ length: 75 }, (_, index) => of(store, 't1', index));
    await Promise.all(all.map((episode) => store.putEpisode(episode)));
    expect([...store.episodes()].map((episode) => episode.index)).toEqual(all.map((episode) => episode.index));
  });

  test('keep lone surrogates and NUL in the record; the columns answer questions', async () => {
    const store = withTasks();
    const answer = 'half \udc00 and \u0000 nul';
    const episode = of(store, 't1', 0, {
      final: { answer, source: 'FINAL', call: '0', turn: 1, cut: 0 },
      reward: 0.25,
      metrics: { policy_strategy: 'grep' },
    });
    await store.putEpisode(episode);
    expect(store.episode(episode.id)?.final?.answer).toBe(answer);
    const row = store.database.prepare('SELECT reward, strategy, void, attempt, context_chars FROM episodes').get();
    expect(row).toEqual({ reward: 0.25, strategy: 'grep', void: 0, attempt: 1, context_chars: 11 });
  });

  test('of one tick share a transaction, and one that cannot be written fails alone', async () => {
    const store = withTasks();
    const bad = { ...of(store, 't1', 1), taskId: 'no such task', id: 'x' };
    const results = await Promise.allSettled(
      [of(store, 't1', 0), bad, of(store, 't1', 2)].map((e) => store.putEpisode(e)),
    );
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(store.finished().size).toBe(2);
  });

  test('of two attempts keep the one that started first; an ended one beats a void one', async () => {
    const store = withTasks();
    const attempt = (answer: string, reward: number | null) =>
      of(store, 't1', 0, {
        reward,
        final: { answer, source: 'FINAL', call: '0', turn: 0, cut: 0 },
        stop: reward === null ? { reason: 'network', class: 'infra' } : { reason: 'answered', class: 'answer' },
      });
    const answer = () => store.episode(attempt('', 1).id)?.final?.answer;
    expect(await store.putEpisode(attempt('void', null), { attempt: 3 })).toBe(true);
    expect([...store.episodes({ void: true })]).toHaveLength(1);
    expect([store.finished().size, store.finished({ retryVoid: true }).size]).toEqual([1, 0]);
    expect(await store.putEpisode(attempt('third', 1), { attempt: 3 })).toBe(true);
    expect(await store.putEpisode(attempt('second', 1), { attempt: 2 })).toBe(true);
    expect(await store.putEpisode(attempt('fourth', 1), { attempt: 4 })).toBe(false);
    expect(await store.putEpisode(attempt('void again', null), { attempt: 1 })).toBe(false);
    expect(answer()).toBe('second');
    expect([...store.episodes({ void: false })]).toHaveLength(1);
  });

  test('keep the history of attempts that failed', async () => {
    const store = withTasks();
    const episode = of(store, 't1', 0);
    const failures = [{ attempt: 1, failure: 'network', message: 'reset', at: '2026-01-01T00:00:00.000Z' }];
    await store.putAttempt({ episodeId: episode.id, ...failures[0]! });
    await store.putEpisode(episode, { attempt: 2, failures: [{ ...failures[0]!, message: 'told twice' }] });
    expect(store.attempts(episode.id)).toEqual([{ episodeId: episode.id, ...failures[0] }]);
    expect(store.attempts()).toHaveLength(1);
  });

  test('are written by close when a tick has not come yet', async () => {
    const store = withTasks();
    const written = store.putEpisode(of(store, 't1', 0));
    store.close();
    expect(await written).toBe(true);
    expect(keep(RunStore.open(dir)).finished().size).toBe(1);
  });
});

describe('a full disk', () => {
  test('is told apart by its code, with the next thing to do', async () => {
    const store = make();
    store.addTasks([testTask({ id: 't1' })]);
    const pages = Number(store.database.prepare('PRAGMA page_count').get()?.page_count);
    store.database.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const big = testEpisode({ run: store.runId, task: store.task('t1')!, index: 0 });
    big.query = Buffer.from(Array.from({ length: 60_000 }, () => Math.random() * 256)).toString('base64');
    const error = await caught(() => store.putEpisode(big));
    expect(error).toMatchObject({ problem: 'disk', exitCode: 6, next: expect.stringContaining('make room') as string });
    store.database.exec('PRAGMA max_page_count = 1000000');
    expect(await store.putEpisode(big)).toBe(true);
  });

  test('ENOSPC of a system call is one too; another error is not', () => {
    const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
    expect(isDiskError(toStoreError(full, '/run'))).toBe(true);
    const other = new Error('database or disk is full');
    expect(toStoreError(other, '/run')).toBe(other);
  });
});
