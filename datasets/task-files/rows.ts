import { basename } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../configs/registry.ts';
import type { Split } from '../splits.ts';
import { taskSchema, type Task } from '../task.ts';

const fields = ['id', 'family', 'query', 'context', 'answer', 'answerType', 'scorer', 'split', 'metadata'] as const;
type Field = (typeof fields)[number];

/** Options that all loaders of task files take. */
export const taskFileOptions = z.strictObject({
  path: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('The file, or several; relative to where the command runs'),
  columns: z
    .partialRecord(z.enum(fields), z.string().min(1))
    .default({})
    .describe('Names of columns that differ from ours, e.g. {query: question, context: context_window_text}'),
  defaults: z
    .strictObject({ family: z.string().min(1), answerType: z.string(), scorer: z.string() })
    .partial()
    .default({})
    .describe('For rows that do not say it themselves'),
});
export type TaskFileOptions = z.output<typeof taskFileOptions>;

/** Where a row stands, for messages: `tasks.jsonl:3`. */
export type Place = string;

/** Turns rows of files into tasks, and sees to it that ids are not met twice. */
export class RowReader {
  readonly #options: TaskFileOptions;
  readonly #split: Split;
  readonly #loader: string;
  readonly #ids = new Map<string, Place>();
  /** Rows of each split, for the message where none is left. */
  readonly #seen = new Map<string, number>();

  constructor(loader: string, options: TaskFileOptions, split: Split) {
    this.#loader = loader;
    this.#options = options;
    this.#split = split;
  }

  /**
   * The task of a row, or null where it is of another split. Columns that a task does not have go to its metadata.
   * A row without id gets one from its file's name and number. Throws a ConfigError with the place and what to change.
   */
  toTask(row: unknown, path: string, number: number, place: Place): Task | null {
    if (row === null || typeof row !== 'object' || Array.isArray(row)) {
      throw new ConfigError(`${place}: a row is an object with query, context and answer`);
    }
    const { columns, defaults } = this.#options;
    const rest = new Map(Object.entries(row));
    const taken: Partial<Record<Field, unknown>> = { family: this.#loader, ...defaults };
    for (const field of fields) {
      const column = columns[field] ?? field;
      const value = rest.get(column);
      rest.delete(column);
      if (value !== undefined && value !== null) taken[field] = value;
    }
    if (typeof taken.id === 'number') taken.id = String(taken.id);
    taken.id ??= `${basename(path).replace(/\.[^.]*$/, '')}-${String(number).padStart(4, '0')}`;
    taken.split ??= this.#split;
    if (rest.size > 0 && isRecord(taken.metadata ?? {})) {
      taken.metadata = { ...Object.fromEntries(rest), ...(taken.metadata as object | undefined) };
    }
    const parsed = taskSchema.safeParse(taken);
    if (!parsed.success)
      throw new ConfigError(
        `${place}: ${parsed.error.issues.map((issue) => this.#explain(issue, taken, [...rest.keys()])).join('; ')}`,
      );
    this.#seen.set(parsed.data.split, (this.#seen.get(parsed.data.split) ?? 0) + 1);
    return parsed.data.split === this.#split ? parsed.data : null;
  }

  /** Remembers an id; a second row with it is an error. */
  claim(id: string, place: Place): void {
    const first = this.#ids.get(id);
    if (first !== undefined) {
      throw new ConfigError(`${place}: the id "${id}" is taken by ${first}; give one of the two rows another id`);
    }
    this.#ids.set(id, place);
  }

  get ids(): string[] {
    return [...this.#ids.keys()];
  }

  /** What to say where no row is left. */
  noRows(paths: readonly string[]): ConfigError {
    const splits = [...this.#seen].map(([split, rows]) => `${rows} of split ${split}`).join(', ');
    return new ConfigError(
      `${paths.join(', ')}: no row of split ${this.#split}${splits ? `, but ${splits}; write split: ${[...this.#seen.keys()][0]!} beside the path` : '; the file is empty'}`,
    );
  }

  #explain(issue: z.core.$ZodIssue, taken: Partial<Record<Field, unknown>>, others: readonly string[]): string {
    const field = String(issue.path[0] ?? '');
    const column = this.#options.columns[field as Field] ?? field;
    if (taken[field as Field] === undefined) {
      const hint =
        others.length > 0
          ? `; the row also has ${others.slice(0, 12).join(', ')}: name the right one in columns: {${field}: …}`
          : '';
      return `there is no "${column}"${hint}`;
    }
    const wanted =
      field === 'context'
        ? ' (a string or a list of strings)'
        : field === 'answer'
          ? ' (a string, a number or a list of them)'
          : '';
    return `${[column, ...issue.path.slice(1)].join('.')}: ${issue.message}${wanted}`;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
