import type { Random } from '../random.ts';

export const groups = ['counting', 'user', 'timeline'] as const;
/** OOLONG's column `task_group`. */
export type Group = (typeof groups)[number];

const scoped = <Scope extends string>(scope: Scope) =>
  [`${scope}-most`, `${scope}-least`, `${scope}-relative`, `${scope}-numeric`] as const;

/** The names of OOLONG's question templates, by group (arXiv 2511.02817, tables 15 to 17). */
export const templatesOf = {
  counting: ['most', 'least', 'relative', 'numeric'],
  user: [
    'user-most',
    'user-second',
    'user-label-most',
    'user-label-compare',
    ...scoped('subset'),
    'subset-user-most',
    'subset-user-second',
    'subset-user-label-most',
  ],
  timeline: [
    'date-most',
    'date-second',
    'dates-n-times',
    'before-after',
    ...scoped('month'),
    ...scoped('range'),
    'first-month',
    'months-more',
    'months-top',
  ],
} as const satisfies Record<Group, readonly string[]>;

export type Template = (typeof templatesOf)[Group][number];
export const templates: readonly Template[] = groups.flatMap((group): readonly Template[] => templatesOf[group]);

export const groupOf = (template: Template): Group =>
  groups.find((group) => (templatesOf[group] as readonly string[]).includes(template)) ?? 'counting';

/** One question of a window, with the columns OOLONG gives it. */
export interface Question {
  readonly template: Template;
  readonly question: string;
  /** A Python list as text, as in OOLONG's column `answer`. */
  readonly answer: string;
  readonly task: string;
  readonly answerType: string;
  /** Only a part of the instances counts. */
  readonly inputSubset: boolean;
  /** Questions of one template are drawn so that each outcome comes alike often. */
  readonly outcome: string;
}

/**
 * Counts that a question compares must be further apart than this share of all instances, and by more than 1, so that a
 * program with a slightly wrong rule does not get the right answer by chance (OOLONG uses 2 % as well).
 */
const margin = 0.02;

/** How far apart two counts among `total` instances must be at least to be more than this. */
export const apartBy = (total: number): number => Math.max(1, margin * total);

/**
 * Takes `wanted` different questions: their templates in turn from `first` on, among one template's the outcomes alike
 * often. null where there are not so many. In a window of several questions, one that has no clear question of a user or
 * timeline template gets another instead.
 */
export function chooseQuestions(
  clear: readonly Question[],
  wanted: number,
  allowed: readonly Template[],
  first: number,
  random: Random,
): Question[] | null {
  const left = new Set(clear);
  const chosen: Question[] = [];
  for (let number = 0; number < wanted; number += 1) {
    const template = allowed[(first + number) % allowed.length]!;
    const inTurn = [...left].filter((one) => one.template === template);
    const must = number < allowed.length && (wanted === 1 || groupOf(template) === 'counting');
    // A window has one most common label: later rounds over the templates take what is left.
    const candidates = inTurn.length > 0 || must ? inTurn : [...left].filter((one) => allowed.includes(one.template));
    if (candidates.length === 0) return null;
    const outcomes = [...new Set(candidates.map(({ outcome }) => outcome))];
    const outcome = random.pick(outcomes);
    const question = random.pick(candidates.filter((candidate) => candidate.outcome === outcome));
    left.delete(question);
    chosen.push(question);
  }
  return chosen;
}
