import type { PreparedContext } from '../context.ts';

/** Limits of one REPL. Every one that fires is told to the model and written into the record. */
export interface ReplLimits {
  /** CPU milliseconds one cell may use over all its entries (its start and every resumption). */
  readonly cellCpuMs: number;
  /** Wall milliseconds of one cell while code runs; waiting for sub-calls does not count. */
  readonly cellWallMs: number;
  /** Working memory in MiB, on top of the context's own bytes. */
  readonly memoryMb: number;
  /** Characters of a cell's output that are kept (head and tail). */
  readonly outputChars: number;
  /** Bytes of source one cell may have; checked before it is parsed. */
  readonly cellBytes: number;
  /** Sub-calls one cell may ask for in all. */
  readonly requestsPerCell: number;
  /** Characters one sub-call's prompt may have. */
  readonly promptChars: number;
  /** Characters of the final answer that are kept. */
  readonly answerChars: number;
}

export const defaultReplLimits: ReplLimits = {
  cellCpuMs: 5_000,
  cellWallMs: 20_000,
  memoryMb: 64,
  outputChars: 20_000,
  cellBytes: 128 * 1024,
  requestsPerCell: 1_000,
  promptChars: 4_000_000,
  answerChars: 64 * 1024,
};

/** How to open one REPL. Nothing of the task but its context is in here (DESIGN §4.1: closed schema). */
export interface ReplOptions {
  readonly context: PreparedContext;
  /** Seeds `Math.random` and the virtual clock. A hash of (context hash, episode index, call id), never of the task's seed. */
  readonly seed: number;
  readonly limits: ReplLimits;
  /** Which sub-call functions are bound, e.g. `['llm_query', 'llm_query_batched']`. An unbound name is not defined. */
  readonly functions: readonly string[];
  /** A worker of its own, which nobody shares before or after: for code that may have killed a worker. @default false */
  readonly alone?: boolean;
}

/** One sub-call that the running cell asked for. */
export interface SubcallRequest {
  /** Increasing from 1 within the REPL's life; the n-th sub-call this REPL asked for. */
  readonly id: number;
  readonly kind: 'llm' | 'rlm';
  readonly prompt: string;
  /** The name the code asked a model by, if it named one. */
  readonly model: string | null;
  /** The batch it came in: every request of one `*_batched` call shares `id`. */
  readonly batch: { readonly id: number; readonly index: number; readonly size: number } | null;
}

export type CellLimit = 'cell_timeout' | 'sandbox_oom' | 'sandbox_killed' | 'cell_too_large' | 'too_many_requests';

/** How a cell ended. All text is well-formed Unicode and within the limits. */
export interface CellResult {
  /** What `print` and `console.log` wrote, head and tail kept. */
  readonly stdout: string;
  /** The uncaught error as the model is shown it (`TypeError: x is not a function (line 3)`), or empty. */
  readonly stderr: string;
  /** Characters of stdout that were left out. */
  readonly cut: number;
  /** The REPL's own variables after the cell, sorted by name, at most 200. */
  readonly variables: readonly { readonly name: string; readonly type: string }[];
  /** The finish that the code asked for, turned into text at the time it was asked. */
  readonly finish: {
    readonly source: 'FINAL' | 'FINAL_VAR' | 'answer';
    readonly value: string;
    readonly cut: number;
  } | null;
  /** Ids of sub-calls still open when the cell ended; their promises resolve with an error string at the next cell. */
  readonly cancelled: readonly number[];
  /** Bound names (`context`, `llm_query`, …) that the code overwrote; they were put back. */
  readonly overwritten: readonly string[];
  /** What to tell the model beside the output, e.g. that an `await` was forgotten. */
  readonly hints: readonly CellHint[];
  /** The limit that ended the cell, if one did. */
  readonly limit: CellLimit | null;
  /** False when the REPL's state is gone (memory limit, killed): no further cell can run. */
  readonly alive: boolean;
  /** Measured, not part of the deterministic record. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

export type CellHint = 'forgotten_await' | 'unresolved_promise' | 'final_var_unknown';

export type CellProgress =
  | { readonly state: 'waiting'; readonly requests: readonly SubcallRequest[] }
  | { readonly state: 'done'; readonly requests: readonly SubcallRequest[]; readonly result: CellResult };

/**
 * One REPL: the variable `context`, and state that lasts from cell to cell.
 *
 * `run` starts a cell, `answer` hands it answers; both resolve once the cell has ended or can only go on with more
 * answers. Calls do not overlap: await one before the next. Requests of a `done` progress were asked for but cannot be
 * answered any more (the cell ended without waiting for them); they are in `result.cancelled`.
 *
 * A limit or an error in the model's code is a {@link CellResult}; a failure of the infrastructure rejects with a
 * {@link ReplError}.
 */
export interface Repl {
  run(code: string): Promise<CellProgress>;
  /** Answers reach the cell one at a time in the order given. Unknown and answered ids are ignored. */
  answer(answers: readonly { readonly id: number; readonly text: string }[]): Promise<CellProgress>;
  close(): Promise<void>;
}

/** Opens REPLs on worker processes; one backend serves many episodes. */
export interface ReplBackend {
  readonly language: 'javascript' | 'python';
  open(options: ReplOptions): Promise<Repl>;
  /** Ends every worker. Open REPLs reject with `worker_lost`. */
  close(): Promise<void>;
}

/** A failure of the infrastructure below a REPL; never the policy's fault. */
export class ReplError extends Error {
  override name = 'ReplError';
  readonly failure: 'worker_lost' | 'host_overloaded' | 'bug';
  /** Of `worker_lost`: the REPL was inside when its worker died, and nobody outside is known to have ended it. */
  readonly suspect: boolean;
  constructor(
    failure: 'worker_lost' | 'host_overloaded' | 'bug',
    message: string,
    options?: ErrorOptions & { suspect?: boolean },
  ) {
    super(message, options);
    this.failure = failure;
    this.suspect = options?.suspect ?? false;
  }
}
