import type { Formatter } from './formatter.ts';
import type { Primordials } from './primordials.ts';

/** What the parts of the bootstrap know of the cell that runs. Created with a null prototype, so no hook sees it. */
export interface CellState {
  number: number;
  /** `between`: no cell may print or ask; `running`: the body has not ended; `ended`: it has. */
  phase: 'between' | 'running' | 'ended';
  /** `too_many_requests`, or empty. */
  limit: string;
  /** A promise was used where its value was meant. */
  forgotten: boolean;
}

/** Collects what a cell prints, its two ends within `chars` code units, and counts the whole. */
export function makeOutput(P: Primordials, cell: CellState, format: Formatter, chars: number) {
  'use strict';
  const headCap = (chars + 1) >> 1;
  const tailCap = chars - headCap;
  let head = '';
  let tail = '';
  let total = 0;

  function emit(text: string): void {
    if (cell.phase === 'between') return;
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

  function print(...values: unknown[]): void {
    let line = '';
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at];
      const text = typeof value === 'string' ? value : format.show(value, chars * 4);
      line += at === 0 ? text : ` ${text}`;
    }
    emit(`${line}\n`);
  }

  function clear(): void {
    head = '';
    tail = '';
    total = 0;
  }

  function json(): string {
    const end = tail.length > tailCap ? P.slice(tail, tail.length - tailCap) : tail;
    return `"head":${P.stringify(head)},"tail":${P.stringify(end)},"total":${total}`;
  }

  return P.freeze({ __proto__: null, print, clear, json });
}

export type Output = ReturnType<typeof makeOutput>;
