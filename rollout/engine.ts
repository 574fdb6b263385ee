import { setTimeout as delay } from 'node:timers/promises';
import PQueue from 'p-queue';
import { configHash } from '../configs/schema.ts';
import type { RunConfig } from '../configs/schema.ts';
import type { Task } from '../datasets/task.ts';
import type { Environment } from '../env/environment.ts';
import type { Episode, InfraFailure } from '../env/episode.ts';
import { episodeId, episodeSeed } from './episode-id.ts';
import type { EpisodePlace } from './episode-id.ts';
import { KillerCount } from './killer-count.ts';
import { playEpisode } from './play-episode.ts';
import type { Attempt } from './play-episode.ts';
import { pricesOf } from './policies/policies.ts';
import type { PolicySet } from './policies/policies.ts';
import { ProgressCounter } from './progress.ts';
import type { Progress } from './progress.ts';
import type { RunStore } from './store.ts';
import { StoreError, toStoreError } from './store-error.ts';
import type { StoredTask } from './task-table.ts';
import { emptyVoidEpisode } from './void-episode.ts';

export interface RolloutOptions {
  readonly store: RunStore;
  /** Concurrency, attempts and the like may differ from the stored config; what decides the episodes may not. */
  readonly config?: RunConfig;
  readonly policies: PolicySet;
  /** A fresh environment for each attempt; it should share its backend and contexts (`store.contexts`). */
  readonly createEnvironment: () => Environment;
  /** No episode begins after it; those under way are finished (the first Ctrl-C). */
  readonly drain?: AbortSignal;
  /** Ends everything at once; unfinished episodes leave no record and are played again (the second Ctrl-C). */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Try the void episodes of earlier starts again. */
  readonly retryVoid?: boolean;
  /** First wait between attempts at an episode; doubles up to 30 s. @default 500 */
  readonly backoffMs?: number;
}

export interface RolloutSummary extends Progress {
  /**
   * `finished`: every episode is in the store; `drained`, `aborted`: a signal came; `halted`: too many void episodes in
   * a row, or too many that killed their sandbox.
   */
  readonly ended: 'finished' | 'drained' | 'aborted' | 'halted';
  /** Void episodes in the store, those of earlier starts included. */
  readonly voidInStore: number;
  /** Why it was halted, and what to do. */
  readonly problem?: { readonly message: string; readonly next: string };
}

const longestBackoffMs = 30_000;
/** How long a run that is over waits for its environments to close. */
const closingMs = 5_000;

/**
 * Plays every episode of a run that its store does not have yet: tasks × group × rounds, `rollout.concurrency` at once.
 * An attempt that infrastructure fails is tried again with a fresh environment, at most `rollout.attempts` times; then the
 * episode is kept as void, without a reward. Rejects for what makes going on pointless (a policy that is set up wrong, a
 * full disk); whatever was finished is in the store by then.
 */
export async function rollout(options: RolloutOptions): Promise<RolloutSummary> {
  const { store } = options;
  if (store.taskCount === 0) {
    throw new StoreError('missing', `the run in ${store.dir} has no tasks`, {
      next: 'rlm-gym rollout CONFIG makes them',
    });
  }
  if (options.config && configHash(options.config) !== store.configHash) {
    throw new StoreError('other_run', `this config is not the one that ${store.dir} was made with`, {
      next: 'rlm-gym rollout CONFIG --run NEW_DIR begins a new run',
    });
  }
  const unlock = store.lockWriter();
  try {
    return await new Engine(options).run();
  } finally {
    unlock();
  }
}

/** Ends attempts when the run must end; never told as a failure of an episode. */
class RunEnded extends Error {
  override name = 'RunEnded';
}

class Engine {
  readonly #options: RolloutOptions;
  readonly #config: RunConfig;
  readonly #finished: Set<string>;
  /** The last attempt that failed in an earlier start, by episode. */
  readonly #failedBefore = new Map<string, number>();
  readonly #counter: ProgressCounter;
  readonly #queue: PQueue;
  readonly #stop = new AbortController();
  readonly #tasks: TaskCache;
  readonly #closing = new Set<Promise<void>>();
  #ended: RolloutSummary['ended'] = 'finished';
  #problem: RolloutSummary['problem'];
  #fatal: Error | null = null;
  #voidInARow = 0;
  readonly #killers: KillerCount;

