import { shown, unjudged, type Scorer } from './scorer.ts';

/**
 * LongBench v2's scorer (THUDM/LongBench pred.py): asterisks go, then the first `The correct answer is (X)`, else the
 * first `The correct answer is X`, X from A to D. The sentence must be there as written: a bare `B` scores 0.
 */
export const longbenchChoice: Scorer = (prediction, gold) => {
  if (typeof gold !== 'string' || !/^[A-D]$/.test(gold))
    return unjudged(`the gold answer ${shown(gold)} is none of "A", "B", "C", "D"`);
  const text = prediction.replaceAll('*', '');
  const match = /The correct answer is \(([A-D])\)/.exec(text) ?? /The correct answer is ([A-D])/.exec(text);
  if (!match) return { score: 0, why: 'there is no "The correct answer is (X)"' };
  return match[1] === gold ? { score: 1, parsed: match[1] } : { score: 0, parsed: match[1]!, why: 'another choice' };
};
