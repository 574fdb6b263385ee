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
