import { measureOf } from '../length.ts';
import { drawOf } from '../splits.ts';
import { shuffleApart } from './made-words.ts';
import type { NiahRequest, NiahTask } from './niah.ts';

/** RULER's answers: ranks 2 to 4. Rank 1 is noise. */
const answers = 3;
const dots = '...';

/**
 * Frequent words extraction (NVIDIA/RULER scripts/data/synthetic/freq_words_extraction.py): coded words of 6 letters
 * whose k-th comes floor(n / (k^α ζ(α))) times; the first is `...`, the next three are asked for. n is the largest that
 * fits. The opening of the text holds no answer, or the preview would tell them.
 */
export function makeFrequentWords({ options, split, stream }: NiahRequest): NiahTask {
  const { alpha = 2, wordLength = 6 } = options;
  const measure = measureOf(options.length);
  const most = options.vocabulary ?? Math.max(50, Math.floor(measure.wanted / 4 / 50));
  const counts = countsFor(measure.wanted, wordLength, most, alpha);
  if (counts.length < answers + 2 || counts[answers]! - counts[answers + 1]! < 2) {
    throw new Error(
      `${measure.wanted} ${measure.unit} are too few for frequencies that differ; ask for a longer context or a lower alpha`,
    );
  }
  const random = stream('words');
  const used = new Set<string>();
  const code = () => Array.from({ length: wordLength }, () => String.fromCharCode(97 + random.below(26))).join('');
  const vocabulary = counts.map((_, rank) => {
    if (rank === 0) return dots;
    const word = drawOf(split, 'coded word', code, (made) => !used.has(made));
    used.add(word);
    return word;
  });
  const repeat = (from: number, to: number) =>
    vocabulary.slice(from, to).flatMap((word, at) => Array.from({ length: counts[from + at]! }, () => word));
  const others = [...repeat(0, 1), ...repeat(answers + 1, counts.length)];
  return {
    query:
      'Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared coded words.\n' +
      "Question: Do not provide any explanation. Please ignore the dots '....'. What are the three most frequently appeared words in the above coded text?",
    context: shuffleApart(repeat(1, answers + 1), others, stream('order')).join(' '),
    answer: vocabulary.slice(1, answers + 1),
    metadata: { alpha, different: counts.length, frequencies: counts.slice(0, answers + 2) },
  };
}

/** How often each rank comes in the longest text that fits: found by halving over sums, without making a text. */
function countsFor(room: number, letters: number, vocabulary: number, alpha: number): number[] {
  const total = zeta(alpha);
  const of = (n: number): number[] => {
    const counts: number[] = [];
    for (let rank = 1; rank <= vocabulary; rank += 1) {
      const count = Math.floor((n * rank ** -alpha) / total);
      if (count === 0) break;
      counts.push(count);
    }
    return counts;
  };
  const size = (counts: readonly number[]): number =>
    counts.reduce((sum, count, rank) => sum + count * ((rank === 0 ? dots.length : letters) + 1), -1);
  let [low, high] = [0, room];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (size(of(middle)) <= room) low = middle;
    else high = middle - 1;
  }
  return of(low);
}

/** Riemann's zeta for s > 1: a thousand terms and the integral of the others (Euler–Maclaurin, error below 1e-9). */
function zeta(s: number): number {
  const terms = 1_000;
  let sum = 0;
  for (let k = 1; k < terms; k += 1) sum += k ** -s;
  return sum + terms ** (1 - s) / (s - 1) + terms ** -s / 2 + (s * terms ** (-s - 1)) / 12;
}
