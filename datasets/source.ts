import type { z } from 'zod';
import type { Entry } from '../configs/registry.ts';
import type { Split } from './splits.ts';
import type { Task } from './task.ts';

/** What a family is asked for; its own options come beside it, parsed by its schema. */
export interface FamilyRequest {
  readonly seed: number;
  readonly split: Split;
  /** Tasks to make; a loader without it takes all rows of the split. */
  readonly count: number | undefined;
  /** Where relative paths and globs begin. */
  readonly cwd: string;
}

/** Where the text of tasks came from; stored with the run and told in the dataset card. */
export interface TextInfo {
  /** What it serves as: `haystack`, `records` or `tasks`. */
  readonly role: string;
  /** SHA-256, hex, of the text in the order it was read. */
  readonly hash: string;
  readonly files: number;
  readonly chars: number;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly license: string }[];
  readonly note?: string;
}

/** The tasks of one config entry, made one at a time: the same index gives the same task whenever it is asked. */
export interface TaskSource {
  readonly count: number;
  /** In time linear in the length of the context. Throws a RangeError outside 0 ≤ index < count. */
  taskAt(index: number): Promise<Task> | Task;
  readonly texts: readonly TextInfo[];
  /** Ids of all tasks where they are not built from the prefix. */
  readonly ids?: readonly string[];
}

export interface OpenRequest extends FamilyRequest {
  /** Beginning of the ids of its tasks, unique in the run: `niah-single-train-7-`. */
  readonly idPrefix: string;
}

/** What a family registers: how its options begin an id, and how they become tasks. */
export interface Family {
  /** `niah-single`; null for a loader, whose rows have ids of their own. */
  readonly label: (options: unknown) => string | null;
  readonly open: (options: unknown, request: OpenRequest) => TaskSource | Promise<TaskSource>;
}

/** An entry for the registry whose functions take the options as its schema gives them. */
export function family<Options extends z.ZodType>(entry: {
  readonly describe: string;
  readonly options: Options;
  readonly label?: (options: z.output<Options>) => string;
  readonly open: (options: z.output<Options>, request: OpenRequest) => TaskSource | Promise<TaskSource>;
}): Entry<Family, Options> {
  const { describe, options, label, open } = entry;
  return {
    describe,
    options,
    make: {
      label: (parsed) => (label ? label(parsed as z.output<Options>) : null),
      open: (parsed, request) => open(parsed as z.output<Options>, request),
    },
  };
}

/** Tasks of an entry that gives no count. */
export const defaultCount = 10;

/** Guards `taskAt`. */
export function checkIndex(index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`there is no task ${index}; this source has ${count}, counted from 0`);
  }
}

/** `niah-single-train-7-` and 3 → `niah-single-train-7-0003`. */
export const taskId = (prefix: string, index: number): string => prefix + String(index).padStart(4, '0');
