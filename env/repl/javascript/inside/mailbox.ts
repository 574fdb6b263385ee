import type { Formatter } from './formatter.ts';
import type { Names } from './names.ts';
import type { CellState, Output } from './output.ts';
import type { Primordials } from './primordials.ts';
import type { SubcallLimits, Subcalls } from './subcalls.ts';

export interface InsideLimits extends SubcallLimits {
  readonly outputChars: number;
  readonly answerChars: number;
}

/** The parts of the bootstrap, as functions that came in with it. */
export interface Makers {
  readonly formatter: (P: Primordials, onPromise: (promise: object) => void) => Formatter;
  readonly names: (P: Primordials) => Names;
  readonly output: (P: Primordials, cell: CellState, format: Formatter, chars: number) => Output;
  readonly subcalls: (
    P: Primordials,
    cell: CellState,
    format: Formatter,
    pending: ReturnType<Primordials['newMarks']>,
    limits: SubcallLimits,
  ) => Subcalls;
}

/**
 * The state of one REPL inside its isolate and the only doors to it: `start` and `answer` run model code, `settle` ends
 * what an earlier cell left open, `end` closes a cell that cannot go on, `abort` one that was stopped, `close` sums up
 * one that has ended, and `poll` tells in one JSON text what is new. `close` and `poll` run no model code and are built
 * from strings alone.
 */
