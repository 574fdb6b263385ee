import type { Task } from '../task.ts';
import { normaliseInstance } from './records.ts';
import { lineOf, type OolongWindow } from './window.ts';

/**
 * What only the host may know of a window: its labels. They are kept beside the tasks this process made, not in them, so
 * nothing that stores, sends or exports a task can carry them. A task read back from a store has none: make it again.
 */
const windows = new WeakMap<Task, OolongWindow>();

export function keepWindow(task: Task, window: OolongWindow): void {
  windows.set(task, window);
}

/** OOLONG's column `context_window_text_with_labels`, or null for a task that has no window or was not made here. */
export function labelledWindow(task: Task): string | null {
  const window = windows.get(task);
  if (!window) return null;
  return window.header + window.records.map((record) => `${lineOf(record)} || Label: ${record.label}`).join('\n');
}

/**
 * The labels of all instances of the tasks, by {@link normaliseInstance}: what an oracle that stands for a sub-model
 * looks its prompt's lines up in. Adds to `table` where one is given, so that tasks can be let go one by one.
 */
export function oracleTable(tasks: Iterable<Task>, table: Map<string, string> = new Map()): Map<string, string> {
  for (const task of tasks) {
    for (const { instance, label } of windows.get(task)?.records ?? []) table.set(normaliseInstance(instance), label);
  }
  return table;
}
