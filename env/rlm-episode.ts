import { Budget } from './budget.ts';
import type { ContextStore, PreparedContext } from './context.ts';
import { Counters } from './counters.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { CallRecord, EpisodeEvent, Message, Stop, TurnRecord, Usage } from './episode.ts';
import type { StepInput } from './environment.ts';
import { MessageRunner } from './message-runner.ts';
import type { ReplBackend, ReplLimits } from './repl/repl.ts';
import type { RecordedLimits } from './recorded-limits.ts';
import { RlmCall } from './rlm-call.ts';
import { estimateTokens } from './tokens.ts';

export interface EpisodeParts {
  readonly query: string;
  readonly context: PreparedContext;
  readonly contexts: ContextStore;
  readonly index: number;
  readonly dialect: Dialect;
  readonly backend: ReplBackend;
  readonly limits: ReplLimits;
  readonly budget: Budget;
  readonly finishUnseen: 'reject' | 'accept';
  readonly planAsAnswer: 'reject' | 'accept';
  readonly onSubcallFault: 'void' | 'tell';
  /** In a replay: how cells ended that a limit had ended. */
  readonly recorded: RecordedLimits | null;
}

export interface FinalAnswer {
  readonly answer: string;
  readonly source: string;
  readonly call: string;
  readonly turn: number;
  readonly cut: number;
}

/** An answer as code or prose gave it; `cut` characters were left out. */
export type Finish = { readonly source: string; readonly value: string; readonly cut: number };

/**
 * The tree of calls of one episode, and what each event does to it. Events are applied one at a time (the environment
 * sees to that); each runs until every REPL has come to rest, so the outcome depends on the order of events alone.
 */
export class RlmEpisode {
  readonly parts: EpisodeParts;
  readonly events: EpisodeEvent[] = [];
  readonly calls = new Map<string, RlmCall>();
  readonly counters = new Counters();
  readonly cellTimes: { call: string; turn: number; cell: number; cpuMs: number; wallMs: number }[] = [];
  /** Calls that wait for a text, in the order in which they began to. */
  readonly waiting = new Set<RlmCall>();
  final: FinalAnswer | null = null;
  stop: Stop | null = null;
  #cancelled: string[] = [];
  readonly #runner = new MessageRunner(this);

  constructor(parts: EpisodeParts) {
    this.parts = parts;
    const root = this.addCall(
      { id: '0', parent: null, slot: 0, openedBy: null, batch: null, kind: 'root', depth: 0 },
      parts.context,
      parts.budget.limits.maxTurns,
    );
    const refusal = this.open(root, parts.query);
    if (refusal) this.finish({ reason: refusal, class: 'policy' });
  }

  get seq(): number {
    return this.events.length;
  }

  get root(): RlmCall {
    return this.calls.get('0')!;
  }

  /** Calls that no longer want a text, each told once. */
  takeCancelled(): string[] {
    const cancelled = this.#cancelled;
    this.#cancelled = [];
    return cancelled;
  }

  unknown(call: string): void {
    this.events.push({ seq: this.seq + 1, type: 'unknown', call: call.toWellFormed().slice(0, 200) });
    this.counters.add('unknown_calls');
  }

  async message(call: RlmCall, message: Message, input: StepInput): Promise<void> {
    this.events.push({ seq: this.seq + 1, type: 'message', call: call.record.id, turn: call.turn });
    const { kind } = call.record;
    const sampling = { ...input.sampling };
    sampling.usage ??= {
      promptTokens: estimateTokens(call.promptBytes),
      completionTokens: estimateTokens(message.content) + (message.reasoning ? estimateTokens(message.reasoning) : 0),
      usd: null,
      estimated: true,
    };
    sampling.usage = { ...sampling.usage, usd: sampling.usage.usd ?? this.parts.budget.priceOf(kind, sampling.usage) };
    if (call.reservation) this.parts.budget.settle(call.reservation, sampling.usage);
    this.#noLongerWaits(call);
    const turn: TurnRecord = {
      segment: call.segment,
      messages: [...call.pending],
      content: message.content,
      ...(message.reasoning === undefined ? {} : { reasoning: message.reasoning }),
      ...(message.toolCalls === undefined ? {} : { toolCalls: message.toolCalls }),
      sampling,
      cells: [],
      flags: [],
    };
    call.record.turns.push(turn);
    call.record.trainable &&= sampling.trainable ?? (sampling.source ?? 'policy') === 'policy';
    call.pending = [];
    call.promptBytes += Buffer.byteLength(message.content);
    if (kind === 'judge') return this.#judged(call, message.content, sampling.usage);
    if (sampling.finishReason === 'length') this.flag(turn, 'cut_by_length');
    if (!call.dialect) return this.end(call, message.content);
    const parsed = call.dialect.parse(message);
    for (const slip of parsed.slips) this.flag(turn, slip);
    call.run = { turn, parsed, block: 0, entries: 0, shown: [], calls: [], refused: [], open: new Map() };
    await this.#runner.run(call, call.run);
  }

