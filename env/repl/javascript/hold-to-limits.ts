import type { ReplLimits } from '../repl.ts';
import type { WorkerMessage } from './messages.ts';

/** The note of what was left out, and the like. */
const slack = 100;
const stderrChars = 8_000;

/**
 * Throws for a message that is larger than its REPL's limits allow, holds text that is not well-formed, or whose
 * sub-calls are not numbered one after the other. A sound worker sends none such. Returns the last sub-call's number.
 */
export function holdToLimits(
  message: Extract<WorkerMessage, { type: 'waiting' | 'done' }>,
  limits: ReplLimits,
  lastRequest: number,
): number {
  const { requests } = message;
  hold('sub-calls', requests.length, limits.requestsPerCell);
  let last = lastRequest;
  for (const { id, prompt, model } of requests) {
    if (id !== last + 1) throw new Error(`sub-call ${id} came after ${last}`);
    last = id;
    text('prompt', prompt, limits.promptChars);
    if (model !== null) text('model', model, 200);
  }
  if (message.type === 'waiting') return last;
  const { stdout, stderr, finish, variables, cancelled, overwritten } = message.result;
  text('stdout', stdout, limits.outputChars + slack);
  text('stderr', stderr, stderrChars + slack);
  if (finish) text('finish', finish.value, limits.answerChars);
  for (const { name, type } of variables) {
    text('name', name, 200);
    text('type', type, slack);
  }
  hold('cancelled', cancelled.length, limits.requestsPerCell);
  hold('overwritten', overwritten.length, slack);
  for (const name of overwritten) text('name', name, slack);
  return last;
}

function text(what: string, value: string, most: number): void {
  hold(what, value.length, most);
  if (!value.isWellFormed()) throw new Error(`${what} is not well-formed`);
}

function hold(what: string, size: number, most: number): void {
  if (size > most) throw new Error(`${what} of ${size}, where ${most} is the most`);
}
