import { availableParallelism } from 'node:os';
import { ReplError } from './repl.ts';
import { WorkerProcess, type SpawnedWorker, type Tenant } from './worker-process.ts';

export interface WorkerPoolOptions<Question, Answer> {
  /** Most worker processes; null for one a core. */
  readonly workers: number | null;
  /** Tenants a worker takes before the next one is used. A soft limit: with every worker full, the emptiest takes more. */
  readonly maxPerWorker: number;
  readonly spawn: () => SpawnedWorker;
  readonly parse: (message: unknown) => Answer;
  readonly tenantOf: (message: Answer) => number | null;
  /** Threads that burn for nothing on a worker, where a message tells that. */
  readonly stuckThreads: (message: Answer) => number | null;
  /** Resident bytes a worker with these tenants may have. */
  readonly budgetBytes: (tenants: number, contextBytes: number) => number;
  readonly onSend?: ((message: Question) => void) | undefined;
}

/** A context as the pool counts it. */
export interface PlacedContext {
  readonly hash: string;
  readonly bytes: number;
}

const drainMs = 60_000;
const maxStuck = 4;
/** Workers that hold one tenant alone, at once. The next one waits. */
const maxAlone = 2;
/** Tenants a worker is given before it is replaced: an hours-long one would keep what V8 and the allocator do not give back. */
const recycleAfter = 5_000;
const checkMs = 50;

/** One worker and what the pool knows of it. */
export interface Member<Question, Answer> {
  readonly process: WorkerProcess<Question, Answer>;
  /** Tenants by context. */
  readonly contexts: Map<string, { users: number; readonly bytes: number }>;
  stuck: number;
  drainBy: number;
  /** It was forked for one tenant, and ends when that leaves. */
  readonly alone: boolean;
  /** Tenants it was ever given. */
  served: number;
}

/**
 * The worker processes of one backend. Workers are forked when first needed; tenants of one context stay on one worker
 * until it is full; a worker with a thread that cannot be stopped takes no new tenants and ends when it is empty, has
 * four such threads, or a minute has gone by.
 */
export class WorkerPool<Question, Answer> {
  readonly #options: WorkerPoolOptions<Question, Answer>;
  readonly #members = new Set<Member<Question, Answer>>();
  readonly #maxWorkers: number;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: WorkerPoolOptions<Question, Answer>) {
    this.#options = options;
    this.#maxWorkers = options.workers ?? availableParallelism();
  }

  pids(): number[] {
    return [...this.#members].map(({ process }) => (process.alive ? process.pid : 0)).filter((pid) => pid > 0);
  }

  /** Gives a tenant its worker. `first`: the worker holds no other tenant of that context. */
  place(tenant: Tenant<Answer>, context: PlacedContext): { member: Member<Question, Answer>; first: boolean } {
    if (this.#closed) throw closedError();
    return this.#settle(tenant, context, this.#choose(context));
  }

  /** Gives a tenant a worker that nobody else is given; waits while too many such workers are at work. */
  async placeAlone(
    tenant: Tenant<Answer>,
    context: PlacedContext,
  ): Promise<{ member: Member<Question, Answer>; first: boolean }> {
    while ([...this.#members].filter((member) => member.alone).length >= maxAlone && !this.#closed) {
      await Promise.race([...this.#members].filter((member) => member.alone).map((member) => member.process.exited));
    }
    if (this.#closed) throw closedError();
    return this.#settle(tenant, context, this.#fork(true));
  }

  #settle(
    tenant: Tenant<Answer>,
    context: PlacedContext,
    member: Member<Question, Answer>,
  ): { member: Member<Question, Answer>; first: boolean } {
    member.served += 1;
    if (member.served >= recycleAfter) member.process.draining = true;
    const known = member.contexts.get(context.hash);
    if (known) known.users += 1;
    else member.contexts.set(context.hash, { users: 1, bytes: context.bytes });
    member.process.add(tenant);
    return { member, first: !known };
  }

  leave(member: Member<Question, Answer>, id: number, context: PlacedContext): void {
    const known = member.contexts.get(context.hash);
    if (known) known.users -= 1;
    if (known?.users === 0) member.contexts.delete(context.hash);
    member.process.remove(id);
    if ((member.process.draining || member.alone) && member.process.size === 0) member.process.kill('gone');
  }

  /** Keeps the watch going while some tenant is inside. */
  watch(): void {
    this.#timer ??= setInterval(() => this.#check(), checkMs).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#members].map(({ process }) => process.stop()));
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #choose(context: PlacedContext): Member<Question, Answer> {
    const { maxPerWorker } = this.#options;
    const open = [...this.#members].filter(({ process, alone }) => process.alive && !process.draining && !alone);
    open.sort((a, b) => a.process.size - b.process.size);
    const holder = open.find(({ contexts, process }) => contexts.has(context.hash) && process.size < maxPerWorker);
    if (holder) return holder;
    const [emptiest] = open;
    if (emptiest && (emptiest.process.size === 0 || open.length >= this.#maxWorkers)) return emptiest;
    return this.#fork();
  }

  #fork(alone = false): Member<Question, Answer> {
    const { parse, tenantOf, stuckThreads, onSend, spawn } = this.#options;
    const process = new WorkerProcess<Question, Answer>({
      worker: spawn(),
      parse,
      tenantOf,
      onSend,
      onOwnMessage: (message) => this.#stuck(member, stuckThreads(message) ?? 0),
      onEnd: () => this.#members.delete(member),
    });
    const member: Member<Question, Answer> = {
      process,
      contexts: new Map(),
      stuck: 0,
      drainBy: Infinity,
      alone,
      served: 0,
    };
    this.#members.add(member);
    return member;
  }

  #stuck(member: Member<Question, Answer>, threads: number): void {
    member.stuck = threads;
    if (threads > 0 && !member.process.draining) {
      member.process.draining = true;
      member.drainBy = performance.now() + drainMs;
      this.watch();
    }
    if (threads >= maxStuck || (member.process.draining && member.process.size === 0)) member.process.kill('gone');
  }

  #check(): void {
    let needed = false;
    for (const member of this.#members) {
      const { process, contexts } = member;
      if (process.draining && performance.now() > member.drainBy) {
        if (member.stuck > 0) process.kill('gone');
        else member.drainBy = Infinity;
      }
      if (process.busy || process.draining) needed = true;
      if (!process.busy && !process.draining) continue;
      let bytes = 0;
      for (const context of contexts.values()) bytes += context.bytes;
      process.check(this.#options.budgetBytes(process.size, bytes));
    }
    if (needed || !this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

const closedError = (): ReplError => new ReplError('worker_lost', 'the REPL backend is closed; make a new one');