  /** The endpoint of a call failed for good: the episode is void, or (`onSubcallFault: 'tell'`) the code is told. */
  async fault(call: RlmCall, failure: string, message?: string): Promise<void> {
    this.events.push({ seq: this.seq + 1, type: 'fault', call: call.record.id, class: failure });
    if (call.record.kind === 'judge') return this.#judgeFailed(`${failure}${message ? `: ${message}` : ''}`);
    if (this.parts.onSubcallFault === 'tell' && call.record.parent !== null) {
      this.counters.add('subcall_faults');
      return this.fail(call, failure, 'the model could not be reached');
    }
    this.finish({ reason: failure, class: 'infra', ...(message ? { message } : {}) });
  }

  async limit(call: RlmCall, kind: string, message?: string): Promise<void> {
    this.events.push({ seq: this.seq + 1, type: 'limit', call: call.record.id, kind });
    if (this.stop && kind === 'wall') return this.#judgeFailed('the wall time of the episode ran out');
    if (kind === 'wall') this.finish({ reason: 'budget_wall', class: 'policy', ...(message ? { message } : {}) });
    else await this.fail(call, kind);
  }

  /** Frees every REPL. The record stays. */
  async close(): Promise<void> {
    const repls = [...this.calls.values()].map((call) => call.repl).filter((repl) => repl !== null);
    for (const call of this.calls.values()) call.repl = null;
    await Promise.allSettled(repls.map((repl) => repl.close()));
  }

  addCall(
    identity: Pick<CallRecord, 'id' | 'parent' | 'slot' | 'openedBy' | 'batch' | 'kind' | 'depth'>,
    context: PreparedContext | null,
    maxTurns: number,
  ): RlmCall {
    const dialect = context ? this.parts.dialect : null;
    const record: CallRecord = {
      ...identity,
      dialect: dialect?.name ?? null,
      context: context?.hash ?? null,
      segments: [{ turn: 0, reason: 'start' }],
      turns: [],
      status: 'open',
      answer: null,
      failure: null,
      trainable: identity.kind !== 'judge',
    };
    const call = new RlmCall(record, { dialect, context, maxTurns });
    this.calls.set(record.id, call);
    return call;
  }

  functions(depth: number): string[] {
    const { llm, rlm } = this.parts.dialect.functions;
    const limit = this.parts.budget.limits.depth;
    return [...(depth < limit ? llm : []), ...(depth + 1 < limit ? rlm : [])];
  }

  /** Says the first messages of a call with a REPL and asks for its first text; or says which budget has no room. */
  open(call: RlmCall, query: string): string | null {
    const { dialect, budget, limits } = this.parts;
    call.say(
      dialect.opening({
        query,
        context: call.context!,
        maxTurns: call.maxTurns,
        left: budget.left(),
        functions: this.functions(call.record.depth),
        outputChars: limits.outputChars,
        promptChars: limits.promptChars,
      }),
    );
    return this.ask(call);
  }

  /** Reserves room for the next text and lists the call as waiting; or says which budget has none left. */
  ask(call: RlmCall): string | null {
    const reservation = this.parts.budget.reserve(call.record.kind, estimateTokens(call.promptBytes));
    if (typeof reservation === 'string') return reservation;
    call.reservation = reservation;
    call.waitingSince = this.seq;
    this.waiting.add(call);
    return null;
  }

