import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { cpuMilliseconds, residentBytes } from './process-usage.ts';

/** Why a worker ended, as far as the host can tell. */
export type WorkerEnd =
  /** The host killed it: over its memory budget, or it no longer answered. */
  | 'memory'
  | 'hung'
  /** It no longer answered and had hardly any CPU: stopped, or on an overloaded machine. */
  | 'starved'
  /** It crashed by itself (a fatal signal, V8's abort). */
  | 'crashed'
  /** It was told to go, or somebody else killed it. */
  | 'gone';

/** What lives on a worker and is told what happens there. */
export interface Tenant<Answer> {
  readonly id: number;
  /** Throws for a message that goes beyond what this tenant may send; that ends the worker. */
  check(message: Answer): void;
  onMessage(message: Answer): void;
  /** `inside`: it had an operation under way when the worker ended. */
  onLost(end: WorkerEnd, inside: boolean, detail: string): void;
}

/** A worker that was started. */
export interface SpawnedWorker {
  /** Whom to speak with: the worker, or a wrapper that ends with it. */
  readonly child: ChildProcess;
  readonly kill: () => void;
  /** It is known to have come up. */
  readonly ready: boolean;
  /** The worker's own pid; 0 while it is not known. */
  readonly pid: () => number;
  /** Can it read this file? */
  readonly sees: (path: string) => boolean;
}

export interface WorkerProcessOptions<Question, Answer> {
  readonly worker: SpawnedWorker;
  /** Checks one message; throws for anything off schema, which ends the worker. */
  readonly parse: (message: unknown) => Answer;
  /** The tenant a message is for; null for one about the worker itself. */
  readonly tenantOf: (message: Answer) => number | null;
  readonly onOwnMessage: (message: Answer) => void;
  readonly onEnd: () => void;
  readonly onSend?: ((message: Question) => void) | undefined;
}

interface Operation {
  readonly deadline: number;
  /** When the watch first saw it, and the worker's CPU clock then. */
  seen: { readonly at: number; readonly cpu: number | null } | null;
}

const maxBytesInFlight = 64 * 1024 * 1024;
const stderrChars = 4000;

/**
 * A worker process as the host sees it: messages go out together once per turn of the loop, with the bytes in flight
 * counted; tenants with an operation under way are known, so that after a death the suspects are.
 */
export class WorkerProcess<Question, Answer> {
  readonly #options: WorkerProcessOptions<Question, Answer>;
  readonly #tenants = new Map<number, Tenant<Answer>>();
  /** Operations under way: tenant → when it must have answered, and the worker's CPU clock when it was asked. */
  readonly #inside = new Map<number, Operation>();
  #outbox: { readonly message: Question; readonly bytes: number }[] = [];
  #scheduled = false;
  #bytesInFlight = 0;
  #end: WorkerEnd | null = null;
  #ended = false;
  #stderr = '';
  /** It came up: a death before that says that it cannot be started here, and nothing of its tenants. */
  #spoke: boolean;
  readonly exited: Promise<void>;
  /** No new tenants: it is to go once the present ones have left. */
  draining = false;

