import { fill, type Haystack } from '../haystack.ts';
import type { Measure } from '../length.ts';
import type { Random } from '../random.ts';
import { insertAt } from './insert.ts';
import { prose } from './prose.ts';

/** RULER's noise, word for word (NVIDIA/RULER scripts/data/synthetic/niah.py). */
export const noise = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.';

/** A context, and how deep each text lies in it, in [0, 1) of the filler. */
export interface Hidden {
  readonly context: string;
  readonly depths: readonly number[];
}

/** Hides sentences in running text of exactly the wanted length. */
export function hideInText(
  texts: readonly string[],
  filler: Haystack | 'essay',
  measure: Measure,
  depths: readonly number[],
  random: Random,
): Hidden {
  const padded = texts.map((text) => ` ${text} `);
  const room = measure.wanted - taken(padded, measure);
  const text = filler === 'essay' ? prose(room, random) : fill(filler, room, measure, random);
  return { context: insertAt(text, padded, depths), depths };
}

/** Hides lines among lines: as many as fit, at most one short of the wanted length. `line` makes the next filler line. */
export function hideInLines(
  texts: readonly string[],
  line: () => string,
  measure: Measure,
  depths: readonly number[],
): Hidden {
  let left = measure.wanted - taken(texts, measure) - (texts.length - 1);
  const lines: string[] = [];
  for (;;) {
    const next = line();
    left -= measure.of(next) + 1;
    if (left < 0) break;
    lines.push(next);
  }
  const places = texts
    .map((text, order) => ({ text, order, at: Math.floor((depths[order] ?? 0) * (lines.length + 1)) }))
    .sort((a, b) => a.at - b.at || a.order - b.order);
  const parts: string[] = [];
  let done = 0;
  for (const { text, at } of places) {
    for (; done < at; done += 1) parts.push(lines[done]!);
    parts.push(text);
  }
  for (; done < lines.length; done += 1) parts.push(lines[done]!);
  return { context: parts.join('\n'), depths };
}

function taken(texts: readonly string[], measure: Measure): number {
  const sum = texts.reduce((total, text) => total + measure.of(text), 0);
  if (sum > measure.wanted / 2) {
    throw new Error(
      `${texts.length} needles fill more than half of ${measure.wanted} ${measure.unit}; ask for a longer context or fewer needles`,
    );
  }
  return sum;
}
