import { measureOf } from '../length.ts';
import type { Random } from '../random.ts';
import { drawOf, type Split } from '../splits.ts';
import { hideInLines, hideInText, noise } from './fillers.ts';
import { fillerOf } from './options.ts';
import type { NiahRequest, NiahTask } from './niah.ts';

interface Chain {
  readonly value: string;
  readonly names: readonly string[];
}

/**
 * Variable tracking (NVIDIA/RULER scripts/data/synthetic/variable_tracking.py): chains `VAR A = 12345`, `VAR B = VAR A`,
 * … in order and scattered; the variables of one chain are asked for by its value. Its names are 5 capital letters, its
 * values 5 digits, all different here (RULER does not make sure of values).
 */
export function makeVariableTracking({ options, split, haystack, stream }: NiahRequest): NiahTask {
  const { chains: count = 1, hops = 4 } = options;
  const filler = fillerOf(options, 'noise');
  const chains = makeChains(count, hops, split, haystack?.text ?? '', stream('chains'));
  const inLines = filler === 'noise';
  if (filler === 'needle') throw new Error('vt has no needles to fill with; set filler to noise, essay or files');
  const depthDraws = stream('depths');
  const placed = chains.flatMap(({ value, names }) => {
    const depths = names.map(() => depthDraws.unit()).sort((a, b) => a - b);
    return names.map((name, hop) => ({ text: assignment(value, names, name, hop, inLines), depth: depths[hop]! }));
  });
  const texts = placed.map(({ text }) => text);
  const depths = placed.map(({ depth }) => depth);
  const measure = measureOf(options.length);
  const { context } = inLines
    ? hideInLines(texts, () => noise, measure, depths)
    : hideInText(texts, haystack ?? 'essay', measure, depths, stream('filler'));
  const [asked] = chains;
  return {
    query:
      'Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n' +
      `Question: Find all variables that are assigned the value ${asked!.value} in the text above.`,
    context,
    answer: asked!.names,
    metadata: { chains: count, hops, value: asked!.value, depths: depths.slice(0, hops + 1), filler },
  };
}

/** RULER leaves a blank at the end of a line of noise, and puts a full stop in essays. */
function assignment(value: string, names: readonly string[], name: string, hop: number, inLines: boolean): string {
  const right = hop === 0 ? value : `VAR ${names[hop - 1]!}`;
  return `VAR ${name} = ${right}${inLines ? (hop === 0 ? '' : ' ') : '.'}`;
}

function makeChains(count: number, hops: number, split: Split, text: string, random: Random): Chain[] {
  const used = new Set<string>();
  const unused = (what: string, make: () => string): string => {
    const made = drawOf(split, what, make, (one) => !used.has(one) && !text.includes(one));
    used.add(made);
    return made;
  };
  const letter = () => String.fromCharCode(65 + random.below(26));
  return Array.from({ length: count }, () => ({
    value: unused('value', () => String(10_000 + random.below(90_000))),
    names: Array.from({ length: hops + 1 }, () =>
      unused('variable name', () => Array.from({ length: 5 }, letter).join('')),
    ),
  }));
}
