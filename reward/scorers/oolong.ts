import { parseDate, strOfDate, type ParsedDate } from '../python/date.ts';
import { parseInteger, partialCredit } from '../python/int.ts';
import { isShorter, lastWord, strip } from '../python/text.ts';
import { readGold, type OolongGold } from './oolong-gold.ts';
import { shown, unjudged, type Score, type Scorer } from './scorer.ts';

const phrases = ['more common', 'less common', 'same frequency'];

/**
 * OOLONG's official scorer (abertsch72/oolong src/eval/eval_helpers.py), its oddities included: what stands after the
 * last colon counts; without a colon a text below 20 characters counts as it is, of a longer one the last word. Equal
 * text scores 1; case counts; of several gold answers the first; a number scores 0.75 to the power of its distance
 * (`7.0` and `1,234` are no numbers); dates in any form `dateutil` reads.
 */
export const oolong: Scorer = (prediction, gold, answerType) => {
  const wanted = readGold(gold);
  if (wanted === null) return unreadable(gold);
  const answer = parseAnswer(prediction);
  if (answer === null) return emptyAnswer;
  if (answer === wanted.text) return { score: 1, parsed: answer };
  if (phrases.includes(answer)) {
    return wanted.text.includes(answer) ? { score: 1, parsed: answer } : wrong(answer, 'another comparison');
  }
  if (answerType === 'ANSWER_TYPE.NUMERIC') return scoreNumber(answer, wanted);
  if (answerType === 'ANSWER_TYPE.DATE') return scoreDate(answer, wanted);
  return wrong(answer, 'not equal to the gold answer');
};

function parseAnswer(text: string): string | null {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return isShorter(text, 20) ? text : lastWord(text);
  const candidate = strip(text.slice(colon + 1)).replace(/[*[\]]/g, '');
  if (isShorter(candidate, 20)) return candidate;
  return phrases.find((phrase) => candidate.includes(phrase)) ?? candidate;
}

const lenientPhrases = ['more common than', 'less common than', 'same frequency as'];

/**
 * The laxer scorer of the RLM authors' training environment (alexzhang13/rlm training/environments/oolong/oolong/env.py):
 * case is ignored, the last comparison phrase anywhere counts, and any text that contains the gold label scores 1, so
 * that naming every label does too. For comparison with their figures; train on `oolong`.
 */
export const oolongLenient: Scorer = (prediction, gold, answerType) => {
  // Where the gold answer is no Python list, theirs compares it as it stands.
  const wanted =
    readGold(gold) ?? (typeof gold === 'string' ? { text: gold, integer: parseInteger(gold), date: null } : null);
  if (wanted === null) return unreadable(gold);
  const lower = prediction.toLowerCase();
  const answer = lastPhrase(lower) ?? parsePlain(prediction);
  if (answer === null) return emptyAnswer;
  if (answer.toLowerCase() === wanted.text.toLowerCase()) return { score: 1, parsed: answer };
  if (answerType === 'ANSWER_TYPE.NUMERIC') return scoreNumber(answer, wanted);
  if (answerType === 'ANSWER_TYPE.DATE') return scoreDate(answer, wanted);
  const label = wanted.text.toLowerCase();
  if (label !== '' && !lenientPhrases.includes(label) && lower.includes(label)) return { score: 1, parsed: answer };
  return wrong(answer, 'the gold answer is not in it');
};

function lastPhrase(lower: string): string | null {
  const hits = lenientPhrases
    .map((phrase) => ({ phrase, at: lower.lastIndexOf(phrase) }))
    .filter(({ at }) => at !== -1);
  return hits.length === 0 ? null : hits.reduce((last, hit) => (hit.at > last.at ? hit : last)).phrase;
}

function parsePlain(text: string): string | null {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return isShorter(text, 20) ? text : lastWord(text);
  return strip(text.slice(colon + 1)).replace(/[*[\]]/g, '');
}

function scoreNumber(answer: string, gold: OolongGold): Score {
  const number = parseInteger(answer);
  if (number === null) return wrong(answer, 'not a whole number as int() reads it');
  const parsed = String(number);
  if (gold.integer === null) return { score: 0, parsed, why: 'the gold answer is no number' };
  const score = partialCredit(gold.integer, number);
  return score === 1 ? { score, parsed } : { score, parsed, why: `not the gold number; 0.75 for each step away` };
}

function scoreDate(answer: string, gold: OolongGold): Score {
  const date = parseDate(answer);
  if (date === null) return wrong(answer, 'not a whole date as dateutil reads it');
  const parsed = strOfDate(date);
  return gold.date && isMidnightOf(date, gold.date) ? { score: 1, parsed } : { score: 0, parsed, why: 'another date' };
}

const isMidnightOf = (date: ParsedDate, gold: NonNullable<OolongGold['date']>): boolean =>
  date.year === gold.year &&
  date.month === gold.month &&
  date.day === gold.day &&
  date.hour + date.minute + date.second + date.microsecond === 0 &&
  date.offset === null;

const wrong = (parsed: string, why: string): Score => ({ score: 0, parsed, why });
const emptyAnswer: Score = { score: 0, why: 'nothing but white space (the original raises an IndexError)' };
const unreadable = (gold: unknown): Score =>
  unjudged(
    `the gold answer ${shown(gold)} is no Python list as OOLONG writes it; write "['label']", "[7]" or "[datetime.date(2023, 5, 20)]"`,
  );
