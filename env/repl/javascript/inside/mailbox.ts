import type { Formatter } from './formatter.ts';
import type { Primordials } from './primordials.ts';

export interface InsideLimits {
  readonly outputChars: number;
  readonly requestsPerCell: number;
  readonly promptChars: number;
  /** Characters of all prompts of one cell. */
  readonly promptCharsPerCell: number;
  readonly answerChars: number;
}

/**
 * The state of one REPL inside its isolate and the only doors to it: `start` and `answer` run model code, `settle` ends
 * what an earlier cell left open, `end` closes a cell that cannot go on, and `poll` tells in one JSON text what is new.
 * `poll` runs no model code and is built from strings alone.
 */
export function makeMailbox(
  P: Primordials,
  makeFormat: (P: Primordials, onPromise: (promise: object) => void) => Formatter,
  limits: InsideLimits,
  functions: readonly string[],
  loadContext: () => unknown,
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
  interface Finish {
    readonly source: string;
    readonly text: string;
    readonly cut: number;
  }
  const table = <Value>() => ({ __proto__: null }) as unknown as Record<string, Value>;

  const headCap = (limits.outputChars + 1) >> 1;
  const tailCap = limits.outputChars - headCap;
  const closedText = 'Error: cancelled, because the cell that asked had ended';

  let cell = 0;
  /** `between`: no cell may print or ask; `running`: the body has not ended; `ended`: it has. */
  let phase: 'between' | 'running' | 'ended' = 'between';
  let head = '';
  let tail = '';
  let total = 0;
  let error = '';
  let errorLine = 0;
  let limit = '';
  let finish: Finish | null = null;
  let forgotten = false;
  let unknownFinal = false;
  let answered = 0;
  let nextRequest = 1;
  let nextBatch = 1;
  let asked = 0;
  let askedChars = 0;
  let refused = 0;
  let openCount = 0;
  let open = table<Open>();
  let stale = table<Open>();
  let staleCount = 0;
  let outbox = table<string>();
  let outboxFirst = 0;
  let outboxNext = 0;
  const pending = P.newMarks();
  const format = makeFormat(P, (promise) => {
    if (pending.get(promise) !== undefined || openCount > 0) forgotten = true;
  });

  // --- output -------------------------------------------------------------------------------------------------------
  function emit(text: string): void {
    if (phase === 'between') return;
    total += text.length;
    let rest = text;
    if (head.length < headCap) {
      const room = headCap - head.length;
      head += P.slice(rest, 0, room);
      rest = P.slice(rest, room);
    }
    if (rest === '' || tailCap === 0) return;
    tail += rest.length > tailCap ? P.slice(rest, rest.length - tailCap) : rest;
    if (tail.length > 2 * tailCap) tail = P.slice(tail, tail.length - tailCap);
  }
  const showLimit = limits.outputChars * 4;
  const print = function print(...values: unknown[]): void {
    let line = '';
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at];
      const text = typeof value === 'string' ? value : format.show(value, showLimit);
      line += at === 0 ? text : ` ${text}`;
    }
    emit(`${line}\n`);
  };

  // --- sub-calls ----------------------------------------------------------------------------------------------------
  function promptText(value: unknown): string {
    if (typeof value === 'string') return value;
    if (value === undefined || value === null) return '';
    if (typeof value !== 'object') return P.toText(value);
    if (pending.get(value) !== undefined) forgotten = true;
    let text: string | undefined;
    try {
      text = P.stringify(value);
    } catch {
      text = undefined;
    }
    return typeof text === 'string' ? text : format.show(value, limits.promptChars);
  }

  function complaint(prompt: string): string | null {
    if (prompt === '') return 'Error: the prompt is empty; pass the text to ask as a string';
    if (prompt.length > limits.promptChars) {
      return `Error: the prompt has ${prompt.length} characters, but at most ${limits.promptChars} are allowed; send a shorter one`;
    }
    return null;
  }

  /** Takes `count` requests of `chars` characters from the cell's share, or ends the cell. */
  function take(count: number, chars: number): void {
    if (asked + count > limits.requestsPerCell || askedChars + chars > limits.promptCharsPerCell) {
      limit = 'too_many_requests';
      throw new P.RealError(`one cell may ask for at most ${limits.requestsPerCell} sub-calls`);
    }
    asked += count;
    askedChars += chars;
  }

  /** A promise that tells when it was awaited or chained, so that a forgotten `await` can be named. */
  function watched(mark: { used: boolean }, executor: (resolve: Resolve) => void): Promise<unknown> {
    const promise = new P.RealPromise<unknown>(executor);
    P.define(promise, 'constructor', {
      __proto__: null,
      configurable: true,
      get() {
        mark.used = true;
        return P.RealPromise;
      },
    } as PropertyDescriptor);
    const asText = {
      __proto__: null,
      configurable: true,
      value: () => {
        forgotten = true;
        return '[object Promise]';
      },
    } as PropertyDescriptor;
    P.define(promise, 'toString', asText);
    P.define(promise, 'toJSON', asText);
    pending.set(promise, mark);
    return promise;
  }

  function request(kind: Kind, prompt: string, model: unknown, batch: string, waiting: Open): void {
    const id = nextRequest;
    nextRequest += 1;
    open[id] = waiting;
    openCount += 1;
    const name = typeof model === 'string' ? (P.stringify(P.slice(model, 0, 200)) as string) : 'null';
    outbox[outboxNext] = `{"i":${id},"k":"${kind}","m":${name},"b":${batch},"p":${P.stringify(prompt)}}`;
    outboxNext += 1;
  }

  /** After a cell has ended nothing of it may ask; a loop that goes on asking is left waiting for ever. */
  function refuse(): Promise<unknown> {
    refused += 1;
    return new P.RealPromise((resolve) => {
      if (refused <= limits.requestsPerCell) resolve(closedText);
    });
  }

  function ask(kind: Kind, given: unknown, model: unknown): Promise<unknown> {
    if (phase === 'between') return refuse();
    const prompt = promptText(given);
    const wrong = complaint(prompt);
    const mark = { used: false };
    if (wrong !== null) return watched(mark, (resolve) => resolve(wrong));
    take(1, prompt.length);
    return watched(mark, (resolve) => {
      request(kind, prompt, model, 'null', { resolve, batch: null, index: 0, mark });
    });
  }

  function askAll(kind: Kind, given: unknown, model: unknown): Promise<unknown> {
    if (phase === 'between') return refuse();
    const mark = { used: false };
    const results = new P.RealArray<unknown>();
    const put = (index: number, value: string) =>
      P.define(results, index, {
        __proto__: null,
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      } as PropertyDescriptor);
    if (!P.isArray(given)) {
      put(0, 'Error: pass an array of prompts');
      return watched(mark, (resolve) => resolve(results));
    }
    const size = given.length;
    if (size > limits.requestsPerCell) take(size, 0);
    const prompts = table<string>();
    let count = 0;
    let chars = 0;
    for (let at = 0; at < size; at += 1) {
      const prompt = promptText(given[at]);
      const wrong = complaint(prompt);
      if (wrong === null) {
        prompts[at] = prompt;
        count += 1;
        chars += prompt.length;
      }
      put(at, wrong ?? '');
    }
    if (count === 0) return watched(mark, (resolve) => resolve(results));
    take(count, chars);
    const id = nextBatch;
    nextBatch += 1;
    return watched(mark, (resolve) => {
      const batch = { results, resolve, left: count } as Batch;
      for (let at = 0; at < size; at += 1) {
        const prompt = prompts[at];
        if (prompt === undefined) continue;
        request(kind, prompt, model, `[${id},${at},${size}]`, { resolve: null, batch, index: at, mark });
      }
    });
  }

  function deliver(waiting: Open, text: string): void {
    if (waiting.resolve) {
      waiting.resolve(text);
      return;
    }
    const batch = waiting.batch as Batch;
    P.define(batch.results, waiting.index, {
      __proto__: null,
      value: text,
      writable: true,
      enumerable: true,
      configurable: true,
    } as PropertyDescriptor);
    batch.left -= 1;
    if (batch.left === 0) batch.resolve(batch.results);
  }

  // --- bound names --------------------------------------------------------------------------------------------------
  interface Slot {
    readonly name: string;
    original: unknown;
    value: unknown;
  }
  const unread = {};
  const slots: { length: number; [index: number]: Slot } = { __proto__: null, length: 0 } as never;
  /** Accessors that cannot be redefined: an assignment is seen, and can always be undone. */
  function bind(name: string, original: unknown, load?: (slot: Slot) => void): Slot {
    const slot: Slot = { name, original, value: original };
    slots[slots.length] = slot;
    slots.length += 1;
    P.define(P.global, name, {
      __proto__: null,
      configurable: false,
      enumerable: false,
      get: load
        ? () => {
            if (slot.value === unread) load(slot);
            return slot.value;
          }
        : () => slot.value,
      set: (value: unknown) => {
        slot.value = value;
      },
    } as PropertyDescriptor);
    return slot;
  }

  function freshAnswer(content: unknown): object {
    return { content, ready: false };
  }

  function finishWith(source: string, value: unknown): void {
    if (finish !== null || phase === 'between') return;
    if (typeof value === 'object' && value !== null && P.prototypeOf(value) === P.promisePrototype) {
      forgotten = true;
      return;
    }
    const { text, cut } = format.answer(value, limits.answerChars);
    finish ??= { source, text, cut };
  }

  const FINAL = function FINAL(value: unknown): void {
    finishWith('FINAL', value);
  };
  const FINAL_VAR = function FINAL_VAR(name: unknown): void {
    if (typeof name !== 'string') {
      finishWith('FINAL_VAR', name);
      return;
    }
    const value = isVariable(name) ? P.global[name] : undefined;
    if (value === undefined) {
      if (finish === null) unknownFinal = true;
      return;
    }
    finishWith('FINAL_VAR', value);
  };

  function isVariable(name: string): boolean {
    for (let at = 0; at < slots.length; at += 1) if ((slots[at] as Slot).name === name) return true;
    return builtin[name] !== true && P.descriptor(P.global, name) !== undefined;
  }

  function typeName(value: unknown): string {
    if (value === null) return 'null';
    try {
      if (P.isArray(value)) return 'array';
    } catch {
      return 'object';
    }
    return typeof value;
  }

  const builtin = table<true>();
  /** The model's own variables as JSON pairs; looks at no more than 2,000 names and runs no getter. */
  function variables(): string {
    const names = P.ownKeys(P.global);
    let text = '';
    let seen = 0;
    for (let at = 0; at < names.length && seen < 2000; at += 1) {
      const name = names[at];
      if (typeof name !== 'string' || builtin[name] === true) continue;
      const found = P.descriptor(P.global, name);
      if (!found) continue;
      seen += 1;
      const type = found.get || found.set ? 'accessor' : typeName(found.value);
      text += `${seen === 1 ? '' : ','}[${P.stringify(P.slice(name, 0, 200))},"${type}"]`;
    }
    return `[${text}]`;
  }

  const SHOW_VARS = function SHOW_VARS(): string {
    const names = P.ownKeys(P.global);
    let text = '';
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at];
      if (typeof name !== 'string' || builtin[name] === true) continue;
      const found = P.descriptor(P.global, name);
      if (!found) continue;
      text += `${text === '' ? '' : ', '}${name}: ${found.get || found.set ? 'accessor' : typeName(found.value)}`;
      if (text.length > limits.outputChars) break;
    }
    return text === '' ? 'No variables yet. Create some in a ```repl block.' : `Available variables: {${text}}`;
  };

  // A list context is built from its one text when it is first looked at.
  let context: unknown = unread;
  for (const name of ['context', 'prompt']) {
    bind(name, unread, (slot) => {
      if (context === unread) context = loadContext();
      slot.original = slot.value = context;
    });
  }
  bind('print', print);
  const consoleObject = {};
  for (const name of ['log', 'error', 'info', 'warn', 'debug', 'dir', 'table']) {
    P.define(consoleObject, name, {
      __proto__: null,
      value: print,
      writable: false,
      enumerable: true,
      configurable: false,
    } as PropertyDescriptor);
  }
  bind('console', P.freeze(consoleObject));
  bind('FINAL', FINAL);
  bind('FINAL_VAR', FINAL_VAR);
  bind('SHOW_VARS', SHOW_VARS);
  const answerSlot = bind('answer', freshAnswer(''));
  for (let at = 0; at < functions.length; at += 1) {
    const name = functions[at] as string;
    const kind: Kind = P.slice(name, 0, 3) === 'rlm' ? 'rlm' : 'llm';
    const batched = P.indexOf(name, '_batched') !== -1;
    const call = batched
      ? (prompts: unknown, model?: unknown) => askAll(kind, prompts, model)
      : (prompt: unknown, model?: unknown) => ask(kind, prompt, model);
    P.define(call, 'name', { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
    bind(name, call);
    if (name === 'llm_query') bind('lm_query', call);
    if (name === 'llm_query_batched') bind('lm_query_batched', call);
  }
  {
    const names = P.ownKeys(P.global);
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at];
      if (typeof name === 'string') builtin[name] = true;
    }
  }

  // --- the life of a cell -------------------------------------------------------------------------------------------
  let answerObject: unknown = answerSlot.original;
  /** A model's `answer`: read once, and made fresh so that one finish is told once. */
  function readAnswer(rebound: boolean): void {
    const given = answerSlot.value;
    if (typeof given !== 'object' || given === null || (given !== answerObject && !rebound)) return;
    try {
      const { ready } = given as { ready: unknown };
      if (ready) {
        const { content } = given as { content: unknown };
        answerObject = freshAnswer(content);
        answerSlot.value = answerObject;
        finishWith('answer', content);
      } else if (P.descriptor(given, 'ready') ?? P.descriptor(given, 'content')) answerObject = given;
    } catch (thrown) {
      if (error === '') error = format.errorText(thrown, 4000);
    }
  }

  function cellEnded(of: number, thrown: boolean, reason: unknown): void {
    if (of !== cell || phase !== 'running') return;
    phase = 'ended';
    if (thrown && error === '') {
      error = format.errorText(reason, 4000);
      errorLine = lineOf(reason);
    }
    readAnswer(!thrown);
  }

  /** The line of this cell in an error's stack, 0 where it names none. */
  function lineOf(reason: unknown): number {
    try {
      if (typeof reason !== 'object' || reason === null || !P.isError(reason)) return 0;
      const { stack } = reason as { stack: unknown };
      if (typeof stack !== 'string') return 0;
      const mark = `cell-${cell}:`;
      const found = P.indexOf(stack, mark);
      if (found === -1) return 0;
      let line = 0;
      for (let at = found + mark.length; at < stack.length && line < 1e7; at += 1) {
        const digit = P.charCodeAt(stack, at) - 48;
        if (!(digit >= 0 && digit <= 9)) break;
        line = line * 10 + digit;
      }
      return line;
    } catch {
      return 0;
    }
  }

  /** Begins a cell. `names` (joined by commas) are its top-level declarations, made to exist before it runs. */
  function start(code: string, names: string): void {
    cell += 1;
    phase = 'running';
    head = tail = error = limit = '';
    total = errorLine = asked = askedChars = answered = refused = 0;
    forgotten = unknownFinal = false;
    finish = null;
    const of = cell;
    try {
      declare(names);
      const body = P.indirectEval(`${code}\n//# sourceURL=cell-${cell}`) as (
        done: () => void,
        fail: (reason: unknown) => void,
      ) => unknown;
      body(
        () => cellEnded(of, false, null),
        (reason) => cellEnded(of, true, reason),
      );
    } catch (thrown) {
      cellEnded(of, true, thrown);
    }
  }

  function declare(names: string): void {
    let from = 0;
    while (from < names.length) {
      const comma = P.indexOf(names, ',', from);
      const to = comma === -1 ? names.length : comma;
      const name = P.slice(names, from, to);
      if (!P.descriptor(P.global, name)) P.global[name] = undefined;
      from = to + 1;
    }
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
    const ids = P.ownKeys(stale);
    const left = stale;
    stale = table<Open>();
    staleCount = 0;
    for (let at = 0; at < ids.length; at += 1) deliver(left[ids[at] as string] as Open, closedText);
  }

  /** Ends a cell that cannot go on; reads `answer` as at any cell's end. */
  function end(reason: string): void {
    if (phase !== 'running') return;
    phase = 'ended';
    if (reason !== '') error = reason;
    readAnswer(true);
  }

  /** Ends a cell that was stopped by a limit, without touching anything of the model's. */
  function abort(): void {
    if (phase === 'running') phase = 'ended';
  }

  function poll(): string {
    let text = '';
    let chars = 0;
    let first = true;
    while (outboxFirst < outboxNext && chars < 8_000_000) {
      const item = outbox[outboxFirst] as string;
      delete outbox[outboxFirst];
      outboxFirst += 1;
      chars += item.length;
      text += first ? item : `,${item}`;
      first = false;
    }
    if (outboxFirst < outboxNext) return `{"s":"more","q":[${text}]}`;
    if (outboxNext > 0) {
      outbox = table<string>();
      outboxFirst = outboxNext = 0;
    }
    if (phase === 'running' && limit === '') {
      return `{"s":"${openCount > 0 ? 'waiting' : 'stuck'}","q":[${text}]}`;
    }
    return `{"s":"done","q":[${text}],${closeCell()}}`;
  }

  function closeCell(): string {
    phase = 'between';
    let cancelled = '';
    const ids = P.ownKeys(open);
    for (let at = 0; at < ids.length; at += 1) {
      const id = ids[at] as string;
      const waiting = open[id] as Open;
      if (!waiting.mark.used || answered === 0) forgotten = true;
      stale[id] = waiting;
      staleCount += 1;
      cancelled += `${at === 0 ? '' : ','}${id}`;
    }
    if (ids.length > 0) open = table<Open>();
    openCount = 0;
    let overwritten = '';
    for (let at = 0; at < slots.length; at += 1) {
      const slot = slots[at] as Slot;
      const proper = slot === answerSlot ? answerObject : slot.original;
      if (slot.value === proper) continue;
      slot.value = proper;
      overwritten += `${overwritten === '' ? '' : ','}"${slot.name}"`;
    }
    const fin =
      finish === null
        ? 'null'
        : `{"source":"${finish.source}","value":${P.stringify(finish.text)},"cut":${finish.cut}}`;
    return (
      `"head":${P.stringify(head)},"tail":${P.stringify(tail)},"total":${total},"error":${P.stringify(error)},` +
      `"line":${errorLine},"limit":"${limit}","forgotten":${forgotten},"unknownFinal":${unknownFinal},` +
      `"cancelled":[${cancelled}],"stale":${staleCount},"overwritten":[${overwritten}],"finish":${fin},"variables":${variables()}`
    );
  }

  return P.freeze({ __proto__: null, start, answer, settle, end, abort, poll });
}

export type Mailbox = ReturnType<typeof makeMailbox>;
