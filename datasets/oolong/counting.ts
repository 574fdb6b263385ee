import { pythonList } from '../python-list.ts';
import { apartBy, type Question, type Template } from './question.ts';

/** The part of the instances that a counting question is about, and how the question says so. */
export interface Scope {
  /** What stands where `In the above data,` stands for all of them. */
  readonly opening: string;
  readonly templates: Readonly<Record<'most' | 'least' | 'relative' | 'numeric', Template>>;
  readonly inputSubset: boolean;
  /** The counts of the whole window: answers that differ from its are asked for as often as those that do not. */
  readonly whole: ReadonlyMap<string, number> | null;
}

export const allInstances: Scope = {
  opening: 'In the above data,',
  templates: { most: 'most', least: 'least', relative: 'relative', numeric: 'numeric' },
  inputSubset: false,
  whole: null,
};

/**
 * Every counting question whose answer is clear of the others: the most and the least common label where it is alone by
 * the margin; a comparison where the counts differ by the margin or not at all; a label's number where no other label's
 * comes within the margin. `slack` asks for that much more, for planning.
 */
export function countingQuestions(counts: ReadonlyMap<string, number>, slack = 0, scope = allInstances): Question[] {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const apart = apartBy(total) + slack;
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const labels = [...counts.keys()];
  const questions: Question[] = [];
  const [top, second] = sorted;
  const [last, beforeLast] = sorted.toReversed();
  if (top![1] - second![1] > apart) questions.push(most(top![0], labels, scope));
  if (beforeLast![1] - last![1] > apart && last![1] > 0) questions.push(least(last![0], labels, scope));
  for (const [label, count] of counts) {
    const others = sorted.filter(([other]) => other !== label);
    if (count > 0 && others.every(([, other]) => Math.abs(other - count) > apart))
      questions.push(numeric(label, count, scope));
    for (const [other, otherCount] of others) {
      if (count === 0 || otherCount === 0) continue;
      if (count === otherCount || Math.abs(count - otherCount) > apart) {
        questions.push(relative(label, other, Math.sign(count - otherCount), scope));
      }
    }
  }
  return questions;
}

const oneOf = (labels: readonly string[]): string =>
  `Give your final answer in the form 'Label: answer' where answer is one of the labels: ${labels.join(', ')}.`;

/** Does a part have the answer that the whole has? Both are asked for alike often. */
function asWhole({ whole }: Scope, template: string, label: string, sign: 1 | -1): string {
  if (!whole) return template;
  const extreme = Math.max(...[...whole.values()].map((count) => sign * count));
  return sign * (whole.get(label) ?? 0) === extreme ? 'as the whole' : 'unlike the whole';
}

const most = (label: string, labels: readonly string[], scope: Scope): Question => ({
  template: scope.templates.most,
  question: `${scope.opening} which of the labels is the most common? ${oneOf(labels)}`,
  answer: pythonList([label]),
  task: 'TASK_TYPE.MOST_FREQ',
  answerType: 'ANSWER_TYPE.LABEL',
  inputSubset: scope.inputSubset,
  outcome: asWhole(scope, 'most', label, 1),
});

const least = (label: string, labels: readonly string[], scope: Scope): Question => ({
  template: scope.templates.least,
  question: `${scope.opening} which of the labels is the least common? ${oneOf(labels)}`,
  answer: pythonList([label]),
  task: 'TASK_TYPE.LEAST_FREQ',
  answerType: 'ANSWER_TYPE.LABEL',
  inputSubset: scope.inputSubset,
  outcome: asWhole(scope, 'least', label, -1),
});

function relative(a: string, b: string, sign: number, scope: Scope): Question {
  const answer = pythonList([sign > 0 ? 'more common than' : sign < 0 ? 'less common than' : 'same frequency as']);
  return {
    template: scope.templates.relative,
    question:
      `${scope.opening} is label '${a}' more common, less common, or the same frequency as label '${b}'? ` +
      `Give your final answer in the form 'Answer: ${a} is [X] ${b}', where [X] is 'more common than', 'less common than', or 'same frequency as'.`,
    answer,
    task: 'TASK_TYPE.RELATIVE_FREQ',
    answerType: 'ANSWER_TYPE.COMPARISON',
    inputSubset: scope.inputSubset,
    outcome: answer,
  };
}

const numeric = (label: string, count: number, scope: Scope): Question => ({
  template: scope.templates.numeric,
  question: `${scope.opening} how many data points should be classified as label '${label}'? Give your final answer in the form 'Answer: number'.`,
  answer: pythonList([count]),
  task: 'TASK_TYPE.NUMERIC_ONE_CLASS',
  answerType: 'ANSWER_TYPE.NUMERIC',
  inputSubset: scope.inputSubset,
  outcome: 'numeric',
});
