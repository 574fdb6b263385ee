import type { Random } from '../random.ts';
import { splitOf, type Split } from '../splits.ts';

const syllables =
  'ba be bi bo bu da de di do du fa fe fi fo fu ga ge gi go gu ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo vu za ze zi zo zu'.split(
    ' ',
  );
const size = syllables.length ** 4;
/** Shares no factor with `size`, so that steps of it meet every word once. */
const step = 7_368_787;

/**
 * Different made words of one split (`mokarelu`), four syllables each, in a seeded order and without a table of those
 * used: a walk over all 24 million. All have eight letters, so none is part of another.
 */
export function madeWords(split: Split, random: Random): () => string {
  let at = random.below(size);
  let left = size;
  return () => {
    for (; left > 0; left -= 1) {
      at = (at + step) % size;
      const word = wordOf(at);
      if (splitOf(word) === split) {
        left -= 1;
        return word;
      }
    }
    throw new Error('no made word is left to draw; ask for a shorter context');
  };
}

function wordOf(number: number): string {
  let word = '';
  let rest = number;
  for (let place = 0; place < 4; place += 1) {
    word += syllables[rest % syllables.length]!;
    rest = Math.floor(rest / syllables.length);
  }
  return word;
}

/** Letters at the beginning that hold no answer: what is shown of a context before it is read tells nothing. */
const opening = 1_000;

/** A seeded order in which the answers stand anywhere but in the opening, as far as other words can fill it. */
export function shuffleApart(answers: string[], others: string[], random: Random): string[] {
  random.shuffle(others);
  const letters = others.length === 0 ? 1 : others[0]!.length + 1;
  // At most half of the others: where they are few, the text is mostly answers and no opening could hide them.
  const first = others.slice(0, Math.min(Math.ceil(opening / letters), Math.floor(others.length / 2)));
  const rest = [...answers, ...others.slice(first.length)];
  return [...first, ...random.shuffle(rest)];
}
