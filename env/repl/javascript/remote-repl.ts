import { readFileSync } from 'node:fs';
import { ReplError, type CellProgress, type Repl, type ReplOptions } from '../repl.ts';
import type { Member, PlacedContext, WorkerPool } from '../worker-pool.ts';
import type { Tenant, WorkerEnd } from '../worker-process.ts';
import { holdToLimits } from './hold-to-limits.ts';
import type { HostMessage, WorkerMessage } from './messages.ts';

export interface RemoteReplSettings {
  /** Wall time an operation may take beyond its cell's own, before its worker counts as hung. */
  readonly slackMs: number;
  /** Hold what the worker sends to the REPL's limits once more. */
  readonly capped: boolean;
}

interface Pending {
  readonly resolve: (progress: CellProgress) => void;
  readonly reject: (error: ReplError) => void;
}

/** A REPL as the host holds it: it takes its place on a worker at the first cell. */
export class RemoteRepl implements Repl, Tenant<WorkerMessage> {
  readonly id: number;
  readonly #options: ReplOptions;
  readonly #context: PlacedContext;
  readonly #pool: WorkerPool<HostMessage, WorkerMessage>;
  readonly #settings: RemoteReplSettings;
  #lastRequest = 0;
  #member: Member<HostMessage, WorkerMessage> | null = null;
  #pending: Pending | null = null;
  #waiting = false;
  /** Why no operation can be done any more. */
  #gone: ReplError | null = null;
  readonly #open = new Set<number>();

  constructor(
    id: number,
    options: ReplOptions,
    pool: WorkerPool<HostMessage, WorkerMessage>,
    settings: RemoteReplSettings,
  ) {
    this.id = id;
    this.#settings = settings;
    this.#options = options;
    const { hash, bytes, chars, latin1 } = options.context;
    this.#context = { hash, bytes: Math.max(bytes, latin1 ? chars : 2 * chars) };
    this.#pool = pool;
  }

  check(message: WorkerMessage): void {
    if (!this.#settings.capped || (message.type !== 'waiting' && message.type !== 'done')) return;
    this.#lastRequest = holdToLimits(message, this.#options.limits, this.#lastRequest);
  }

  async run(code: string): Promise<CellProgress> {
    if (this.#gone) throw this.#gone;
    if (this.#waiting || this.#pending) throw new ReplError('bug', 'run() while a cell is under way; answer it first');
    return this.#operate({ type: 'run', repl: this.id, code }, code.length);
  }

  async answer(answers: readonly { readonly id: number; readonly text: string }[]): Promise<CellProgress> {
    if (this.#gone) throw this.#gone;
    if (this.#pending) throw new ReplError('bug', 'answer() while an operation is under way; await it first');
    if (!this.#waiting) throw new ReplError('bug', 'answer() while no cell waits');
    const known = answers.filter(({ id }) => this.#open.delete(id));
    if (known.length === 0) return { state: 'waiting', requests: [] };
    let bytes = 0;
    for (const { text } of known) bytes += text.length * 2;
    const plain = known.map(({ id, text }) => ({ id, text }));
    return this.#operate({ type: 'answer', repl: this.id, answers: plain }, bytes);
  }

  async close(): Promise<void> {
    this.#gone ??= new ReplError('bug', 'the REPL is closed');
    this.#fail(new ReplError('worker_lost', 'the REPL was closed while a cell ran'));
    const member = this.#member;
    if (!member) return;
    this.#member = null;
    member.process.send({ type: 'close', repl: this.id }, 0);
    this.#pool.leave(member, this.id, this.#context);
  }

  onMessage(message: WorkerMessage): void {
    const pending = this.#pending;
    this.#pending = null;
    switch (message.type) {
      case 'waiting':
        this.#waiting = true;
        for (const { id } of message.requests) this.#open.add(id);
        pending?.resolve({ state: 'waiting', requests: message.requests });
        return;
      case 'done':
        this.#ended();
        if (!message.result.alive) this.#abandon('its state is gone');
        pending?.resolve({ state: 'done', requests: message.requests, result: message.result });
        return;
      case 'failed': {
        this.#ended();
        const error = new ReplError(message.failure, message.message);
        this.#gone = error;
        this.#abandon('it failed');
        pending?.reject(error);
        return;
      }
      default:
    }
  }

  onLost(end: WorkerEnd, inside: boolean, detail: string): void {
    this.#member = null;
    const suspect = inside && (end === 'memory' || end === 'hung' || end === 'crashed');
    this.#gone ??= new ReplError(end === 'starved' ? 'host_overloaded' : 'worker_lost', detail, { suspect });
    this.#fail(this.#gone);
  }

  async #operate(message: HostMessage, bytes: number): Promise<CellProgress> {
    const member = this.#member ?? (await this.#place());
    const { cellWallMs } = this.#options.limits;
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      member.process.enter(this.id, cellWallMs + this.#settings.slackMs + this.#context.bytes / 20_000);
      member.process.send(message, bytes);
      this.#pool.watch();
    });
  }

  async #place(): Promise<Member<HostMessage, WorkerMessage>> {
    const { context, seed, limits, functions, alone = false } = this.#options;
    const placed = alone ? await this.#pool.placeAlone(this, this.#context) : this.#pool.place(this, this.#context);
    const { member, first } = placed;
    if (this.#gone) {
      this.#pool.leave(member, this.id, this.#context);
      throw this.#gone;
    }
    this.#member = member;
    if (first) {
      const { hash, path, chars, latin1, offsets } = context;
      // A sandboxed worker sees the folders that were known when it was started.
      const seen = member.process.sees(path);
      const bytes = seen ? null : readFileSync(path);
      const starts = offsets && Uint32Array.from(offsets);
      member.process.send(
        { type: 'context', hash, path: seen ? path : null, bytes, chars, latin1, offsets: starts },
        (offsets?.length ?? 0) * 4 + (bytes?.length ?? 0),
      );
    }
    member.process.send(
      { type: 'open', repl: this.id, context: context.hash, seed, limits, functions: [...functions] },
      0,
    );
    return member;
  }

  #ended(): void {
    this.#waiting = false;
    this.#open.clear();
  }

  /** Gives its place up: the worker's side is gone already or is told to go. */
  #abandon(why: string): void {
    this.#gone ??= new ReplError('bug', `no further cell can run in this REPL: ${why}; open a new one`);
    const member = this.#member;
    if (!member) return;
    this.#member = null;
    member.process.send({ type: 'close', repl: this.id }, 0);
    this.#pool.leave(member, this.id, this.#context);
  }

  #fail(error: ReplError): void {
    const pending = this.#pending;
    this.#pending = null;
    pending?.reject(error);
  }
}
