import { isDeepStrictEqual } from 'node:util';
import PQueue from 'p-queue';
import type { Task } from '../datasets/task.ts';
import type { RewardFunction } from '../env/environment.ts';
import type { Episode } from '../env/episode.ts';
import type { EpisodeScore } from './scores.ts';
import type { RunStore } from './store.ts';

export interface RescoreOptions {
  readonly store: RunStore;
  /** The changed rubric: its config, kept beside the scores, and the function made from it (`createRubric`). */
  readonly rubric: unknown;
  readonly reward: RewardFunction;
  /** Episodes judged at once. @default 8 */
  readonly concurrency?: number;
  /** Ends it; nothing of the new version stays. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface RescoreSummary {
  /** Number of the new score version. */
  readonly version: number;
  /** Episodes that were judged. */
  readonly episodes: number;
  /** Those whose reward is another than the version before gave them. */
  readonly changed: number;
  /** Those whose reward is null: some component could not judge them. */
  readonly unscored: number;
  /** Void episodes stay void. */
  readonly void: number;
  /** Mean reward over scored episodes, by the version before and by this one; null where there are none. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Scores that are written in one transaction. */
const batchSize = 256;

/**
 * Judges the stored episodes again, without a model, and keeps what was found as a new score version beside the earlier
 * ones. The records are not changed. The new version counts from the moment all of it is written.
 */
export async function rescoreRun(options: RescoreOptions): Promise<RescoreSummary> {
  const { store, rubric, reward, signal, onProgress } = options;
  const unlock = store.lockWriter();
  try {
    const { scores } = store;
    const version = scores.begin();
    const row = store.database.prepare('SELECT count(*) AS n, coalesce(sum(void), 0) AS voids FROM episodes').get();
    const voids = Number(row?.voids ?? 0);
    const total = Number(row?.n ?? 0) - voids;
    const tally = { episodes: 0, changed: 0, unscored: 0 };
    const before = new Mean();
    const after = new Mean();
    let batch: EpisodeScore[] = [];
    const note = (earlier: number | null, found: EpisodeScore) => {
      before.add(earlier);
      after.add(found.reward);
      tally.episodes += 1;
      if (found.reward === null) tally.unscored += 1;
      if (found.reward !== earlier) tally.changed += 1;
      batch.push(found);
      if (batch.length >= batchSize) flush();
      onProgress?.(tally.episodes, total);
    };
    const flush = () => {
      scores.add(version, batch);
      batch = [];
    };
    const concurrency = options.concurrency ?? 8;
    const queue = new PQueue({ concurrency });
    let failure: unknown;
    let task: Task | null = null;
    for (const episode of store.episodes({ void: false })) {
      if (failure) break;
      signal?.throwIfAborted();
      if (task?.id !== episode.taskId) task = store.loadTask(episode.taskId);
      const of = task;
      await queue.onSizeLessThan(concurrency);
      void queue
        .add(async () => note(episode.reward, { episodeId: episode.id, ...(await judge(of, episode, reward)) }))
        .catch((error: unknown) => (failure ??= error));
    }
    await queue.onIdle();
    if (failure) throw failure;
    signal?.throwIfAborted();
    flush();
    scores.finish(version, rubric);
    return { version, ...tally, void: voids, before: before.value, after: after.value };
  } finally {
    unlock();
  }
}

/** A judge is not asked again: where the record holds its text to the very same question, that counts. */
async function judge(
  task: Task,
  scored: Episode,
  reward: RewardFunction,
): Promise<Pick<Episode, 'reward' | 'components'>> {
  const episode = { ...scored, reward: null, components: {} };
  const outcome = { task, answer: episode.final?.answer ?? null, episode };
  const judged = new Map<string, string>();
  for (const { id, messages } of reward.questions?.(outcome) ?? []) {
    const text = episode.calls.find(
      ({ kind, turns: [turn] }) => kind === 'judge' && turn && isDeepStrictEqual(turn.messages, messages),
    )?.answer;
    if (text != null) judged.set(id, text);
  }
  return reward({ ...outcome, judged });
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.#sum += value;
    this.#count += 1;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }
}