  constructor(options: RolloutOptions) {
    const { store, retryVoid = false } = options;
    this.#options = options;
    this.#config = options.config ?? store.config;
    const { concurrency, group, rounds } = this.#config.rollout;
    this.#finished = store.finished({ retryVoid });
    for (const { episodeId: id, attempt } of store.attempts()) this.#failedBefore.set(id, attempt);
    this.#counter = new ProgressCounter(store.taskCount * group * rounds, this.#finished.size);
    this.#killers = new KillerCount(this.#config.rollout.haltKilled);
    this.#queue = new PQueue({ concurrency });
    this.#tasks = new TaskCache((id) => store.loadTask(id));
  }

  async run(): Promise<RolloutSummary> {
    const { drain, signal, store, onProgress } = this.#options;
    const drained = () => this.#end('drained');
    const aborted = () => {
      this.#end('aborted');
      this.#stop.abort(new RunEnded('stopped'));
    };
    drain?.addEventListener('abort', drained, { once: true });
    signal?.addEventListener('abort', aborted, { once: true });
    if (drain?.aborted) drained();
    if (signal?.aborted) aborted();
    const tick = setInterval(() => onProgress?.(this.#counter.snapshot()), 250);
    try {
      onProgress?.(this.#counter.snapshot());
      // A replay needs them to tell what is left of a dollar budget, and makes no policies.
      store.setMeta('prices', pricesOf(this.#options.policies));
      await this.#feed().catch((error: unknown) => this.#die(error));
      await this.#queue.onIdle();
      await Promise.race([Promise.allSettled(this.#closing), delay(closingMs, undefined, { ref: false })]);
    } finally {
      clearInterval(tick);
      drain?.removeEventListener('abort', drained);
      signal?.removeEventListener('abort', aborted);
    }
    if (this.#fatal) throw this.#fatal;
    const progress = this.#counter.snapshot();
    onProgress?.(progress);
    const row = store.database.prepare('SELECT count(*) AS n FROM episodes WHERE void = 1').get();
    const ended = progress.done >= progress.total ? 'finished' : this.#ended;
    return {
      ...progress,
      ended,
      voidInStore: Number(row?.n ?? 0),
      ...(this.#problem ? { problem: this.#problem } : {}),
    };
  }

  /** Hands episodes to the queue no faster than it takes them, so that a large run needs no list of them all. */
  async #feed(): Promise<void> {
    const { store } = this.#options;
    const { group, rounds, concurrency } = this.#config.rollout;
    for (let round = 0; round < rounds; round += 1) {
      for (const task of store.tasks()) {
        for (let index = 0; index < group; index += 1) {
          if (this.#ended !== 'finished' || this.#fatal) return;
          const place = { run: store.runId, round, taskId: task.id, index };
          if (this.#finished.has(episodeId(place))) continue;
          await this.#queue.onSizeLessThan(Math.max(2, concurrency));
          void this.#queue.add(() => this.#episode(place, task)).catch((error: unknown) => this.#die(error));
        }
      }
    }
  }

  async #episode(place: EpisodePlace, stored: StoredTask): Promise<void> {
    if (this.#ended !== 'finished' || this.#fatal) return;
    this.#counter.running += 1;
    const task = this.#tasks.take(place.taskId);
    try {
      await this.#attempts(place, stored, task);
    } catch (error) {
      if (!(error instanceof RunEnded)) this.#die(error);
    } finally {
      this.#tasks.giveBack(place.taskId);
      this.#counter.running -= 1;
    }
  }

  async #attempts(place: EpisodePlace, stored: StoredTask, task: Task): Promise<void> {
    const { store, backoffMs = 500, retryVoid = false } = this.#options;
    const id = episodeId(place);
    const before = this.#failedBefore.get(id) ?? 0;
    const { attempts } = this.#config.rollout;
    // Failures of an earlier start count, so that a run killed again and again does not try for ever.
    const granted = retryVoid ? attempts : Math.max(1, attempts - before);
    for (let tried = 1; ; tried += 1) {
      const attempt = before + tried;
      const result = await this.#attempt(place, task);
      if (result.failure === null) {
        result.episode.timing.attempt = attempt;
        await this.#keep(result.episode, attempt);
        return;
      }
      const { failure, message } = result;
      await store.putAttempt({ episodeId: id, attempt, failure, message });
      if (tried >= granted) {
        await this.#keep(this.#voidEpisode(place, stored, { ...result, failure, message }), attempt);
        return;
      }
      await this.#pause(Math.min(longestBackoffMs, backoffMs * 2 ** (tried - 1)));
    }
  }

  async #attempt(place: EpisodePlace, task: Task): Promise<Attempt> {
    const { policies, createEnvironment } = this.#options;
    let environment: Environment;
    try {
      environment = createEnvironment();
    } catch (error) {
      // Made wrongly once is made wrongly every time.
      throw this.#die(error);
    }
    try {
      return await playEpisode({
        environment,
        policies,
        task,
        place,
        runSeed: this.#config.seed,
        wallSeconds: this.#config.environment.budget.wallSeconds,
        signal: this.#stop.signal,
        onText: (text) => this.#counter.text(text),
        onError: (failure) => this.#counter.error(failure),
      });
    } finally {
      // Not waited for here: an environment that is stuck must not hold the next attempt up.
      const closed = environment.close().catch(() => this.#counter.error('bug'));
      this.#closing.add(closed);
      void closed.finally(() => this.#closing.delete(closed));
    }
  }

  #voidEpisode(
    place: EpisodePlace,
    task: StoredTask,
    failed: { readonly episode: Episode | null; readonly failure: InfraFailure; readonly message: string },
  ): Episode {
    const { failure, message } = failed;
    const seed = episodeSeed(this.#config.seed, place);
    const { dialect } = this.#config.environment;
    const episode = failed.episode ?? emptyVoidEpisode({ place, task, seed, dialect, failure, message });
    return { ...episode, reward: null };
  }

  async #keep(episode: Episode, attempt: number): Promise<void> {
    await this.#options.store.putEpisode(episode, { attempt });
    const isVoid = episode.stop.class === 'infra';
    this.#counter.episode({ reward: episode.reward, void: isVoid });
    this.#voidInARow = isVoid ? this.#voidInARow + 1 : 0;
    const { haltAfter } = this.#config.rollout;
    const killing = this.#killers.count(episode);
    if (killing) this.#halt(killing);
    if (haltAfter === null || this.#voidInARow < haltAfter) return;
    this.#halt({
      message: `${haltAfter} episodes in a row had no score; the last failed with ${episode.stop.reason}: ${episode.stop.message ?? ''}`,
      next: 'mend that, then run the same command with --retry-void (rollout.haltAfter in the config sets the number)',
    });
  }

  #halt(problem: NonNullable<RolloutSummary['problem']>): void {
    if (this.#ended === 'halted') return;
    this.#problem = problem;
    this.#ended = 'halted';
    this.#stop.abort(new RunEnded('halted'));
  }

  #end(how: 'drained' | 'aborted'): void {
    if (this.#ended === 'finished' || this.#ended === 'drained') this.#ended = how;
  }

  #die(error: unknown): Error {
    const told = toStoreError(error, this.#options.store.dir);
    this.#fatal ??= told instanceof Error ? told : new Error(String(told));
    if (!this.#stop.signal.aborted) this.#stop.abort(new RunEnded('the run failed'));
    return this.#fatal;
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stop;
    // Its own AbortError would hide why the run ended.
    await delay(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/**
 * The tasks whose episodes are being played: one object, one text, however many of the group play at once. The last few
 * stay, because the rest of their group comes next.
 */
class TaskCache {
  readonly #load: (id: string) => Task;
  readonly #held = new Map<string, { task: Task; users: number }>();

  constructor(load: (id: string) => Task) {
    this.#load = load;
  }

  take(id: string): Task {
    let held = this.#held.get(id);
    if (!held) {
      held = { task: this.#load(id), users: 0 };
      this.#held.set(id, held);
    }
    held.users += 1;
    return held.task;
  }

  giveBack(id: string): void {
    const held = this.#held.get(id);
    if (held) held.users -= 1;
    for (const [other, { users }] of this.#held) {
      if (this.#held.size <= 2) return;
      if (users === 0 && other !== id) this.#held.delete(other);
    }
  }
}
