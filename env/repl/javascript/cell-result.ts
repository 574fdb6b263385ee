import { headAndTail, joinHeadAndTail, keepHead } from '../head-and-tail.ts';
import type { CellResult, ReplLimits, SubcallRequest } from '../repl.ts';
import type { Polled, WorkerMessage } from './messages.ts';

type WireResult = Extract<WorkerMessage, { type: 'done' }>['result'];

/** What is known of a cell's end before its texts are held to the limits. */
export interface CellEnd {
  readonly head: string;
  readonly tail: string;
  readonly total: number;
  readonly error: string;
  /** Uncaught rejections. */
  readonly notes: readonly string[];
  readonly variables: CellResult['variables'];
  readonly finish: CellResult['finish'];
  readonly cancelled: readonly number[];
  readonly overwritten: readonly string[];
  readonly hints: readonly CellResult['hints'][number][];
  readonly limit: CellResult['limit'];
  readonly alive: boolean;
  readonly cpuMs: number;
  readonly wallMs: number;
}

export const emptyCell: CellEnd = {
  head: '',
  tail: '',
  total: 0,
  error: '',
  notes: [],
  variables: [],
  finish: null,
  cancelled: [],
  overwritten: [],
  hints: [],
  limit: null,
  alive: true,
  cpuMs: 0,
  wallMs: 0,
};

/** An isolate sent what its bootstrap never sends: its code got hold of the bootstrap. It is ended, as the code's own doing. */
export class IsolateViolation extends Error {
  override name = 'IsolateViolation';
}

/** Caps on the texts that leave a worker. */
export interface TextCaps extends ReplLimits {
  readonly stderrChars: number;
}

/** How a text that leaves an isolate is mended. */
export type Clean = (text: string) => string;
export const wellFormed: Clean = (text) => text.toWellFormed();

/** Holds every text of a cell to its cap and to well-formed Unicode, whatever came out of the isolate. */
export function cellResult(end: CellEnd, limits: TextCaps, clean: Clean): WireResult {
  const joined = joinHeadAndTail(end.head, end.tail.slice(-Math.floor(limits.outputChars / 2)), end.total);
  // The note of what was left out stands between the ends and is not counted against the cap.
  const stdout =
    end.total > limits.outputChars && joined.cut === 0 ? headAndTail(joined.text, limits.outputChars) : joined;
  const stderr = headAndTail([end.error, ...end.notes].filter((text) => text !== '').join('\n'), limits.stderrChars);
  const finish = end.finish && keepHead(end.finish.value, limits.answerChars);
  const variables = end.variables.map(({ name, type }) => ({ name: clean(name.slice(0, 200)), type }));
  variables.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    stdout: clean(stdout.text),
    stderr: clean(stderr.text),
    cut: stdout.cut,
    variables: variables.slice(0, 200),
    finish:
      end.finish && finish
        ? { source: end.finish.source, value: clean(finish.text), cut: end.finish.cut + finish.cut }
        : null,
    cancelled: [...end.cancelled],
    overwritten: [...end.overwritten],
    hints: [...end.hints],
    limit: end.limit,
    alive: end.alive,
    cpuMs: end.cpuMs,
    wallMs: end.wallMs,
  };
}

/** Requests as the host is told them; throws for ids that do not grow by one and for prompts over the cap. */
export function requestsOf(polled: Polled['q'], limits: ReplLimits, last: number, clean: Clean): SubcallRequest[] {
  if (polled.length > limits.requestsPerCell) throw new IsolateViolation('the isolate sent more sub-calls than it may');
  return polled.map(({ i, k, m, b, p }, at) => {
    if (i !== last + 1 + at) throw new IsolateViolation('the isolate sent a sub-call out of order');
    if (p.length > limits.promptChars) throw new IsolateViolation('the isolate sent a prompt over its cap');
    return {
      id: i,
      kind: k,
      prompt: clean(p),
      model: m === null ? null : clean(m),
      batch: b && { id: b[0], index: b[1], size: b[2] },
    };
  });
}