  constructor(options: WorkerProcessOptions<Question, Answer>) {
    this.#options = options;
    const { child, ready } = options.worker;
    this.#spoke = ready;
    child.on('message', (messages) => this.#receive(messages));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrChars);
    });
    child.unref();
    child.channel?.unref();
    (child.stderr as { unref?: () => void } | null)?.unref?.();
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#stderr = String(error);
        this.kill('gone');
        // A child that could not be started has no exit to wait for.
        if (child.pid !== undefined) return;
        this.#finish(null, null);
        resolve();
      });
      // The end of the worker itself, not only of a wrapper around it: all that it held is closed.
      child.once('exit', () => (child.stderr as { ref?: () => void } | null)?.ref?.());
      child.once('close', (code, signal) => {
        // Replies that were already in the pipe come first.
        setImmediate(() => {
          this.#finish(code, signal);
          resolve();
        });
      });
    });
  }

  get pid(): number {
    return this.#options.worker.pid();
  }

  sees(path: string): boolean {
    return this.#options.worker.sees(path);
  }

  get size(): number {
    return this.#tenants.size;
  }

  get busy(): boolean {
    return this.#inside.size > 0;
  }

  get alive(): boolean {
    return this.#end === null && !this.#ended;
  }

  add(tenant: Tenant<Answer>): void {
    this.#tenants.set(tenant.id, tenant);
  }

  remove(id: number): void {
    this.#tenants.delete(id);
    this.#leave(id);
  }

  send(message: Question, bytes: number): void {
    if (!this.alive) return;
    this.#options.onSend?.(message);
    this.#outbox.push({ message, bytes });
    this.#schedule();
  }

  /** Notes that a tenant waits for a message, at most `ms` from now. */
  enter(id: number, ms: number): void {
    if (this.#inside.size === 0) this.#hold(true);
    this.#inside.set(id, { deadline: performance.now() + ms, seen: null });
  }

  kill(end: WorkerEnd): void {
    if (!this.alive) return;
    this.#end = end;
    this.#options.worker.kill();
  }

  /** Kills it and waits for its end. */
  async stop(): Promise<void> {
    this.#options.worker.child.ref();
    this.kill('gone');
    await this.exited;
  }

  /** Called about every 50 ms: ends a worker over its memory budget or past a tenant's deadline. */
  check(budgetBytes: number): void {
    if (!this.alive) return;
    const resident = residentBytes(this.pid);
    if (resident !== null && resident > budgetBytes) {
      this.#stderr = `it used ${Math.round(resident / 2 ** 20)} MiB of ${Math.round(budgetBytes / 2 ** 20)}`;
      this.kill('memory');
      return;
    }
    const now = performance.now();
    for (const operation of this.#inside.values()) {
      operation.seen ??= { at: now, cpu: cpuMilliseconds(this.pid) };
      if (now < operation.deadline) continue;
      const { at, cpu } = operation.seen;
      const used = cpu === null ? null : (cpuMilliseconds(this.pid) ?? 0) - cpu;
      this.kill(used !== null && used < 0.2 * (now - at) ? 'starved' : 'hung');
      return;
    }
  }

  #leave(id: number): void {
    if (this.#inside.delete(id) && this.#inside.size === 0) this.#hold(false);
  }

  /** While somebody waits for it, a worker keeps this process alive: its death must be heard of, too. */
  #hold(awaited: boolean): void {
    const { child } = this.#options.worker;
    if (awaited) {
      child.ref();
      child.channel?.ref();
    } else {
      child.unref();
      child.channel?.unref();
    }
  }

  /** One operation alone goes at once; several of one turn of the loop go together. */
  #schedule(): void {
    if (this.#inside.size <= 1 && !this.#scheduled) {
      this.#flush();
      return;
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.alive || this.#outbox.length === 0 || this.#bytesInFlight >= maxBytesInFlight) return;
    const messages: Question[] = [];
    let bytes = 0;
    while (this.#outbox.length > 0 && this.#bytesInFlight + bytes < maxBytesInFlight) {
      const next = this.#outbox.shift();
      if (!next) break;
      messages.push(next.message);
      bytes += next.bytes;
    }
    this.#bytesInFlight += bytes;
    this.#options.worker.child.send(messages, undefined, {}, () => {
      this.#bytesInFlight -= bytes;
      if (this.#outbox.length > 0) this.#schedule();
    });
  }

  #receive(messages: unknown): void {
    if (!Array.isArray(messages) || this.#ended) return;
    this.#spoke = true;
    for (const given of messages) {
      let message: Answer;
      let id: number | null;
      try {
        message = this.#options.parse(given);
        id = this.#options.tenantOf(message);
        if (id !== null && this.#inside.has(id)) this.#tenants.get(id)?.check(message);
      } catch (error) {
        this.#stderr = `it sent a message off schema: ${String(error).slice(0, 500)}`;
        this.kill('crashed');
        return;
      }
      if (id === null) this.#options.onOwnMessage(message);
      else if (this.#inside.has(id)) {
        this.#leave(id);
        this.#tenants.get(id)?.onMessage(message);
      }
    }
  }

  #finish(code: number | null, given: NodeJS.Signals | null): void {
    if (this.#ended) return;
    this.#ended = true;
    // A wrapper tells its child's signal as an exit status.
    const signal = given ?? signalOf(code);
    // SIGKILL that did not come from here: the kernel or an operator, nobody's code.
    const crashed = this.#spoke && signal !== 'SIGKILL' && signal !== 'SIGTERM' && code !== 0;
    const end = this.#end ?? (crashed ? 'crashed' : 'gone');
    const lines = this.#stderr.split('\n').filter((line) => line.trim() !== '');
    const why = lines.find((line) => line.includes('Error')) ?? lines.at(-1);
    const detail = `worker ${this.pid} ended (${signal ?? `exit code ${code}`}, ${end})${why ? `: ${why.trim()}` : ''}`;
    const inside = new Set(this.#inside.keys());
    this.#inside.clear();
    const tenants = [...this.#tenants.values()];
    this.#tenants.clear();
    this.#options.onEnd();
    for (const tenant of tenants) tenant.onLost(end, inside.has(tenant.id), detail);
  }
}

function signalOf(code: number | null): NodeJS.Signals | null {
  if (code === null || code <= 128) return null;
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return (found?.[0] ?? null) as NodeJS.Signals | null;
}
