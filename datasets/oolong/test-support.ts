import type { Task } from '../task.ts';
import { labelledWindow } from './host-table.ts';

export interface LabelledLine {
  readonly date: string;
  readonly user: string;
  readonly instance: string;
  readonly label: string;
}

/** The lines of a task's labelled window, read from its text as a loader of OOLONG reads them. */
export function linesOf(task: Task): LabelledLine[] {
  return (labelledWindow(task) ?? '').split('\n').flatMap((line) => {
    const match = /^Date: (.+?) \|\| User: (\d+) \|\| Instance: (.+?) \|\| Label: (.+)$/.exec(line);
    return match ? [{ date: match[1]!, user: match[2]!, instance: match[3]!, label: match[4]! }] : [];
  });
}

/** The gold of a counting question, from its wording and the labels given; shares no code with the generator. */
export function goldOf(task: Task, lines: readonly { readonly label: string }[] = linesOf(task)): string {
  const count = (label: string) => lines.filter((line) => line.label === label).length;
  const [a = '', b = ''] = [...task.query.split(' Give your')[0]!.matchAll(/label '([^']+)'/g)].map((hit) => hit[1]!);
  if (task.query.includes('how many data points')) return `[${count(a)}]`;
  if (task.query.includes('more common, less common')) {
    const difference = count(a) - count(b);
    return `['${difference > 0 ? 'more common than' : difference < 0 ? 'less common than' : 'same frequency as'}']`;
  }
  const labels = /one of the labels: (.*)\.$/
    .exec(task.query)![1]!
    .split(', ')
    .sort((x, y) => count(y) - count(x));
  return `['${task.query.includes('the most common') ? labels[0]! : labels.at(-1)!}']`;
}
