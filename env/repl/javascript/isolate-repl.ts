import type { ReplLimits } from '../repl.ts';
import {
  cellResult,
  emptyCell,
  IsolateViolation,
  requestsOf,
  wellFormed,
  type CellEnd,
  type Clean,
  type TextCaps,
} from './cell-result.ts';
import type { CpuMeter } from './cpu-meter.ts';
import type { Defence, Without } from './defences.ts';
import type { Entry } from './entries.ts';
import type { EntryGate } from './entry-gate.ts';
import { openIsolate, type Bootstrap, type Doors, type OpenIsolate } from './isolate.ts';
import { pollSchema, type Polled, type WorkerMessage } from './messages.ts';
import type { SharedContexts } from './shared-contexts.ts';
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
  readonly gate: EntryGate;
  /** Entries into isolates that are running now. */
  readonly entries: Set<Entry>;
  /** A given-up thread began or stopped burning. */
  readonly onStuck: (change: 1 | -1) => void;
  readonly bootstrap: Bootstrap;
  /** Tests' own; see `defences.ts`. */
  readonly without: Without;
}

/**
 * How an entry ended. Told by whether the isolate is disposed and by the clock, never by an error's text, which model
 * code can choose.
 */
type Outcome = 'ended' | 'timeout' | 'overloaded' | 'oom' | 'disposed' | 'stuck';
type Requests = ReturnType<typeof requestsOf>;

/** From this many bytes of heap on, listing a REPL's variables may take too long for the worker's own thread. */
const longHeap = 8 * 2 ** 20;
const promptCharsPerPoll = 8_000_000;
const uncapped = { stderrChars: 1e9, outputChars: 1e9, answerChars: 1e9, requestsPerCell: 1e9, promptChars: 1e9 };

/**
 * One REPL inside its isolate, on the worker's side. Model code runs only in asynchronous entries, on isolated-vm's
 * threads; the worker's own thread calls `poll`, which is made of strings. Operations do not overlap.
 */
export class IsolateRepl {
  readonly #options: IsolateReplOptions;
  readonly #services: WorkerServices;
  readonly #caps: TextCaps;
  readonly #clean: Clean;
  #opened: OpenIsolate | null = null;
  #holdsContext = false;
  #closed = false;
  #cell: TransformedCell | null = null;
  #cellCpu = 0;
  #cellWall = 0;
  #notes: string[] = [];
  #stuckBody = false;
  #stale = 0;
  #variables: CellEnd['variables'] = [];
  #lastRequest = 0;
  readonly #openRequests = new Set<number>();

