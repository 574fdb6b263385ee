import { measureOf } from '../length.ts';
import { madeWords, shuffleApart } from './made-words.ts';
import type { NiahRequest, NiahTask } from './niah.ts';

/**
 * Common words extraction (NVIDIA/RULER scripts/data/synthetic/common_words_extraction.py): a numbered list in which some
 * words come 30 times and all others 3 times (6 and 1 below 4,096 tokens). Frequencies are exact; as many other words as fit. Words are made up, for
 * no list of real ones is long enough for 10M tokens.
 */
export function makeCommonWords({ options, split, stream }: NiahRequest): NiahTask {
  const measure = measureOf(options.length);
  // RULER's own numbers, and those it takes below 4,096 tokens.
  const short = measure.wanted < 4_096 * 4;
  const { commonWords = 10, commonFrequency = short ? 6 : 30, uncommonFrequency = short ? 1 : 3 } = options;
  if (commonFrequency <= uncommonFrequency) {
    throw new Error(`commonFrequency (${commonFrequency}) must be above uncommonFrequency (${uncommonFrequency})`);
  }
  const next = madeWords(split, stream('words'));
  const common = Array.from({ length: commonWords }, next);
  const wordLetters = common[0]!.length;
  const least = commonWords * commonFrequency + 2 * uncommonFrequency;
  const entries = entriesIn(measure.wanted, wordLetters);
  if (entries < least) {
    throw new Error(
      `${least} words do not fit into ${measure.wanted} ${measure.unit}; ask for a longer context, fewer common words or a lower frequency`,
    );
  }
  const uncommon = Math.floor((entries - commonWords * commonFrequency) / uncommonFrequency);
  const others = repeated(Array.from({ length: uncommon }, next), uncommonFrequency);
  const words = shuffleApart(repeated(common, commonFrequency), others, stream('order'));
  return {
    query:
      'Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones that appear most often.\n' +
      `Question: What are the ${commonWords} most common words in the above list?`,
    context: words.map((word, at) => `${at + 1}. ${word}`).join(' '),
    answer: common,
    metadata: {
      commonWords,
      commonFrequency,
      uncommonFrequency,
      words: words.length,
      different: commonWords + uncommon,
    },
  };
}

const repeated = (words: readonly string[], times: number): string[] =>
  words.flatMap((word) => Array.from({ length: times }, () => word));

/** Entries `N. word` with blanks between them that fit: those with one digit, then those with two, … */
function entriesIn(room: number, letters: number): number {
  let left = room + 1;
  let count = 0;
  for (let digits = 1; digits < 12; digits += 1) {
    const each = digits + 2 + letters + 1;
    const most = 9 * 10 ** (digits - 1);
    const fits = Math.min(most, Math.floor(left / each));
    count += fits;
    left -= fits * each;
    if (fits < most) break;
  }
  return count;
}
