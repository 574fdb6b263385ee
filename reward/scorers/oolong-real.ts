import { parseInteger, partialCredit } from '../python/int.ts';
import { strip } from '../python/text.ts';
import { shown, unjudged, type Scorer } from './scorer.ts';

type Answer =
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'list'; readonly items: readonly string[] }
  | { readonly type: 'str'; readonly text: string };

/**
 * OOLONG-real's scorer (abertsch72/oolong src/eval/eval_helpers.py): the answer stands in `\boxed{…}` or
 * `\boxed{\text{…}}`. Numbers score 0.75 to the power of their distance, texts 1 where equal but for case, lists the
 * share of the gold list's items that are in it (case counts, naming more costs nothing). Of two kinds: 0.
 */
export const oolongReal: Scorer = (prediction, gold) => {
  if (typeof gold !== 'string' && typeof gold !== 'number') {
    return unjudged(`the gold answer ${shown(gold)} is no text; write "84", "Fireball" or "Fireball, Shield"`);
  }
  const wanted = parseAnswer(String(gold));
  const boxed = boxedText(prediction);
  const answer: Answer = boxed === null ? { type: 'str', text: prediction } : parseAnswer(boxed);
  const score = compare(wanted, answer);
  const parsed =
    answer.type === 'int' ? String(answer.value) : answer.type === 'list' ? answer.items.join(', ') : answer.text;
  if (score === 1) return { score, parsed };
  if (wanted.type !== answer.type) {
    const found = boxed === null ? 'there is no \\boxed{…}, so it is compared as text' : `it is of type ${answer.type}`;
    return { score, parsed, why: `the gold answer is of type ${wanted.type}; ${found}` };
  }
  return { score, parsed, why: 'not the gold answer' };
};

function compare(wanted: Answer, answer: Answer): number {
  if (wanted.type === 'int' && answer.type === 'int') return partialCredit(wanted.value, answer.value);
  if (wanted.type === 'str' && answer.type === 'str') {
    return strip(wanted.text).toLowerCase() === strip(answer.text).toLowerCase() ? 1 : 0;
  }
  if (wanted.type !== 'list' || answer.type !== 'list' || wanted.items.length === 0) return 0;
  const given = new Set(answer.items);
  return new Set(wanted.items.filter((item) => given.has(item))).size / wanted.items.length;
}

function parseAnswer(text: string): Answer {
  const value = parseInteger(text);
  if (value !== null) return { type: 'int', value };
  if (!text.includes(',')) return { type: 'str', text };
  return {
    type: 'list',
    items: text
      .split(',')
      .map((item) => strip(item))
      .filter((item) => item !== ''),
  };
}

/** The first `\boxed{\text{…}}`, else the first `\boxed{…}`; null without either. Linear: each closing brace is met once. */
function boxedText(text: string): string | null {
  const begin = '\\boxed{\\text{';
  for (let at = text.indexOf(begin); at !== -1;) {
    const close = text.indexOf('}', at + begin.length);
    if (close === -1) break;
    if (text[close + 1] === '}') return text.slice(at + begin.length, close);
    at = text.indexOf(begin, close);
  }
  const box = text.indexOf('\\boxed{');
  if (box === -1) return null;
  let from = box + '\\boxed'.length;
  while (text[from] === '{') from += 1;
  const close = text.indexOf('}', from);
  return close === -1 ? null : text.slice(from, close);
}
