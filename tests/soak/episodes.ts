import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { runConfigSchema } from '../../configs/schema.ts';
import { taskSchema } from '../../datasets/task.ts';
import { ContextStore } from '../../env/context.ts';
import type { Environment } from '../../env/environment.ts';
import { createEnvironments } from '../../rollout/create-environment.ts';
import { descendants, workerCommand, type Soak, type SoakOptions, type SoakResult } from './soak.ts';

const atOnce = 64;
const crowd = 256;
const workers = 2;

const code =
  '```repl\nconst part = context.slice(0, 300);\nconst told = await llm_query(`Q ${part}`);\nprint(told, part.length);\n```';

const task = (at: number) =>
  taskSchema.parse({
    id: `t${at}`,
    family: 'soak',
    query: 'How much is it?',
    context: `It is 42, says ${at % 50}.\n`.repeat(1_000),
    answer: '42',
  });

/** Opens an episode, plays it to its answer and closes it. Says what went wrong, or nothing. */
async function play(env: Environment, at: number): Promise<string | null> {
  try {
    await env.reset({ task: task(at), seed: at, identity: { index: at } });
    const asked = await env.step({ message: code });
    const child = asked.observation.calls.find(({ kind }) => kind === 'llm');
    if (!child) return `episode ${at} opened no sub-call: ${asked.info.stop?.reason ?? 'it goes on'}`;
    await env.step({ call: child.id, message: `told ${at}` });
    const { info, reward } = await env.step({ message: 'FINAL(42)' });
    if (info.stop?.reason !== 'answered' || reward !== 1)
      return `episode ${at} ended as ${info.stop?.reason}, ${reward}`;
    return null;
  } catch (error) {
    return `episode ${at}: ${String(error)}`;
  } finally {
    await env.close();
  }
}

interface Held {
  readonly hostMb: number;
  readonly workersMb: number;
  readonly files: number;
}

/** What this process and its workers hold, garbage of this one left out. */
async function measure(gc: () => void): Promise<Held> {
  // What was closed is gone from the workers once they have come to it.
  await delay(300);
  gc();
  const pids = descendants(process.pid, workerCommand);
  const filesOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;
  const residentMb = (pid: number) =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1e3;
  return {
    hostMb: residentMb(process.pid),
    workersMb: pids.reduce((sum, pid) => sum + residentMb(pid), 0),
    files: [process.pid, ...pids].reduce((sum, pid) => sum + filesOf(pid), 0),
  };
}

async function run({ count, log }: SoakOptions): Promise<SoakResult> {
  if (!existsSync('/proc/self/fd')) throw new Error('memory and descriptors are read from /proc, which is not here');
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-soak-episodes-'));
  const contexts = new ContextStore(dir);
  const config = runConfigSchema.parse({
    name: 'soak',
    tasks: [{ family: 'soak' }],
    policies: { root: { name: 'scripted' } },
    environment: { repl: { workers } },
  });
  const environments = createEnvironments(config, { contexts });
  const broken: string[] = [];
  let failed = 0;
  const one = async (at: number) => {
    const wrong = await play(environments.create(), at);
    if (wrong === null) return;
    failed += 1;
    if (broken.length < 5) broken.push(wrong);
  };
  try {
    await Promise.all(Array.from({ length: crowd }, (_, at) => one(at)));
    log(`${crowd} at once: ${failed} failed`);
    const crowdFailed = failed;

    const early = Math.max(1, Math.round(count / 10));
    let next = 0;
    const upTo = async (end: number) => {
      const lane = async () => {
        for (let at = next++; at < end; at = next++) await one(at);
      };
      await Promise.all(Array.from({ length: atOnce }, lane));
      next = end;
    };
    await upTo(early);
    const before = await measure(gc);
    log(
      `after ${early}: host ${before.hostMb.toFixed(0)} MB, workers ${before.workersMb.toFixed(0)} MB, ${before.files} files`,
    );
    for (let end = 2 * early; end < count; end += early) {
      await upTo(end);
      const { hostMb, workersMb, files } = await measure(gc);
      log(`after ${end}: host ${hostMb.toFixed(0)} MB, workers ${workersMb.toFixed(0)} MB, ${files} files`);
    }
    await upTo(count);
    const after = await measure(gc);
    const ratios = {
      host_rss: after.hostMb / before.hostMb,
      workers_rss: after.workersMb / before.workersMb,
      descriptors: after.files / before.files,
    };
    // A short trial's first tenth has not filled the heaps yet, so it holds only descriptors and gross leaks.
    const most = { host_rss: count >= 5_000 ? 1.1 : 1.6, workers_rss: count >= 5_000 ? 1.1 : 1.6, descriptors: 1.1 };
    for (const [name, ratio] of Object.entries(ratios)) {
      if (ratio > most[name as keyof typeof most])
        broken.push(`${name} grew to ${ratio.toFixed(2)} of what it was after ${early}`);
    }
    return {
      broken,
      figures: {
        episodes: count,
        failed,
        failed_of_256_at_once: crowdFailed,
        host_mb: Math.round(after.hostMb),
        workers_mb: Math.round(after.workersMb),
        files: after.files,
        host_rss_ratio: Number(ratios.host_rss.toFixed(3)),
        workers_rss_ratio: Number(ratios.workers_rss.toFixed(3)),
        descriptors_ratio: Number(ratios.descriptors.toFixed(3)),
      },
    };
  } finally {
    await environments.close();
    contexts.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

export const soak: Soak = {
  describe: '256 episodes at once, then 10,000 opened and closed: none fails, memory and descriptors stay flat',
  count: 10_000,
  run,
};