export function makeMailbox(
  P: Primordials,
  make: Makers,
  limits: InsideLimits,
  functions: readonly string[],
  loadContext: () => unknown,
) {
  'use strict';
  interface Finish {
    readonly source: string;
    readonly text: string;
    readonly cut: number;
  }
  const cell = { __proto__: null, number: 0, phase: 'between', limit: '', forgotten: false } as unknown as CellState;
  let error = '';
  let errorLine = 0;
  let finish: Finish | null = null;
  let unknownFinal = false;
  let closing = '';

  const pending = P.newMarks();
  const format = make.formatter(P, (promise) => {
    if (pending.get(promise) !== undefined || subcalls.openCount() > 0) cell.forgotten = true;
  });
  const names = make.names(P);
  const output = make.output(P, cell, format, limits.outputChars);
  const subcalls = make.subcalls(P, cell, format, pending, limits);
  const isPromise = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && P.prototypeOf(value) === P.promisePrototype;

  // --- how code finishes --------------------------------------------------------------------------------------------
  /** The first finish of a cell wins and becomes text at once. */
  function finishWith(source: string, value: unknown): void {
    if (finish !== null || cell.phase === 'between') return;
    if (isPromise(value)) {
      cell.forgotten = true;
      return;
    }
    const { text, cut } = format.answer(value, limits.answerChars);
    finish ??= { source, text, cut };
  }

  function FINAL(value: unknown): void {
    finishWith('FINAL', value);
  }

  /** Takes a name; a value that is no string is the answer itself, as the original allows. */
  function FINAL_VAR(name: unknown): void {
    const value = typeof name === 'string' ? names.lookup(name) : name;
    if (value !== undefined) finishWith('FINAL_VAR', value);
    else if (finish === null) unknownFinal = true;
  }

  /** Reads the model's `answer` once; a ready one is made unready again, so that one finish is told once. */
  function readAnswer(rebound: boolean): void {
    const given = answerSlot.value;
    if (typeof given !== 'object' || given === null || (given !== answerSlot.original && !rebound)) return;
    try {
      const { ready } = given as { ready: unknown };
      if (ready) {
        const { content } = given as { content: unknown };
        answerSlot.original = { content, ready: false };
        answerSlot.value = answerSlot.original;
        finishWith('answer', content);
      } else if (P.descriptor(given, 'ready') ?? P.descriptor(given, 'content')) answerSlot.original = given;
    } catch (thrown) {
      if (error === '') error = format.errorText(thrown, 4000);
    }
  }

  // --- the names a model is given -----------------------------------------------------------------------------------
  let context: unknown;
  const readContext = () => (context ??= loadContext());
  names.bind('context', undefined, readContext);
  names.bind('prompt', undefined, readContext);
  names.bind('print', output.print);
  const consoleObject = {};
  for (const name of ['log', 'error', 'info', 'warn', 'debug', 'dir', 'table', 'trace']) {
    P.define(consoleObject, name, { __proto__: null, value: output.print, enumerable: true } as PropertyDescriptor);
  }
  names.bind('console', P.freeze(consoleObject));
  names.bind('FINAL', FINAL);
  names.bind('FINAL_VAR', FINAL_VAR);
  names.bind('SHOW_VARS', function SHOW_VARS() {
    return names.describe(limits.outputChars);
  });
  const answerSlot = names.bind('answer', { content: '', ready: false });
  for (const name of functions) {
    const kind = P.slice(name, 0, 3) === 'rlm' ? 'rlm' : 'llm';
    const call =
      P.indexOf(name, '_batched') === -1
        ? (prompt: unknown, model?: unknown) => subcalls.ask(kind, prompt, model)
        : (prompts: unknown, model?: unknown) => subcalls.askAll(kind, prompts, model);
    P.define(call, 'name', { __proto__: null, value: name, configurable: true } as PropertyDescriptor);
    names.bind(name, call);
    if (name === 'llm_query') names.bind('lm_query', call);
    if (name === 'llm_query_batched') names.bind('lm_query_batched', call);
  }
  names.seal();

  // --- the life of a cell -------------------------------------------------------------------------------------------
  function bodyEnded(of: number, thrown: boolean, reason: unknown): void {
    if (of !== cell.number || cell.phase !== 'running') return;
    cell.phase = 'ended';
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
      const mark = `cell-${cell.number}:`;
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

  /** Begins a cell. `declared`: its top-level names, joined by commas, made to exist before it runs. */
  function start(code: string, declared: string): void {
    const of = cell.number + 1;
    cell.number = of;
    cell.phase = 'running';
    cell.limit = '';
    cell.forgotten = false;
    error = '';
    errorLine = 0;
    finish = null;
    unknownFinal = false;
    closing = '';
    output.clear();
    subcalls.clear();
    try {
      names.declare(declared);
      const body = P.indirectEval(`${code}\n//# sourceURL=cell-${of}`) as (
        done: () => void,
        fail: (reason: unknown) => void,
      ) => unknown;
      body(
        () => bodyEnded(of, false, null),
        (reason) => bodyEnded(of, true, reason),
      );
    } catch (thrown) {
      bodyEnded(of, true, thrown);
    }
  }

  /** Ends a cell that cannot go on; reads `answer` as at any cell's end. */
  function end(reason: string): void {
    if (cell.phase !== 'running') return;
    cell.phase = 'ended';
    error = reason;
    readAnswer(true);
  }

  /** Ends a cell that was stopped by a limit, without touching anything of the model's. */
  function abort(): void {
    if (cell.phase === 'running') cell.phase = 'ended';
  }

  /** `brief`: a cell's end is told only once `close` has been called; what it lists may be long. */
  function poll(brief: boolean): string {
    const requests = subcalls.takeRequests();
    if (subcalls.moreRequests()) return `{"s":"more","q":[${requests}]}`;
    if (cell.phase === 'running' && cell.limit === '') {
      return `{"s":"${subcalls.openCount() > 0 ? 'waiting' : 'stuck'}","q":[${requests}]}`;
    }
    if (closing === '') {
      if (brief) return `{"s":"ended","q":[${requests}]}`;
      close();
    }
    return `{"s":"done","q":[${requests}],${closing}}`;
  }

  /** Closes a cell that has ended; runs no model code, but takes long where there are very many variables. */
  function close(): void {
    cell.phase = 'between';
    const cancelled = subcalls.cancel();
    const fin =
      finish === null
        ? 'null'
        : `{"source":"${finish.source}","value":${P.stringify(finish.text)},"cut":${finish.cut}}`;
    closing =
      `${output.json()},"error":${P.stringify(error)},"line":${errorLine},"limit":"${cell.limit}",` +
      `"forgotten":${cell.forgotten},"unknownFinal":${unknownFinal},"cancelled":[${cancelled}],` +
      `"stale":${subcalls.staleCount()},"overwritten":[${names.restore()}],"finish":${fin},"variables":[${names.json()}]`;
  }

  return P.freeze({
    __proto__: null,
    start,
    answer: subcalls.answer,
    settle: subcalls.settle,
    end,
    abort,
    close,
    poll,
  });
}