  constructor(options: IsolateReplOptions, services: WorkerServices) {
    this.#options = options;
    this.#services = services;
    this.#caps = { ...options.limits, stderrChars: 8000, ...(this.#has('worker_caps') ? {} : uncapped) };
    this.#clean = this.#has('well_formed') ? wellFormed : String;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async run(code: string): Promise<WorkerMessage> {
    this.#cellCpu = 0;
    this.#cellWall = 0;
    this.#notes = [];
    this.#stuckBody = false;
    const { limits } = this.#options;
    if (Buffer.byteLength(code, 'utf8') > limits.cellBytes && this.#has('cell_size'))
      return this.#ended({ limit: 'cell_too_large' });
    try {
      this.#cell = transformCell(code.toWellFormed());
    } catch (error) {
      if (!(error instanceof CellSyntaxError)) throw error;
      return this.#ended({ error: `${error.name}: ${error.message}` });
    }
    await this.#open();
    if (this.#stale > 0) {
      const stopped = await this.#stopped(await this.#enter('settle', []));
      if (stopped) return stopped;
      this.#notes = [];
      this.#stale = 0;
    }
    return this.#progress(await this.#enter('start', [this.#cell.code, this.#cell.names.join(',')]));
  }

  async answer(answers: readonly { readonly id: number; readonly text: string }[]): Promise<WorkerMessage> {
    if (!this.#opened) throw new Error('answered before the first cell');
    let outcome: Outcome = 'ended';
    for (const { id, text } of answers) {
      if (!this.#openRequests.delete(id)) continue;
      outcome = await this.#enter('answer', [id, text.toWellFormed()]);
      if (outcome !== 'ended') break;
    }
    return this.#progress(outcome);
  }

  /** Frees the isolate; an entry in flight ends with it, or its thread is told as stuck. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dispose();
    for (const entry of this.#services.entries) {
      if (entry.dispose === this.#dispose) entry.disposedAt ??= performance.now();
    }
    if (this.#holdsContext) this.#services.contexts.release(this.#options.context);
    this.#holdsContext = false;
  }

  #has(defence: Defence): boolean {
    return !this.#services.without.has(defence);
  }

  readonly #dispose = (): void => {
    const isolate = this.#opened?.isolate;
    if (isolate && !isolate.isDisposed) isolate.dispose();
  };

  async #open(): Promise<void> {
    if (this.#opened) return;
    const { context, limits, functions, seed } = this.#options;
    const shared = await this.#services.contexts.acquire(context);
    if (this.#closed) {
      this.#services.contexts.release(context);
      throw new Error('closed while it opened');
    }
    this.#holdsContext = true;
    const { bootstrap } = this.#services;
    this.#opened = openIsolate(bootstrap, shared, limits, seed, functions, this.#has('heap_limit'));
  }

  /** Lets model code run on another thread, within what is left of the cell's CPU and wall budget (or `budgetMs`). */
  async #enter(name: Exclude<keyof Doors, 'poll'>, args: (string | number)[], budgetMs?: number): Promise<Outcome> {
    const { meter, entries, gate, onStuck } = this.#services;
    const place = gate.enter();
    const ticket = typeof place === 'symbol' ? place : await place;
    const { cellCpuMs, cellWallMs } = this.#options.limits;
    const { isolate, doors } = this.#opened as OpenIsolate;
    if (!this.#has('one_budget')) this.#cellCpu = 0;
    const stretch = meter.stretch();
    const stretched = (cellCpuMs - this.#cellCpu) * stretch;
    const timeout = Math.max(1, Math.ceil(budgetMs ?? Math.min(cellWallMs - this.#cellWall, stretched)));
    const measured = meter.enter();
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const entry: Entry = {
      measured,
      deadline: measured.startedAt + timeout,
      // V8's own timer, which leaves the isolate usable, comes first also where the crowd has left meanwhile.
      cpuMs: Math.max(1.4, 1.2 * stretch) * cellCpuMs - this.#cellCpu,
      disposedAt: null,
      dispose: this.#dispose,
      giveUp: () => resolve('stuck'),
    };
    entries.add(entry);
    const settle = (outcome: Outcome): void => {
      if (!entries.has(entry)) onStuck(-1);
      resolve(outcome);
    };
    const limited = this.#has('entry_timeout') ? { timeout } : {};
    const entered = this.#has('own_threads')
      ? doors[name].apply(undefined, args, limited)
      : new Promise((end) => end(doors[name].applySync(undefined, args, limited)));
    entered.then(
      () => settle('ended'),
      (thrown: unknown) => {
        if (isolate.isDisposed) settle(entry.disposedAt === null && !this.#closed ? 'oom' : 'disposed');
        else if (performance.now() - measured.startedAt >= timeout) settle('timeout');
        else {
          this.#note(thrown);
          settle('ended');
        }
      },
    );
    const outcome = await promise;
    entries.delete(entry);
    gate.leave(ticket);
    if (outcome === 'stuck') onStuck(1);
    meter.leave(measured);
    this.#cellCpu += measured.cpuMs;
    this.#cellWall += performance.now() - measured.startedAt;
    const starved = this.#cellCpu < 0.5 * Math.min(cellCpuMs, cellWallMs);
    if (starved && budgetMs === undefined && outcome !== 'ended' && outcome !== 'oom') return 'overloaded';
    return outcome;
  }

  /** A rejection that nobody handled comes out of an entry as a thrown value; it may be any value. */
  #note(thrown: unknown): void {
    if (this.#notes.length >= 5) return;
    if (!this.#has('any_thrown')) throw thrown;
    let text = 'a value that could not be read';
    try {
      if (thrown instanceof Error) text = thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`;
      else text = String(thrown);
    } catch {
      // Keeps the text above.
    }
    this.#notes.push(`Uncaught (in promise) ${text.slice(0, this.#caps.stderrChars / 2)}`);
  }

  async #progress(outcome: Outcome): Promise<WorkerMessage> {
    try {
      return await this.#read(outcome);
    } catch (error) {
      if (!(error instanceof IsolateViolation)) throw error;
      this.#dispose();
      return this.#ended({ error: error.message, limit: 'sandbox_killed', alive: false });
    }
  }

  async #read(outcome: Outcome): Promise<WorkerMessage> {
    const stopped = await this.#stopped(outcome);
    if (stopped) return stopped;
    const requests: Requests = [];
    for (let polls = 0; polls < 1000; polls += 1) {
      const polled = this.#poll();
      if (!polled) return this.#ended({ limit: 'sandbox_oom', alive: false });
      requests.push(...this.#checked(polled.q));
      if (polled.s === 'more') continue;
      if (polled.s === 'ended') {
        const closed = await this.#enter('close', [], outcome === 'timeout' ? 250 : undefined);
        if (closed === 'ended') continue;
        return (await this.#stopped(closed === 'timeout' ? 'disposed' : closed)) ?? this.#ended({ alive: false });
      }
      if (polled.s === 'done') return this.#done(polled, requests, outcome === 'timeout' ? 'cell_timeout' : null);
      if (this.#openRequests.size > 0) return { type: 'waiting', repl: this.#options.repl, requests };
      // Nothing is open, and the microtasks have run: what the body waits for cannot come.
      this.#stuckBody = true;
      const reason = 'Error: the code waits for a promise that nothing can resolve';
      const failed = await this.#stopped(await this.#enter('end', [this.#notes.length > 0 ? '' : reason]));
      if (failed) return failed;
    }
    throw new IsolateViolation('the cell did not end');
  }

  /** After an entry: null where the REPL lives on and can be polled, else how the cell ended. */
  async #stopped(outcome: Outcome): Promise<WorkerMessage | null> {
    if (outcome === 'ended') return null;
    if (outcome === 'timeout') {
      // What the stopped code left in the microtask queue runs now, once more; too long twice and the isolate goes.
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const aborted = await this.#enter('abort', [], 250);
        if (aborted === 'ended') return null;
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

  /** What is new inside; null where the isolate is out of memory. */
  #poll(): Polled | null {
    const { outputChars, answerChars, promptChars } = this.#options.limits;
    const most = 6 * (2 * outputChars + answerChars + promptChars + promptCharsPerPoll) + 8e6;
    const { isolate, doors } = this.#opened as OpenIsolate;
    let text: unknown;
    try {
      text = doors.poll.applySync(undefined, [isolate.getHeapStatisticsSync().used_heap_size > longHeap], {
        timeout: 1000,
      });
    } catch (error) {
      if (isolate.isDisposed) return null;
      throw new IsolateViolation('the REPL could not be read', { cause: error });
    }
    if (!this.#has('poll_schema')) return JSON.parse(String(text)) as Polled;
    if (typeof text !== 'string' || text.length > most) throw new IsolateViolation('the REPL sent more than it may');
    try {
      return pollSchema.parse(JSON.parse(text));
    } catch (error) {
      throw new IsolateViolation('the REPL sent what it may not', { cause: error });
    }
  }

  #checked(requests: Polled['q']): Requests {
    const checked = requestsOf(requests, this.#caps, this.#lastRequest, this.#clean);
    this.#lastRequest = checked.at(-1)?.id ?? this.#lastRequest;
    for (const { id } of checked) this.#openRequests.add(id);
    return checked;
  }

  #done(polled: Extract<Polled, { s: 'done' }>, requests: Requests, stopped: CellEnd['limit']): WorkerMessage {
    this.#stale = polled.stale;
    const line = polled.line > 0 && this.#cell ? this.#cell.originalLine(polled.line) : 0;
    const hints: CellEnd['hints'][number][] = [];
    if (this.#stuckBody) hints.push('unresolved_promise');
    if (polled.forgotten) hints.push('forgotten_await');
    if (polled.unknownFinal) hints.push('final_var_unknown');
    const { head, tail, total, finish, overwritten } = polled;
    const end: Partial<CellEnd> = {
      head,
      tail,
      total,
      finish,
      overwritten,
      hints,
      error: polled.error === '' || line === 0 ? polled.error : `${polled.error} (line ${line})`,
      variables: polled.variables.map(([name, type]) => ({ name, type })),
      limit: polled.limit === '' ? stopped : polled.limit,
    };
    return this.#ended(end, requests);
  }

  #ended(end: Partial<CellEnd>, requests: Requests = []): WorkerMessage {
    const whole: CellEnd = {
      ...emptyCell,
      variables: this.#variables,
      cancelled: [...this.#openRequests],
      notes: this.#notes,
      cpuMs: this.#cellCpu,
      wallMs: this.#cellWall,
      ...end,
    };
    this.#openRequests.clear();
    this.#cell = null;
    const result = cellResult(whole, this.#caps, this.#clean);
    this.#variables = result.variables;
    return { type: 'done', repl: this.#options.repl, requests, result };
  }
}
