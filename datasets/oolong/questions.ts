import { pythonList } from '../python-list.ts';
import type { Random } from '../random.ts';

/** One counting question of a window, with the columns OOLONG gives it. */
export interface Question {
  readonly template: Template;
  readonly question: string;
  /** A Python list as text, as in OOLONG's column `answer`. */
  readonly answer: string;
  readonly task: string;
  readonly answerType: string;
}

export const templates = ['most', 'least', 'relative', 'numeric'] as const;
export type Template = (typeof templates)[number];

/**
 * Counts that a question compares must be further apart than this share of all instances, and by more than 1, so that a
 * program with a slightly wrong rule does not get the right answer by chance (abertsch72/oolong uses 2 % as well).
 */
const margin = 0.02;

/**
 * Every counting question whose answer is clear of the others: the most and the least common label where it is alone by
 * the margin; a comparison where the counts differ by the margin or not at all; a label's number where no other label's
 * comes within the margin. `slack` asks for that much more, for planning.
 */
export function clearQuestions(counts: ReadonlyMap<string, number>, slack = 0): Question[] {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const apart = Math.max(1, margin * total) + slack;
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const labels = [...counts.keys()];
  const questions: Question[] = [];
  const [top, second] = sorted;
  const [last, beforeLast] = sorted.toReversed();
  if (top![1] - second![1] > apart) questions.push(most(top![0], labels));
  if (beforeLast![1] - last![1] > apart && last![1] > 0) questions.push(least(last![0], labels));
  for (const [label, count] of counts) {
    const others = sorted.filter(([other]) => other !== label);
    if (count > 0 && others.every(([, other]) => Math.abs(other - count) > apart))
      questions.push(numeric(label, count));
    for (const [other, otherCount] of others) {
      if (count === 0 || otherCount === 0) continue;
      if (count === otherCount || Math.abs(count - otherCount) > apart) {
        questions.push(relative(label, other, Math.sign(count - otherCount)));
      }
    }
  }
  return questions;
}

/**
 * Takes `wanted` different questions: their templates in turn from `first` on, among one template's the three outcomes
 * of a comparison alike often. null where there are not so many.
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
    const inTurn = [...left].filter(({ template }) => template === allowed[(first + number) % allowed.length]);
    // A window has one most common label: later rounds over the templates take what is left.
    const candidates =
      inTurn.length > 0 || number < allowed.length ? inTurn : [...left].filter((one) => allowed.includes(one.template));
    if (candidates.length === 0) return null;
    const outcomes = [...new Set(candidates.map(outcomeOf))];
    const outcome = random.pick(outcomes);
    const question = random.pick(candidates.filter((candidate) => outcomeOf(candidate) === outcome));
    left.delete(question);
    chosen.push(question);
  }
  return chosen;
}

const outcomeOf = ({ template, answer }: Question): string => (template === 'relative' ? answer : template);

const oneOf = (labels: readonly string[]): string =>
  `Give your final answer in the form 'Label: answer' where answer is one of the labels: ${labels.join(', ')}.`;

const most = (label: string, labels: readonly string[]): Question => ({
  template: 'most',
  question: `In the above data, which of the labels is the most common? ${oneOf(labels)}`,
  answer: pythonList([label]),
  task: 'TASK_TYPE.MOST_FREQ',
  answerType: 'ANSWER_TYPE.LABEL',
});

const least = (label: string, labels: readonly string[]): Question => ({
  template: 'least',
  question: `In the above data, which of the labels is the least common? ${oneOf(labels)}`,
  answer: pythonList([label]),
  task: 'TASK_TYPE.LEAST_FREQ',
  answerType: 'ANSWER_TYPE.LABEL',
});

const relative = (a: string, b: string, sign: number): Question => ({
  template: 'relative',
  question:
    `In the above data, is label '${a}' more common, less common, or the same frequency as label '${b}'? ` +
    `Give your final answer in the form 'Answer: ${a} is [X] ${b}', where [X] is 'more common than', 'less common than', or 'same frequency as'.`,
  answer: pythonList([sign > 0 ? 'more common than' : sign < 0 ? 'less common than' : 'same frequency as']),
  task: 'TASK_TYPE.RELATIVE_FREQ',
  answerType: 'ANSWER_TYPE.COMPARISON',
});

const numeric = (label: string, count: number): Question => ({
  template: 'numeric',
  question: `In the above data, how many data points should be classified as label '${label}'? Give your final answer in the form 'Answer: number'.`,
  answer: pythonList([count]),
  task: 'TASK_TYPE.NUMERIC_ONE_CLASS',
  answerType: 'ANSWER_TYPE.NUMERIC',
});
