import type { Formatter } from './formatter.ts';
import type { CellState } from './output.ts';
import type { Primordials } from './primordials.ts';

export interface SubcallLimits {
  readonly requestsPerCell: number;
  readonly promptChars: number;
  /** Characters of all prompts of one cell. */
  readonly promptCharsPerCell: number;
}

/** The sub-calls that code asks for: promises, and an outbox of JSON texts that `poll` empties. */
export function makeSubcalls(
  P: Primordials,
  cell: CellState,
  format: Formatter,
  pending: ReturnType<Primordials['newMarks']>,
  limits: SubcallLimits,
) {
  'use strict';
  type Kind = 'llm' | 'rlm';
  type Resolve = (value: unknown) => void;
  interface Batch {
    readonly results: unknown[];
    readonly resolve: Resolve;
    left: number;
  }
  interface Open {
    readonly resolve: Resolve | null;
    readonly batch: Batch | null;
    readonly index: number;
    readonly mark: { used: boolean };
  }
  const table = <Value>() => ({ __proto__: null }) as unknown as Record<string, Value>;
  const closedText = 'Error: cancelled, because the cell that asked had ended';
  const charsPerPoll = 8_000_000;

  let nextRequest = 1;
  let nextBatch = 1;
  let asked = 0;
  let askedChars = 0;
  let answered = 0;
  let refused = 0;
  let openCount = 0;
  let open = table<Open>();
  let stale = table<Open>();
  let staleCount = 0;
  let outbox = table<string>();
  let outboxFirst = 0;
  let outboxNext = 0;

  /** A prompt as text, or what is wrong with it. */
  function promptOf(value: unknown): { text: string; wrong: string | null } {
    let text: string | undefined = '';
    if (typeof value === 'string') text = value;
    else if (typeof value === 'object' && value !== null) {
      if (P.prototypeOf(value) === P.promisePrototype) {
        cell.forgotten = true;
        return { text: '', wrong: 'Error: the prompt is a promise; await it first' };
      }
      try {
        text = P.stringify(value);
      } catch {
        text = undefined;
      }
      if (typeof text !== 'string') text = format.show(value, limits.promptChars);
    } else if (value !== undefined && value !== null)
      text = typeof value === 'symbol' ? P.symbolText(value) : P.toText(value);
    if (text === '') return { text, wrong: 'Error: the prompt is empty; pass the text to ask as a string' };
    if (text.length > limits.promptChars) {
      const wrong = `Error: the prompt has ${text.length} characters, but at most ${limits.promptChars} are allowed; send a shorter one`;
      return { text: '', wrong };
    }
    return { text, wrong: null };
  }

  /** Takes `count` requests of `chars` characters from the cell's share, or ends the cell. */
  function take(count: number, chars: number): void {
    if (asked + count > limits.requestsPerCell || askedChars + chars > limits.promptCharsPerCell) {
      cell.limit = 'too_many_requests';
      throw new P.RealError(`one cell may ask for at most ${limits.requestsPerCell} sub-calls`);
    }
    asked += count;
    askedChars += chars;
  }

  function hidden(value: unknown): PropertyDescriptor {
    return { __proto__: null, configurable: true, value } as PropertyDescriptor;
  }

  function item(value: unknown): PropertyDescriptor {
    return { __proto__: null, value, writable: true, enumerable: true, configurable: true } as PropertyDescriptor;
  }

  /**
   * A promise that tells when it was awaited or chained (the engine reads `constructor` then), and when it became text,
   * so that a forgotten `await` can be named.
   */
  function watched(mark: { used: boolean }, executor: (resolve: Resolve) => void): Promise<unknown> {
    const promise = new P.RealPromise<unknown>(executor);
    const asText = () => {
      cell.forgotten = true;
      return '[object Promise]';
    };
    P.define(promise, 'constructor', {
      __proto__: null,
      configurable: true,
      get() {
        mark.used = true;
        return P.RealPromise;
      },
    } as PropertyDescriptor);
    P.define(promise, 'toString', hidden(asText));
    P.define(promise, 'toJSON', hidden(asText));
    pending.set(promise, mark);
    return promise;
  }

  /** No call stands between the changes of state: a cell stopped by its time limit leaves all of them done or none. */
  function request(kind: Kind, prompt: string, model: unknown, batch: string, waiting: Open): void {
    const name = typeof model === 'string' ? P.stringify(P.slice(model, 0, 200)) : 'null';
    const rest = `"k":"${kind}","m":${name},"b":${batch},"p":${P.stringify(prompt)}}`;
    const id = nextRequest;
    const text = `{"i":${id},${rest}`;
    nextRequest = id + 1;
    outbox[outboxNext] = text;
    outboxNext += 1;
    open[id] = waiting;
    openCount += 1;
  }

  /** After a cell has ended nothing of it may ask; a loop that goes on asking is left waiting for ever. */
  function refuse(): Promise<unknown> {
    refused += 1;
    return new P.RealPromise((resolve) => {
      if (refused <= limits.requestsPerCell) resolve(closedText);
    });
  }

  function ask(kind: Kind, given: unknown, model: unknown): Promise<unknown> {
    if (cell.phase === 'between') return refuse();
    const { text, wrong } = promptOf(given);
    const mark = { used: false };
    if (wrong !== null) return watched(mark, (resolve) => resolve(wrong));
    take(1, text.length);
    return watched(mark, (resolve) => {
      request(kind, text, model, 'null', { resolve, batch: null, index: 0, mark });
    });
  }

  function askAll(kind: Kind, given: unknown, model: unknown): Promise<unknown> {
    if (cell.phase === 'between') return refuse();
    const mark = { used: false };
    const results = new P.RealArray<unknown>();
    if (!P.isArray(given)) {
      if (typeof given === 'object' && given !== null && P.prototypeOf(given) === P.promisePrototype)
        cell.forgotten = true;
      P.define(results, 0, item('Error: pass an array of prompts'));
      return watched(mark, (resolve) => resolve(results));
    }
    const size = given.length;
    if (size > limits.requestsPerCell) take(size, 0);
    const prompts = table<string>();
    let count = 0;
    let chars = 0;
    for (let at = 0; at < size; at += 1) {
      const { text, wrong } = promptOf(given[at]);
      if (wrong === null) {
        prompts[at] = text;
        count += 1;
        chars += text.length;
      }
      P.define(results, at, item(wrong ?? ''));
    }
    if (count === 0) return watched(mark, (resolve) => resolve(results));
    take(count, chars);
    const id = nextBatch;
    nextBatch += 1;
    return watched(mark, (resolve) => {
      const batch: Batch = { results, resolve, left: count };
      for (let at = 0; at < size; at += 1) {
        const prompt = prompts[at];
        if (prompt === undefined) continue;
        request(kind, prompt, model, `[${id},${at},${size}]`, { resolve: null, batch, index: at, mark });
      }
    });
  }

  function deliver(waiting: Open, text: string): void {
    const { resolve, batch } = waiting;
    if (resolve) resolve(text);
    if (!batch) return;
    P.define(batch.results, waiting.index, item(text));
    batch.left -= 1;
    if (batch.left === 0) batch.resolve(batch.results);
  }

  function answer(id: number, text: string): void {
    const waiting = open[id];
    if (waiting === undefined) return;
    delete open[id];
    openCount -= 1;
    answered += 1;
    deliver(waiting, text);
  }

  /** Lets what the last cell left open end before the next one starts; it can neither print nor ask. */
  function settle(): void {
    const left = stale;
    const ids = P.ownKeys(left);
    stale = table<Open>();
    staleCount = 0;
    for (let at = 0; at < ids.length; at += 1) deliver(left[ids[at] as string] as Open, closedText);
  }

  /** Begins a cell's count. */
  function clear(): void {
    asked = 0;
    askedChars = 0;
    answered = 0;
    refused = 0;
  }

  /** The next requests as JSON objects joined by commas, about eight million characters of them. */
  function takeRequests(): string {
    let text = '';
    let first = true;
    while (outboxFirst < outboxNext && text.length < charsPerPoll) {
      const next = outbox[outboxFirst] as string;
      delete outbox[outboxFirst];
      outboxFirst += 1;
      text += first ? next : `,${next}`;
      first = false;
    }
    if (outboxFirst === outboxNext && outboxNext > 0) {
      outbox = table<string>();
      outboxFirst = 0;
      outboxNext = 0;
    }
    return text;
  }

  /** Cancels what is open: its promises resolve when the next cell starts. The ids, joined by commas. */
  function cancel(): string {
    let cancelled = '';
    const ids = P.ownKeys(open);
    for (let at = 0; at < ids.length; at += 1) {
      const id = ids[at] as string;
      const waiting = open[id] as Open;
      if (!waiting.mark.used || answered === 0) cell.forgotten = true;
      stale[id] = waiting;
      staleCount += 1;
      cancelled += at === 0 ? id : `,${id}`;
    }
    if (ids.length > 0) open = table<Open>();
    openCount = 0;
    return cancelled;
  }

  return P.freeze({
    __proto__: null,
    ask,
    askAll,
    answer,
    settle,
    clear,
    takeRequests,
    cancel,
    moreRequests: () => outboxFirst < outboxNext,
    openCount: () => openCount,
    staleCount: () => staleCount,
  });
}

export type Subcalls = ReturnType<typeof makeSubcalls>;
