import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import type { Task } from '../datasets/task.ts';
import type { Environment } from '../env/environment.ts';
import type { Episode } from '../env/episode.ts';
import { replayEpisode, type Difference } from './replay.ts';
import type { RunStore } from './store.ts';

export interface ReplayRunOptions {
  /** Only read. */
  readonly store: RunStore;
  /** A fresh environment for each episode, made with the record it replays: `Environments.create`. */
  readonly createEnvironment: (recorded: Episode) => Environment;
  /** Episodes at once. @default the run's, at most two a core */
  readonly concurrency?: number;
  /** No episode begins after it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ReplaySummary {
  readonly equal: number;
  readonly different: number;
  /** In the order of (task, round, index): the first difference of each episode that has one. */
  readonly differences: readonly (Difference & { readonly episodeId: string })[];
  /** Void episodes, which are not replayed: infrastructure ended them. */
  readonly void: number;
}

/**
 * Plays every stored episode again through a fresh environment, without a model, and compares the records bit for bit
 * outside `timing`. Scorers run again too; one that is not a pure function of the record (a judge is, since its text
 * is in the record; an endpoint of your own may not be) shows as a difference in `components`.
 */
export async function replayRun(options: ReplayRunOptions): Promise<ReplaySummary> {
  const { store, signal, onProgress, createEnvironment } = options;
  const counts = store.database.prepare('SELECT count(*) AS n, coalesce(sum(void), 0) AS voids FROM episodes').get();
  const voids = Number(counts?.voids ?? 0);
  const total = Number(counts?.n ?? 0) - voids;
  // No model is waited for, so more episodes than cores only make one another slower.
  const concurrency = options.concurrency ?? Math.min(store.config.rollout.concurrency, 2 * availableParallelism());
  const queue = new PQueue({ concurrency });
  const found: { at: number; difference: ReplaySummary['differences'][number] }[] = [];
  const again: { record: Episode; task: Task; at: number }[] = [];
  let done = 0;
  let failure: unknown;
  const note = (episodeId: string, at: number, difference: Difference | null) => {
    if (difference) found.push({ at, difference: { episodeId, ...difference } });
    done += 1;
    onProgress?.(done, total);
  };
  let task: Task | null = null;
  let at = 0;
  for (const record of store.episodes({ void: false, scoreVersion: 1 })) {
    if (signal?.aborted || failure) break;
    if (task?.id !== record.taskId) task = store.loadTask(record.taskId);
    const one = { record, task, at: at++ };
    await queue.onSizeLessThan(concurrency);
    const work = async () => {
      const { difference, machine } = await replay(one, createEnvironment);
      if (machine) again.push(one);
      else note(record.id, one.at, difference);
    };
    void queue.add(work).catch((error: unknown) => (failure ??= error));
  }
  await queue.onIdle();
  if (failure) throw failure;
  for (const one of again) {
    if (signal?.aborted) break;
    note(one.record.id, one.at, await replayAlone(one, createEnvironment));
  }
  found.sort((a, b) => a.at - b.at);
  const differences = found.map(({ difference }) => difference);
  return { equal: done - differences.length, different: differences.length, differences, void: voids };
}

interface One {
  readonly record: Episode;
  readonly task: Task;
}

/** `machine`: the machine that replays failed, which says nothing of the record. */
async function replay(
  { record, task }: One,
  create: (recorded: Episode) => Environment,
): Promise<{ difference: Difference | null; machine: boolean }> {
  const env = create(record);
  try {
    const { episode, difference } = await replayEpisode(env, task, record);
    const { stop } = episode;
    return { difference, machine: difference !== null && stop.class === 'infra' && machineFailures.has(stop.reason) };
  } finally {
    await env.close();
  }
}

const machineFailures: ReadonlySet<string> = new Set(['worker_lost', 'host_overloaded']);
/** Times an episode that the machine failed is tried with nothing beside it. */
const triesAlone = 3;

async function replayAlone(one: One, create: (recorded: Episode) => Environment): Promise<Difference | null> {
  for (let tried = 1; ; tried += 1) {
    const { difference, machine } = await replay(one, create);
    if (!machine || tried === triesAlone) return difference;
  }
}
