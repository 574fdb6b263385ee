import { loadHaystack, type Haystack } from '../haystack.ts';
import { measureOf } from '../length.ts';
import { Random } from '../random.ts';
import { checkIndex, defaultCount, family, taskId, type OpenRequest, type TaskSource } from '../source.ts';
import type { Task } from '../task.ts';
import { makeCommonWords } from './common-words.ts';
import { hideInLines, hideInText, noise, type Hidden } from './fillers.ts';
import { makeFrequentWords } from './frequent-words.ts';
import {
  makeNeedles,
  mentionsOf,
  needleLines,
  needleText,
  rulerQuestion,
  shortQuestion,
  type Needle,
} from './needles.ts';
import { fillerOf, needleOptions, niahOptions, type NeedleOptions, type NiahOptions } from './options.ts';
import { makeVariableTracking } from './variable-tracking.ts';

export { niahOptions, type NiahOptions } from './options.ts';

/** What a variant makes of a task: the rest is the same for all. */
export interface NiahTask {
  readonly query: string;
  readonly context: string;
  readonly answer: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What a variant makes a task from. */
export interface NiahRequest {
  readonly options: NiahOptions;
  readonly split: OpenRequest['split'];
  /** null where the variant reads no files. */
  readonly haystack: Haystack | null;
  /** Draws of one purpose, the same for the same task. */
  readonly stream: (purpose: string) => Random;
}

/**
 * RULER's synthetic tasks without its QA (NVIDIA/RULER scripts/synthetic.yaml): needles in a haystack, variable
 * tracking, common and frequent words, with its wording, its options under names of our own, its answers and its scorer
 * `ruler`. Different from it: lengths are reached by counting rather than by search, depths are uniform rather than on
 * a grid of 40, essays are generated prose or any files, and no example stands before the question.
 */
export const niah = family({
  describe: "RULER's needles in a haystack, variable tracking (vt), common words (cwe) and frequent words (fwe)",
  options: niahOptions,
  label: ({ variant }) => (variant.startsWith('niah_') ? variant : `niah-${variant}`),
  open: openNiah,
});

const generators = { vt: makeVariableTracking, cwe: makeCommonWords, fwe: makeFrequentWords };

function openNiah(options: NiahOptions, request: OpenRequest): TaskSource {
  const { variant } = options;
  const readsFiles =
    variant === 'vt'
      ? fillerOf(options, 'noise') === 'files'
      : variant !== 'cwe' && variant !== 'fwe' && needleOptions(options).filler === 'files';
  const haystack = readsFiles ? loadHaystack(options.haystack, request.cwd) : null;
  const make = variant === 'vt' || variant === 'cwe' || variant === 'fwe' ? generators[variant] : makeNeedleTask;
  const count = request.count ?? defaultCount;
  return {
    count,
    texts: haystack ? [haystack.info] : [],
    taskAt(index): Task {
      checkIndex(index, count);
      const stream = (purpose: string) =>
        new Random('niah', options.variant, purpose, request.seed, request.split, index);
      const { answer, metadata, ...made } = make({ options, split: request.split, haystack, stream });
      return {
        id: taskId(request.idPrefix, index),
        family: 'niah',
        ...made,
        answer: [...answer],
        answerType: 'string_match_all',
        scorer: 'ruler',
        split: request.split,
        metadata: { variant, ...metadata, ...(haystack && { haystack: haystack.info.hash }) },
      };
    },
  };
}

function makeNeedleTask(request: NiahRequest): NiahTask {
  const options = needleOptions(request.options);
  const needles = makeNeedles(options, request.split, request.haystack?.text ?? '', request.stream('needles'));
  const asked = needles.filter((needle) => needle.asked);
  const keys = [...new Set(asked.map((needle) => needle.key))];
  const { context, depths } = hide(needles, keys, options, request);
  const question = options.rulerWording ? rulerQuestion : shortQuestion;
  return {
    query: question(keys, options.value, asked.length),
    context,
    answer: asked.map((needle) => needle.value),
    metadata: {
      value: options.value,
      keys,
      needles: asked.length,
      decoys: needles.length - asked.length,
      mentions: options.mentions,
      depths: needles.flatMap((needle, at) => (needle.asked ? [depths[at]!] : [])),
      filler: options.filler,
    },
  };
}

function hide(
  needles: readonly Needle[],
  keys: readonly string[],
  options: NeedleOptions,
  { options: { length }, haystack, split, stream }: NiahRequest,
): Hidden {
  const measure = measureOf(length);
  const texts = [
    ...needles.map((needle) => needleText(needle, options.value)),
    ...mentionsOf(keys, options.value, options.mentions, stream('mentions')),
  ];
  const draws = stream('depths');
  const depths = texts.map(() => draws.unit());
  switch (options.filler) {
    case 'noise':
      return hideInLines(texts, () => noise, measure, depths);
    case 'needle':
      return hideInLines(texts, needleLines(needles, options, split, stream('filler')), measure, depths);
    default:
      return hideInText(texts, haystack ?? 'essay', measure, depths, stream('filler'));
  }
}
