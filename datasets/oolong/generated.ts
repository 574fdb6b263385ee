import { hash32, type Random } from '../random.ts';
import { drawOf, type Split } from '../splits.ts';
import { hashTexts } from '../text-files.ts';
import { frames, hardFrames, lexicon, syllables, things, type Kind } from './lexicon.ts';
import type { RecordSource } from './records.ts';

const kinds: readonly Kind[] = ['person', 'place', 'thing'];
/** Names of one kind in one window. */
const names = 300;

/**
 * Questions made from templates: the label lies in what is asked (`birthplace`, `horsepower`), which only someone who
 * knows the word can tell; heads, names and years are drawn apart from it. Splits share neither names nor the last word
 * of what is asked. `hard` records name what is not asked as well: a bag of words cannot tell which it is.
 */
export function generatedRecords(difficulty: 'plain' | 'hard' = 'plain'): RecordSource {
  const labels = Object.keys(lexicon).sort();
  return {
    dataset: 'generated',
    noun: 'general-knowledge questions',
    labels,
    info: {
      role: 'records',
      hash: hashTexts([JSON.stringify([lexicon, difficulty === 'hard' ? hardFrames : frames, things, syllables])]),
      files: 0,
      chars: 0,
      packages: [],
      note: `questions generated from templates of rlm-gym${difficulty === 'hard' ? ', hard' : ''}`,
    },
    draw(split, random) {
      const nouns = nounsOf(split);
      const named = Object.fromEntries(
        kinds.map((kind) => [kind, Array.from({ length: names }, () => makeName(kind, split, random))]),
      ) as Record<Kind, string[]>;
      return (label) => {
        const kind = random.pick(kinds);
        const nounOf = (one: string) => random.pick(nouns.get(`${one} ${kind}`) ?? []);
        const frame = random.pick(difficulty === 'hard' ? hardFrames : frames);
        const asked = frame.replace('{noun}', nounOf(label));
        const [a, b, c] = difficulty === 'hard' ? random.shuffle(labels.filter((other) => other !== label)) : [];
        const whole =
          a && b && c ? asked.replace('{a}', nounOf(a)).replace('{b}', nounOf(b)).replace('{c}', nounOf(c)) : asked;
        return whole.replace('{name}', random.pick(named[kind])).replace('{year}', String(1800 + random.below(225)));
      };
    },
  };
}

/** The nouns of a split by `label kind`. A quarter of each list, at least two, goes to validation and test together. */
function nounsOf(split: Split): Map<string, readonly string[]> {
  return new Map(
    Object.entries(lexicon).flatMap(([label, byKind]) =>
      kinds.map(
        (kind) => [`${label} ${kind}`, byKind[kind].filter((noun) => splitOfHead(headOf(noun)) === split)] as const,
      ),
    ),
  );
}

/** `running speed` → `speed`; `cause of death` → `cause`. */
function headOf(noun: string): string {
  return (
    noun
      .replace(/ (of|from|for|to|in|on) .*$/, '')
      .split(' ')
      .at(-1) ?? noun
  );
}

const headSplits = assignHeads();

/** Every (label, kind) list has heads in each split: its heads in the order of their hash, 2 test, 2 validation, the rest train. */
function assignHeads(): Map<string, Split> {
  const assigned = new Map<string, Split>();
  for (const byKind of Object.values(lexicon)) {
    for (const kind of kinds) {
      const heads = [...new Set(byKind[kind].map(headOf))].sort((a, b) => hash32(a) - hash32(b) || (a < b ? -1 : 1));
      for (const wanted of ['test', 'validation'] as const) {
        let have = heads.filter((head) => assigned.get(head) === wanted).length;
        for (const head of heads) {
          if (have >= 2) break;
          if (assigned.has(head)) continue;
          assigned.set(head, wanted);
          have += 1;
        }
      }
      for (const head of heads) if (!assigned.has(head)) assigned.set(head, 'train');
    }
  }
  return assigned;
}

const splitOfHead = (head: string): Split => headSplits.get(head) ?? 'train';

function makeName(kind: Kind, split: Split, random: Random): string {
  const word = () =>
    drawOf(
      split,
      'name',
      () => {
        const made = Array.from({ length: 2 + random.below(2) }, () => random.pick(syllables)).join('');
        return made[0]!.toUpperCase() + made.slice(1);
      },
      // The syllables make this word too, which would look like a labelled line.
      (made) => made !== 'Label',
    );
  if (kind === 'person') return `${word()} ${word()}`;
  return kind === 'place' ? word() : `the ${word()} ${random.pick(things)}`;
}
