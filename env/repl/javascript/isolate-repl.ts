import ivm from 'isolated-vm';
import type { ReplLimits } from '../repl.ts';
import { cellResult, emptyCell, requestsOf, type CellEnd } from './cell-result.ts';
import type { CpuMeter, Measured } from './cpu-meter.ts';
import { bootstrapSource } from './inside/bootstrap.ts';
import type { InsideLimits } from './inside/mailbox.ts';
import { pollSchema, type Polled, type WorkerMessage } from './messages.ts';
import type { SharedContext, SharedContexts } from './shared-contexts.ts';
import { CellSyntaxError, transformCell, type TransformedCell } from './transform-cell.ts';

export interface IsolateReplOptions {
  readonly repl: number;
  readonly context: string;
  readonly seed: number;
  readonly limits: ReplLimits;
  readonly functions: readonly string[];
}

/** What the REPLs of one worker share. */
export interface WorkerServices {
  readonly contexts: SharedContexts;
  readonly meter: CpuMeter;
  /** Entries into isolates that are running now. */
  readonly entries: Set<Entry>;
  /** A given-up thread began or stopped burning. */
  onStuck(change: 1 | -1): void;
}

type Outcome = 'ok' | 'thrown' | 'timeout' | 'overloaded' | 'oom' | 'disposed' | 'stuck';

/** One entry into an isolate, as the worker's ticker watches it. */
export interface Entry {
  readonly measured: Measured;
  /** On `performance.now()`: after this V8 should have ended it. */
  readonly deadline: number;
  readonly repl: IsolateRepl;
  /** When it was disposed for being overdue or over its CPU budget. */
  disposedAt: number | null;
  giveUp(): void;
}

const graceMs = 300;
const disposeMs = 500;
const promptCharsPerPoll = 8_000_000;

type Door = ivm.Reference<(...args: unknown[]) => unknown>;
interface Doors {
  readonly start: Door;
  readonly answer: Door;
  readonly settle: Door;
  readonly end: Door;
  readonly abort: Door;
  readonly poll: Door;
}

/**
 * One REPL inside its isolate, on the worker's side. Model code runs only in asynchronous entries, on isolated-vm's
 * threads; the worker's own thread calls `poll`, which is made of strings. Operations do not overlap.
 */
export class IsolateRepl {
  readonly #options: IsolateReplOptions;
  readonly #services: WorkerServices;
  #shared: SharedContext | null = null;
  #isolate: ivm.Isolate | null = null;
  #doors: Doors | null = null;
  #closed = false;
  #cell: TransformedCell | null = null;
  #cellCpu = 0;
  #cellWall = 0;
  #notes: string[] = [];
  #hints: CellEnd['hints'] = [];
  #stale = 0;
  #variables: CellEnd['variables'] = [];
  #lastRequest = 0;
  readonly #openRequests = new Set<number>();

  constructor(options: IsolateReplOptions, services: WorkerServices) {
    this.#options = options;
    this.#services = services;
  }

  async run(code: string): Promise<WorkerMessage> {
    this.#cellCpu = this.#cellWall = 0;
    this.#notes = [];
    this.#hints = [];
    const { limits } = this.#options;
    if (Buffer.byteLength(code, 'utf8') > limits.cellBytes) return this.#ended({ limit: 'cell_too_large' });
    try {
      this.#cell = transformCell(code.toWellFormed());
    } catch (error) {
      if (!(error instanceof CellSyntaxError)) throw error;
      return this.#ended({ error: `${error.name}: ${error.message}` });
    }
    await this.#open();
    if (this.#stale > 0) {
      const settled = await this.#enter('settle', []);
      this.#notes = [];
      const stopped = settled !== 'ok' && settled !== 'thrown' ? await this.#stopped(settled) : null;
      if (stopped) return stopped;
      this.#stale = 0;
    }
    return this.#progress(await this.#enter('start', [this.#cell.code, this.#cell.names.join(',')]));
  }

