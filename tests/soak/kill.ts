import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Episode } from '../../env/episode.ts';
import { RunStore } from '../../rollout/store.ts';
import { descendants, draws, startCli, workerCommand, type Soak, type SoakOptions, type SoakResult } from './soak.ts';

/** As in the quickstart: needles and counting questions, scripted policies, an oracle for the sub-calls. */
const config = {
  name: 'soak-kill',
  seed: 7,
  tasks: [
    { family: 'niah', variant: 'single', count: 3, length: 60_000 },
    { family: 'oolong', count: 5, length: 60_000 },
  ],
  environment: { budget: { maxTurns: 12, subcalls: 120 }, repl: { workers: 2 } },
  policies: { root: { name: 'scripted' }, llm: { name: 'oracle', errorRate: 0.01, latencyMs: 20 } },
  rollout: { group: 8, concurrency: 6 },
  export: { formats: ['sft-turns', 'rl'], license: 'other' },
};
const formats = ['sft-turns', 'rl'];

/** A start that is not killed is one too many only if it never ends. */
const startLimitMs = 180_000;

interface Stored {
  /** Hash of each record as it lies in the store, times and all: another play of the episode has another. */
  readonly records: ReadonlyMap<string, string>;
  readonly texts: ReadonlyMap<string, number>;
}

/** What is in a run, whole; nothing where it was killed before it had tables. */
function storedIn(dir: string): Stored {
  const records = new Map<string, string>();
  const texts = new Map<string, number>();
  if (!existsSync(join(dir, 'run.db'))) return { records, texts };
  let store: RunStore;
  try {
    store = RunStore.open(dir, { readOnly: true });
  } catch {
    return { records, texts };
  }
  for (const { id, record, n } of store.database.prepare('SELECT id, record, texts AS n FROM episodes').iterate()) {
    records.set(
      String(id),
      createHash('sha256')
        .update(record as Uint8Array)
        .digest('hex'),
    );
    texts.set(String(id), Number(n));
  }
  store.close();
  return { records, texts };
}

function untimed(dir: string): Omit<Episode, 'timing'>[] {
  const store = RunStore.open(dir, { readOnly: true });
  try {
    return Array.from(store.episodes(), ({ timing: _timing, ...episode }) => episode);
  } finally {
    store.close();
  }
}

async function shards(dir: string): Promise<string[]> {
  const { status, stderr } = await startCli(['export', dir]).ended;
  if (status !== 0) throw new Error(`the export of ${dir} ended with ${status}: ${stderr}`);
  return formats.map((format) =>
    createHash('sha256')
      .update(readFileSync(join(dir, `dataset/data/${format}-train-00000.parquet`)))
      .digest('hex'),
  );
}

/** One run after another, each killed at random moments and resumed until it is finished, until `count` kills are done. */
async function run({ count, seed, log }: SoakOptions): Promise<SoakResult> {
  const draw = draws(seed);
  const base = mkdtempSync(join(tmpdir(), 'rlm-gym-soak-kill-'));
  const broken: string[] = [];
  const counts = { kills: 0, engines: 0, workers: 0, runs: 0, starts: 0, lost: 0, twice: 0 };
  try {
    const path = join(base, 'config.json');
    writeFileSync(path, JSON.stringify(config));
    const argv = (dir: string) => ['rollout', path, '--run', dir, '--json'];
    const whole = join(base, 'whole');
    const began = performance.now();
    const first = await startCli(argv(whole)).ended;
    if (first.status !== 0) throw new Error(`the undisturbed run ended with ${first.status}: ${first.stderr}`);
    const undisturbedMs = performance.now() - began;
    const wanted = untimed(whole);
    const wantedShards = await shards(whole);
    log(`undisturbed: ${wanted.length} episodes in ${(undisturbedMs / 1e3).toFixed(1)} s`);

    while (counts.kills < count) {
      const dir = join(base, `killed-${counts.runs}`);
      counts.runs += 1;
      // At most so many in one run, so that a short soak compares more than one.
      const most = Math.min(count, counts.kills + Math.max(4, Math.ceil(count / 12)));
      for (let finished = false; !finished;) {
        const before = storedIn(dir);
        counts.starts += 1;
        const started = startCli(argv(dir), { limitMs: startLimitMs });
        const state = { gone: false };
        void started.ended.then(() => (state.gone = true));
        while (!state.gone && counts.kills < most) {
          const at = counts.kills;
          await Promise.race([started.ended, delay(draw('moment', at) * undisturbedMs * 0.6)]);
          if (state.gone) break;
          if (draw('target', at) < 0.5) {
            counts.kills += 1;
            counts.engines += 1;
            started.kill();
            break;
          }
          const workers = descendants(started.pid, workerCommand);
          const worker = workers[Math.floor(draw('worker', at) * workers.length)];
          // None yet: the moment was before the first cell, or between two workers.
          if (worker === undefined) {
            await delay(20);
            continue;
          }
          counts.kills += 1;
          counts.workers += 1;
          process.kill(worker, 'SIGKILL');
        }
        const ended = await started.ended;
        const after = storedIn(dir);
        for (const [id, hash] of before.records) {
          if (!after.records.has(id)) counts.lost += 1;
          else if (after.records.get(id) !== hash) counts.twice += 1;
        }
        if (ended.signal === 'SIGKILL') continue;
        if (ended.status !== 0) {
          broken.push(`a start ended with ${ended.status}: ${ended.stderr.slice(-500)}`);
          break;
        }
        finished = true;
        // Each text of this start is in an episode that it finished: none was asked for twice.
        const { texts: asked, before: known } = JSON.parse(ended.stdout) as { texts: number; before: number };
        let told = 0;
        for (const [id, texts] of after.texts) if (!before.records.has(id)) told += texts;
        if (asked !== told) broken.push(`run ${counts.runs}: ${asked} texts asked for, ${told} of them in episodes`);
        if (known !== before.records.size)
          broken.push(`run ${counts.runs}: it began with ${known}, not ${before.records.size}`);
      }
      const got = untimed(dir);
      counts.lost += Math.max(0, wanted.length - got.length);
      const other = wanted.findIndex((episode, at) => !isDeepStrictEqual(episode, got[at]));
      if (other !== -1) broken.push(`run ${counts.runs}: ${wanted[other]!.id} differs from the undisturbed run's`);
      if (!isDeepStrictEqual(await shards(dir), wantedShards)) broken.push(`run ${counts.runs}: its shards differ`);
      log(`run ${counts.runs} whole and equal after ${counts.kills} kills in all`);
      rmSync(dir, { recursive: true, force: true });
      if (broken.length > 0) break;
    }
    if (counts.lost > 0) broken.push(`${counts.lost} finished episodes were lost`);
    if (counts.twice > 0) broken.push(`${counts.twice} finished episodes were played again`);
    return { broken, figures: { ...counts, episodes: wanted.length } };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

export const soak: Soak = {
  describe:
    'kill -9 of engines and REPL workers at random moments, each followed by a resume: 0 lost, 0 twice, equal shards',
  count: 100,
  run,
};
