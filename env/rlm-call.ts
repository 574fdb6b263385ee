import type { Reservation } from './budget.ts';
import type { PreparedContext } from './context.ts';
import type { Dialect, ParsedText, ShownCell } from './dialects/dialect.ts';
import type { CallRecord, Message, TurnRecord } from './episode.ts';
import type { Repl } from './repl/repl.ts';
import type { WaitingCall } from './environment.ts';

/** The code of one message while it runs: which block is at work, and which children it waits for. */
export interface Run {
  readonly turn: TurnRecord;
  readonly parsed: ParsedText;
  /** Number of the block at work. */
  block: number;
  /** Times the block at work was entered: its start, and each hand-over of answers. */
  entries: number;
  readonly shown: ShownCell[];
  /** Calls the block at work has opened, in order, and refusals. */
  calls: string[];
  refused: { slot: number; reason: string }[];
  /** Request id → call id of children that have not answered. */
  readonly open: Map<number, string>;
}

/** A live call: its record, and what is needed until it ends. */
export class RlmCall {
  readonly record: CallRecord;
  /** null for a call without a REPL (`llm`, `judge`). */
  readonly dialect: Dialect | null;
  readonly context: PreparedContext | null;
  readonly maxTurns: number;
  repl: Repl | null = null;
  /** Set while the code of a message runs or waits for children. */
  run: Run | null = null;
  /** The messages that go with the next prompt. */
  pending: readonly Message[] = [];
  /** `seq` of the event since which the call waits for a text; null while it does not. */
  waitingSince: number | null = null;
  reservation: Reservation | null = null;
  /** Bytes of the whole prompt of the segment, to estimate its tokens. */
  promptBytes = 0;
  #segment = 0;

  constructor(
    record: CallRecord,
    parts: { readonly dialect: Dialect | null; readonly context: PreparedContext | null; readonly maxTurns: number },
  ) {
    this.record = record;
    this.dialect = parts.dialect;
    this.context = parts.context;
    this.maxTurns = parts.maxTurns;
  }

  get ended(): boolean {
    return this.record.status !== 'open';
  }

  get turn(): number {
    return this.record.turns.length;
  }

  get segment(): number {
    return this.#segment;
  }

  /** Queues messages for the next prompt. */
  say(messages: readonly Message[]): void {
    this.pending = messages;
    for (const message of messages) this.promptBytes += Buffer.byteLength(message.content);
  }

  /** The call as an observation lists it; `seen` is the `seq` of the last observation its reader knows. */
  waiting(seen: number): WaitingCall {
    const { id, parent, kind, depth } = this.record;
    const isNew = (this.waitingSince ?? 0) > seen;
    return {
      id,
      parent,
      kind,
      depth,
      turn: this.turn,
      segment: this.#segment,
      messages: isNew ? this.pending : [],
      maxTokens: this.reservation?.maxTokens ?? 0,
      new: isNew,
    };
  }
}