  async answer(answers: readonly { readonly id: number; readonly text: string }[]): Promise<WorkerMessage> {
    if (!this.#doors) throw new Error('answered before the first cell');
    let outcome: Outcome = 'ok';
    for (const { id, text } of answers) {
      if (!this.#openRequests.delete(id)) continue;
      outcome = await this.#enter('answer', [id, text.toWellFormed()]);
      if (outcome !== 'ok' && outcome !== 'thrown') break;
    }
    return this.#progress(outcome);
  }

  /** Frees the isolate; an entry in flight ends with it, or its thread is told as stuck. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dispose();
    for (const entry of this.#services.entries) if (entry.repl === this) entry.disposedAt ??= performance.now();
    if (this.#shared) this.#services.contexts.release(this.#options.context);
    this.#shared = null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  disposeNow(): void {
    this.#dispose();
  }

  /** Does the running cell exceed its CPU budget by more than a late timer explains? */
  overCpu(entryMs: number): boolean {
    return this.#cellCpu + entryMs > 1.4 * this.#options.limits.cellCpuMs;
  }

  #dispose(): void {
    if (this.#isolate && !this.#isolate.isDisposed) this.#isolate.dispose();
  }

  async #open(): Promise<void> {
    if (this.#doors) return;
    const { context, limits, functions, seed } = this.#options;
    this.#shared ??= await this.#services.contexts.acquire(context);
    if (this.#closed) {
      this.#services.contexts.release(context);
      this.#shared = null;
      throw new Error('closed while it opened');
    }
    const memoryLimit = Math.max(8, Math.ceil(this.#shared.bytes / 2 ** 20) + limits.memoryMb);
    const isolate = new ivm.Isolate({ memoryLimit });
    this.#isolate = isolate;
    const world = isolate.createContextSync();
    const inside: InsideLimits = {
      outputChars: limits.outputChars,
      requestsPerCell: limits.requestsPerCell,
      promptChars: limits.promptChars,
      promptCharsPerCell: 32 * limits.promptChars,
      answerChars: limits.answerChars,
    };
    const mailbox = world.evalClosureSync(
      bootstrapSource,
      [
        this.#shared.text.copyInto(),
        this.#shared.offsets?.copyInto(),
        seed,
        JSON.stringify(inside),
        JSON.stringify(functions),
      ],
      { result: { reference: true }, filename: 'repl' },
    ) as unknown as ivm.Reference<Record<keyof Doors, unknown>>;
    const door = (name: keyof Doors) => mailbox.getSync(name, { reference: true }) as unknown as Door;
    this.#doors = {
      start: door('start'),
      answer: door('answer'),
      settle: door('settle'),
      end: door('end'),
      abort: door('abort'),
      poll: door('poll'),
    };
    mailbox.release();
  }

  /** Lets model code run: on another thread, within what is left of the cell's CPU and wall budget. */
  async #enter(name: Exclude<keyof Doors, 'poll'>, args: unknown[], budgetMs?: number): Promise<Outcome> {
    const { meter, entries } = this.#services;
    const { cellCpuMs, cellWallMs } = this.#options.limits;
    const doors = this.#doors as Doors;
    const isolate = this.#isolate as ivm.Isolate;
    const stretched = (cellCpuMs - this.#cellCpu) * meter.stretch();
    const timeout = Math.max(1, Math.ceil(budgetMs ?? Math.min(cellWallMs - this.#cellWall, stretched)));
    const measured = meter.enter();
    let abandon: (outcome: Outcome) => void = () => undefined;
    const abandoned = new Promise<Outcome>((resolve) => {
      abandon = resolve;
    });
    const entry: Entry = {
      measured,
      deadline: measured.startedAt + timeout,
      repl: this,
      disposedAt: null,
      giveUp: () => abandon('stuck'),
    };
    entries.add(entry);
    let settled = false;
    const finished = doors[name].apply(undefined, args as never, { timeout }).then(
      (): Outcome => 'ok',
      (thrown: unknown): Outcome => {
        if (isolate.isDisposed) return entry.disposedAt === null && !this.#closed ? 'oom' : 'disposed';
        if (performance.now() - measured.startedAt >= timeout) return 'timeout';
        this.#note(thrown);
        return 'thrown';
      },
    );
    void finished.then((outcome) => {
      settled = true;
      abandon(outcome);
    });
    const outcome = await abandoned;
    entries.delete(entry);
    meter.leave(measured);
    this.#cellCpu += measured.cpuMs;
    this.#cellWall += performance.now() - measured.startedAt;
    if (!settled) {
      this.#services.onStuck(1);
      void finished.then(() => this.#services.onStuck(-1));
    }
    if (outcome === 'timeout' || outcome === 'disposed' || outcome === 'stuck') {
      const enough = 0.5 * Math.min(cellCpuMs, cellWallMs);
      if (budgetMs === undefined && !this.#closed && this.#cellCpu < enough) return 'overloaded';
    }
    return outcome;
  }

  /** A rejection that nobody handled comes out of an entry as a thrown value; it may be any value. */
  #note(thrown: unknown): void {
    if (this.#notes.length >= 5) return;
    let text = 'unknown';
    try {
      if (thrown instanceof Error) text = thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`;
      else text = String(thrown);
    } catch {
      text = 'a value that could not be read';
    }
    this.#notes.push(`Uncaught (in promise) ${text.slice(0, 4000)}`);
  }

  async #progress(outcome: Outcome): Promise<WorkerMessage> {
    if (outcome !== 'ok' && outcome !== 'thrown') {
      const stopped = await this.#stopped(outcome);
      if (stopped) return stopped;
    }
    const requests: Polled['q'] = [];
    for (;;) {
      const polled = this.#poll();
      if (!polled) return this.#ended({ limit: 'sandbox_oom', alive: false });
      requests.push(...polled.q);
      if (polled.s === 'more') continue;
      if (polled.s === 'waiting') {
        return { type: 'waiting', repl: this.#options.repl, requests: this.#checked(requests) };
      }
      if (polled.s === 'stuck') {
        this.#hints = ['unresolved_promise'];
        const ended = await this.#enter('end', [
          this.#notes.length > 0 ? '' : 'Error: the code waits for a promise that nothing can resolve',
        ]);
        if (ended !== 'ok' && ended !== 'thrown') {
          const stopped = await this.#stopped(ended);
          if (stopped) return stopped;
        }
        continue;
      }
      return this.#done(polled, requests, outcome === 'timeout' ? 'cell_timeout' : null);
    }
  }

  /**
   * After an entry that did not end by itself: null where the REPL lives on and can be polled, else how the cell ended.
   */
  async #stopped(outcome: Outcome): Promise<WorkerMessage | null> {
    if (outcome === 'timeout') {
      // What the stopped code left in the microtask queue runs now, once; twice too long and the isolate goes.
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const aborted = await this.#enter('abort', [], 250);
        if (aborted === 'ok' || aborted === 'thrown') return null;
        if (aborted !== 'timeout') break;
      }
    }
    this.#dispose();
    if (outcome === 'overloaded') {
      return {
        type: 'failed',
        repl: this.#options.repl,
        failure: 'host_overloaded',
        message: `a cell was stopped after ${Math.round(this.#cellWall)} ms with only ${Math.round(this.#cellCpu)} ms of CPU used; run fewer episodes at once, or raise cellWallMs`,
      };
    }
    return this.#ended({ limit: outcome === 'oom' ? 'sandbox_oom' : 'cell_timeout', alive: false });
  }

  #poll(): Polled | null {
    const { limits } = this.#options;
    const most = 6 * (2 * limits.outputChars + limits.answerChars + limits.promptChars + promptCharsPerPoll) + 8e6;
    let text: unknown;
    try {
      text = (this.#doors as Doors).poll.applySync(undefined, [], { timeout: 1000 });
    } catch {
      return null;
    }
    if (typeof text !== 'string' || text.length > most) throw new Error('the isolate sent more than it may');
    return pollSchema.parse(JSON.parse(text));
  }

  /** Requests out of the isolate, held to ids that only grow and to the caps. */
  #checked(requests: Polled['q']): ReturnType<typeof requestsOf> {
    const checked = requestsOf(requests, this.#options.limits, this.#lastRequest);
    this.#lastRequest = checked.at(-1)?.id ?? this.#lastRequest;
    for (const { id } of checked) this.#openRequests.add(id);
    return checked;
  }

  #done(polled: Extract<Polled, { s: 'done' }>, asked: Polled['q'], limit: CellEnd['limit']): WorkerMessage {
    this.#stale = polled.stale;
    const line = polled.line > 0 && this.#cell ? this.#cell.originalLine(polled.line) : 0;
    const error = polled.error === '' || line === 0 ? polled.error : `${polled.error} (line ${line})`;
    const limited = polled.limit === '' ? limit : polled.limit;
    const { head, tail, total, finish, overwritten } = polled;
    const hints = [...this.#hints];
    if (polled.forgotten) hints.push('forgotten_await');
    if (polled.unknownFinal) hints.push('final_var_unknown');
    const variables = polled.variables.map(([name, type]) => ({ name, type }));
    const requests = this.#checked(asked);
    return this.#ended({ head, tail, total, error, finish, overwritten, hints, variables, limit: limited }, requests);
  }

  #ended(end: Partial<CellEnd>, requests: ReturnType<typeof requestsOf> = []): WorkerMessage {
    const cancelled = [...this.#openRequests];
    this.#openRequests.clear();
    const whole: CellEnd = {
      ...emptyCell,
      variables: this.#variables,
      hints: this.#hints,
      cancelled,
      notes: this.#notes,
      cpuMs: this.#cellCpu,
      wallMs: this.#cellWall,
      ...end,
    };
    const result = cellResult(whole, this.#options.limits);
    this.#variables = result.variables;
    this.#cell = null;
    return { type: 'done', repl: this.#options.repl, requests, result };
  }
}

/** Called about every 50 ms: ends entries that V8 did not end, or that used too much CPU, and gives up stuck threads. */
export function watchEntries({ entries, meter }: Pick<WorkerServices, 'entries' | 'meter'>): void {
  meter.tick();
  const now = performance.now();
  for (const entry of entries) {
    if (entry.disposedAt === null) {
      if (now > entry.deadline + graceMs || entry.repl.overCpu(entry.measured.cpuMs)) {
        entry.disposedAt = now;
        entry.repl.disposeNow();
      }
    } else if (now > entry.disposedAt + disposeMs) entry.giveUp();
  }
}
