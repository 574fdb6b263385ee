import { strip } from '../python/text.ts';
import { goldTexts, shown, unjudged, type Scorer } from './scorer.ts';

const plainNumber = /^[+-]?\d{1,300}(\.\d{1,300})?$/;

/**
 * 1 where the answer, without white space around it, is the gold answer or one of a list of them; case counts. A gold
 * number is met by any plain decimal of its value (`7`, `7.0`, `+7`).
 */
export const exact: Scorer = (prediction, gold) => {
  const texts = goldTexts(gold);
  if (texts === null || texts.length === 0)
    return unjudged(`the gold answer ${shown(gold)} is no text, number or list of them`);
  const parsed = strip(prediction);
  const items: unknown[] = Array.isArray(gold) ? gold : [gold];
  const met = texts.some(
    (text, at) =>
      strip(text) === parsed ||
      (typeof items[at] === 'number' && plainNumber.test(parsed) && Number(parsed) === items[at]),
  );
  return met ? { score: 1, parsed } : { score: 0, parsed, why: 'not equal to the gold answer' };
};
