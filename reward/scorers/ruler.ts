import { strip } from '../python/text.ts';
import { goldTexts, shown, unjudged, type Score, type Scorer } from './scorer.ts';

/**
 * The share of gold answers that the answer contains, case ignored (NVIDIA/RULER scripts/eval/synthetic/constants.py,
 * `string_match_all`; evaluate.py prepares the text). No word boundary and no penalty for naming more: an answer that
 * lists everything scores 1. Rounded as RULER's percentages are, to four digits of the share.
 */
export const ruler: Scorer = (prediction, gold) =>
  contained(prediction, gold, (found, all) => found / all, 'gold answers are in it');

/** 1 where the answer contains any gold answer (`string_match_part`, RULER's QA tasks). */
export const rulerQa: Scorer = (prediction, gold) =>
  contained(prediction, gold, (found) => Math.min(found, 1), 'gold answers are in it; one is enough');

function contained(
  prediction: string,
  gold: unknown,
  share: (found: number, all: number) => number,
  told: string,
): Score {
  const references = goldTexts(gold);
  if (references === null || references.length === 0) {
    return unjudged(`the gold answer ${shown(gold)} is no text and no list of texts; give the list of values to find`);
  }
  // oxlint-disable-next-line no-control-regex -- RULER replaces control characters by line ends.
  const parsed = strip(strip(prediction).replace(/[\u0000-\u001f]/g, '\n'));
  const text = parsed.toLowerCase();
  const found = references.filter((reference) => text.includes(reference.toLowerCase())).length;
  const score = roundHalfEven(share(found, references.length) * 100) / 100;
  return { score, parsed, ...(score < 1 && { why: `${found} of ${references.length} ${told}` }) };
}

/** Python's `round(value, 2)`: to the nearer, exact ties to the even digit; a tie at two digits is an odd eighth. */
export function roundHalfEven(value: number): number {
  if (Number.isInteger(value * 8) && (value * 8) % 2 !== 0) {
    const below = Math.floor(value * 100);
    return (below % 2 === 0 ? below : below + 1) / 100;
  }
  return Number(value.toFixed(2));
}
