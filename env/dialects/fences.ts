/** One fenced block of a text, and what stands outside all of them. */
export interface Fences {
  readonly blocks: readonly { readonly tag: string; readonly code: string }[];
  /** The text outside fences, an unclosed one cut off. */
  readonly prose: string;
  /** The tag of a fence that was opened and never closed, or null. */
  readonly unclosed: string | null;
}

/**
 * Splits Markdown fences line by line, in one pass. A fence opens with a line of three or more backticks and an
 * optional tag, and closes with a line of at least as many and nothing else; so backticks inside a string do not end
 * a block. Fences do not nest.
 */
export function splitFences(text: string): Fences {
  const blocks: { tag: string; code: string }[] = [];
  const prose: string[] = [];
  let open: { ticks: number; tag: string; lines: string[] } | null = null;
  for (const line of text.split('\n')) {
    const ticks = leadingTicks(line);
    if (open) {
      if (ticks.count >= open.ticks && ticks.rest === '') {
        blocks.push({ tag: open.tag, code: open.lines.join('\n') });
        open = null;
      } else open.lines.push(line);
    } else if (ticks.count >= 3 && !ticks.rest.includes('`')) {
      open = { ticks: ticks.count, tag: ticks.rest.toLowerCase(), lines: [] };
    } else prose.push(line);
  }
  return { blocks, prose: prose.join('\n'), unclosed: open ? open.tag : null };
}

function leadingTicks(line: string): { count: number; rest: string } {
  let start = 0;
  while (start < 3 && line[start] === ' ') start += 1;
  let end = start;
  while (line[end] === '`') end += 1;
  if (end - start < 3) return { count: 0, rest: '' };
  return { count: end - start, rest: line.slice(end).trim() };
}