  /** A call has its answer: the root's ends the episode, a child's goes to its parent's code. */
  async end(call: RlmCall, answer: string, finish?: Finish): Promise<void> {
    call.record.status = 'answered';
    call.record.answer = answer;
    if (call.record.parent !== null) return this.#resume(call, answer);
    this.final = {
      answer,
      source: finish?.source ?? 'text',
      call: call.record.id,
      turn: call.turn - 1,
      cut: finish?.cut ?? 0,
    };
    this.finish({ reason: 'answered', class: 'answer' });
  }

  /** A call fails by the policy's doing: the root's ends the episode, a child's parent gets the dialect's error text. */
  async fail(call: RlmCall, reason: string, detail?: string): Promise<void> {
    this.#free(call);
    call.record.status = 'failed';
    call.record.failure = reason;
    // Nobody can say whether the answer is right: that is not the policy's failure.
    if (call.record.kind === 'judge') return;
    if (call.record.parent === null) return this.finish({ reason, class: 'policy' });
    this.counters.add('subcalls_failed');
    for (const child of this.#childrenOf(call)) this.cancel(child);
    const text = this.parts.dialect.errorText(reason, detail);
    call.record.answer = text;
    return this.#resume(call, text);
  }

  async #resume(child: RlmCall, text: string): Promise<void> {
    await this.#closeRepl(child);
    const parent = this.calls.get(child.record.parent!)!;
    const run = parent.run;
    if (!run || !run.open.delete(child.record.slot)) return;
    await this.#runner.resume(parent, run, { id: child.record.slot, text });
  }

  /** Opens a call that waits for a judge's text, once the episode has stopped; it takes no room of the budget. */
  judge(number: number, messages: readonly Message[]): RlmCall {
    const call = this.addCall(
      { id: `judge.${number}`, parent: null, slot: number, openedBy: null, batch: null, kind: 'judge', depth: 0 },
      null,
      1,
    );
    call.say(messages);
    call.reservation = { maxTokens: this.parts.budget.limits.subcallTokens, tokens: 0, usd: 0 };
    call.waitingSince = this.seq;
    this.waiting.add(call);
    return call;
  }

  #judged(call: RlmCall, text: string, usage: Usage): void {
    call.record.status = 'answered';
    call.record.answer = text;
    this.counters.add('judge_texts');
    this.counters.add('judge_tokens', usage.promptTokens + usage.completionTokens);
    this.counters.add('judge_usd', usage.usd ?? 0);
  }

  #judgeFailed(message: string): void {
    this.stop = { reason: 'judge_error', class: 'infra', message };
    for (const call of this.waiting) this.cancel(call);
  }

  #childrenOf(call: RlmCall): RlmCall[] {
    return [...(call.run?.open.values() ?? [])].map((id) => this.calls.get(id)!);
  }

  /** Withdraws a call and everything below it; engines are told to abort what runs for them. */
  cancel(call: RlmCall): void {
    if (call.ended) return;
    for (const child of this.#childrenOf(call)) this.cancel(child);
    if (call.waitingSince !== null) this.#cancelled.push(call.record.id);
    this.#free(call);
    call.record.status = 'cancelled';
    void this.#closeRepl(call);
  }

  #free(call: RlmCall): void {
    if (call.reservation) this.parts.budget.settle(call.reservation);
    this.#noLongerWaits(call);
  }

  #noLongerWaits(call: RlmCall): void {
    call.reservation = null;
    call.waitingSince = null;
    this.waiting.delete(call);
  }

  async #closeRepl(call: RlmCall): Promise<void> {
    const repl = call.repl;
    call.repl = null;
    await repl?.close().catch(() => undefined);
  }

  finish(stop: Stop): void {
    if (this.stop) return;
    this.stop = stop;
    const { root } = this;
    for (const call of this.calls.values()) if (call !== root) this.cancel(call);
    if (root.waitingSince !== null) this.#cancelled.push(root.record.id);
    this.#free(root);
    if (root.record.status === 'open') root.record.status = stop.class === 'policy' ? 'failed' : 'cancelled';
    if (stop.class === 'policy') root.record.failure ??= stop.reason;
  }

  flag(turn: TurnRecord, flag: string, countIt = true): void {
    if (turn.flags.includes(flag)) return;
    turn.flags.push(flag);
    if (countIt) this.counters.add(flag);
  }
}
