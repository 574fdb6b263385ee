import { isDeepStrictEqual } from 'node:util';
import { cellKilled } from './cell-killed.ts';
import { ReplError } from './repl.ts';
import type { CellProgress, Repl, ReplBackend, ReplOptions } from './repl.ts';

/** One operation of a REPL, and what came of it. */
type Entry = (
  | { readonly type: 'run'; readonly code: string }
  | { readonly type: 'answer'; readonly answers: readonly { readonly id: number; readonly text: string }[] }
) & { readonly outcome: CellProgress };

type Operation = Omit<Extract<Entry, { type: 'run' }>, 'outcome'> | Omit<Extract<Entry, { type: 'answer' }>, 'outcome'>;

/** Workers one REPL may lose through no doing of its own before its episode is given up. */
const maxLost = 5;

/** Limits that depend on the clock or on memory: what a cell had done by then cannot be done again exactly. */
const inexact = new Set(['cell_timeout', 'sandbox_oom', 'sandbox_killed']);

export interface SupervisorStats {
  /** REPLs that went on in a new worker. */
  replays: number;
  /** REPLs tried alone because they were inside when their worker died. */
  suspects: number;
  /** REPLs that killed their worker alone, too. */
  killed: number;
}

/**
 * A backend whose REPLs outlive their workers, over any backend. It keeps a journal of each REPL (cells and answers, in
 * their order) on the host; when a worker dies, the journal is played into a new one without asking a model, and each
 * step must have the outcome that the journal has. A REPL that was inside when its worker died is a suspect: it goes on
 * alone in a worker of its own, and if that dies as well, its cell ends as `sandbox_killed`. The journal holds
 * references to texts that the episode's record holds anyway, so it costs next to nothing.
 */
export function createSupervisor(inner: ReplBackend): ReplBackend & { readonly stats: SupervisorStats } {
  const stats: SupervisorStats = { replays: 0, suspects: 0, killed: 0 };
  return {
    language: inner.language,
    stats,
    open: async (options) => new SupervisedRepl(inner, options, stats),
    close: () => inner.close(),
  };
}

class SupervisedRepl implements Repl {
  readonly #backend: ReplBackend;
  readonly #options: ReplOptions;
  readonly #stats: SupervisorStats;
  readonly #journal: Entry[] = [];
  #repl: Repl | null = null;
  /** Requests the running cell has open, to name those that a killed cell leaves. */
  readonly #open = new Set<number>();
  #alone = false;
  #lost = 0;
  /** False once some cell ended by a limit that cannot be met again at the same place. */
  #exact = true;
  #closed = false;

  constructor(backend: ReplBackend, options: ReplOptions, stats: SupervisorStats) {
    this.#backend = backend;
    this.#options = options;
    this.#stats = stats;
  }

  run(code: string): Promise<CellProgress> {
    return this.#operate({ type: 'run', code });
  }

  answer(answers: readonly { readonly id: number; readonly text: string }[]): Promise<CellProgress> {
    return this.#operate({ type: 'answer', answers });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#journal.length = 0;
    await this.#repl?.close();
    this.#repl = null;
  }

  async #operate(operation: Operation): Promise<CellProgress> {
    for (;;) {
      try {
        this.#repl ??= await this.#reopen();
        const progress = await apply(this.#repl, operation);
        this.#journal.push({ ...operation, outcome: progress });
        this.#follow(operation, progress);
        return progress;
      } catch (error) {
        const killed = this.#afterLoss(error);
        if (killed) return killed;
      }
    }
  }

  #follow(operation: Operation, progress: CellProgress): void {
    if (operation.type === 'answer') for (const { id } of operation.answers) this.#open.delete(id);
    for (const { id } of progress.requests) this.#open.add(id);
    if (progress.state !== 'done') return;
    this.#open.clear();
    if (progress.result.limit && inexact.has(progress.result.limit)) this.#exact = false;
  }

  /** Decides what a failure means: to go on (returns), that the cell killed its sandbox, or that it is final (throws). */
  #afterLoss(error: unknown): CellProgress | null {
    if (!(error instanceof ReplError) || error.failure !== 'worker_lost' || this.#closed) throw error;
    this.#repl = null;
    if (error.suspect && this.#alone) {
      this.#stats.killed += 1;
      const cancelled = [...this.#open];
      this.#open.clear();
      return { state: 'done', requests: [], result: cellKilled(cancelled) };
    }
    this.#lost += 1;
    if (!this.#exact) {
      throw new ReplError(
        'worker_lost',
        `${error.message}; an earlier cell ended by a limit, so it cannot be replayed`,
        { cause: error },
      );
    }
    if (this.#lost > maxLost) {
      throw new ReplError('worker_lost', `${error.message}; it was the ${maxLost + 1}th worker of this episode`, {
        cause: error,
      });
    }
    if (error.suspect) {
      this.#alone = true;
      this.#stats.suspects += 1;
    }
    return null;
  }

  /** A REPL in another worker, brought to where the lost one was. */
  async #reopen(): Promise<Repl> {
    const repl = await this.#backend.open({ ...this.#options, alone: this.#alone });
    if (this.#journal.length > 0) this.#stats.replays += 1;
    try {
      for (const [at, entry] of this.#journal.entries()) {
        const progress = await apply(repl, entry);
        if (isDeepStrictEqual(visible(progress), visible(entry.outcome))) continue;
        throw new ReplError(
          'bug',
          `a replay of the journal went another way at step ${at + 1} of ${this.#journal.length}`,
        );
      }
      return repl;
    } catch (error) {
      await repl.close().catch(() => undefined);
      throw error;
    }
  }
}

const apply = (repl: Repl, operation: Operation): Promise<CellProgress> =>
  operation.type === 'run' ? repl.run(operation.code) : repl.answer(operation.answers);

/** What the host and the model can see of a step; times left out. */
const visible = (progress: CellProgress): unknown =>
  progress.state === 'waiting' ? progress : { ...progress, result: { ...progress.result, cpuMs: 0, wallMs: 0 } };
