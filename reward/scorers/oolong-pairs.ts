import { setF1 } from './overlap.ts';
import { shown, unjudged, type Scorer } from './scorer.ts';

const pair = /\(\s*(\d{1,30})\s*,\s*(\d{1,30})\s*\)/g;

/**
 * F1 over the set of pairs of user ids (OOLONG-Pairs, arXiv 2512.24601). No scorer is published; ours reads `(1, 2)`
 * anywhere, counts a pair once, takes (2, 1) for another pair (the task asks for the lower id first), and gives 1 where
 * there are no pairs and none is given. The gold answer is a list of pairs, or text with pairs.
 */
export const oolongPairs: Scorer = (prediction, gold) => {
  const wanted = readPairs(gold);
  if (wanted === null)
    return unjudged(`the gold answer ${shown(gold)} is no list of pairs; write [[1, 2], [1, 3]] or "(1, 2) (1, 3)"`);
  const given = pairsIn(prediction);
  const score = setF1(given, wanted);
  const parsed = `${given.size} pairs`;
  return score === 1 ? { score, parsed } : { score, parsed, why: `F1 over ${wanted.size} gold pairs` };
};

function pairsIn(text: string): Set<string> {
  return new Set(Array.from(text.matchAll(pair), ([, a, b]) => `${plain(a!)},${plain(b!)}`));
}

/** `007` is 7. */
const plain = (digits: string): string => digits.replace(/^0+(?=\d)/, '');

function readPairs(gold: unknown): Set<string> | null {
  if (typeof gold === 'string') return pairsIn(gold);
  if (!Array.isArray(gold)) return null;
  const pairs = new Set<string>();
  for (const item of gold as unknown[]) {
    if (typeof item === 'string') for (const found of pairsIn(item)) pairs.add(found);
    else if (Array.isArray(item) && item.length === 2) pairs.add(item.map((id) => plain(String(id))).join(','));
    else return null;
  }
  return pairs;
}
