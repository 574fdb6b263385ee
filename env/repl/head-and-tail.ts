/** A text that may have lost its middle. */
export interface Capped {
  readonly text: string;
  /** UTF-16 code units that were left out. */
  readonly cut: number;
}

/** Keeps `cap` code units of a text, half from each end, and says between them how many are missing. */
export function headAndTail(text: string, cap: number): Capped {
  if (text.length <= cap) return { text, cut: 0 };
  const head = Math.ceil(cap / 2);
  return joinHeadAndTail(text.slice(0, head), text.slice(text.length - (cap - head)), text.length);
}

/**
 * The same for a text that was collected as its two ends. `total` counts what was written; where head and tail hold all
 * of it, they are simply joined.
 */
export function joinHeadAndTail(head: string, tail: string, total: number): Capped {
  const cut = total - head.length - tail.length;
  if (cut <= 0) return { text: head + tail, cut: 0 };
  return { text: `${head}\n[… ${cut} characters left out …]\n${tail}`, cut };
}

/** Keeps the first `cap` code units. */
export function keepHead(text: string, cap: number): Capped {
  return text.length <= cap ? { text, cut: 0 } : { text: text.slice(0, cap), cut: text.length - cap };
}
