import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { ConfigError, type Registry } from '../configs/registry.ts';
import { canonical, type tasksConfigSchema } from '../configs/schema.ts';
import { families as shipped } from './families.ts';
import { checkIndex, type Family, type TaskSource, type TextInfo } from './source.ts';
import type { Task } from './task.ts';

/** One entry of a config's `tasks`, as the schema gives it: family, count, seed, split, and the family's own options. */
export type TasksEntry = z.output<typeof tasksConfigSchema>;

/** The tasks of a run, in the order of the config, each made when it is asked for. */
export interface TaskSet extends AsyncIterable<Task> {
  readonly count: number;
  /** The n-th task of all. Linear in the length of its context; the same whenever it is asked for. */
  taskAt(index: number): Promise<Task>;
  /** Where texts came from, each once: for the run's record and the dataset card. */
  readonly texts: readonly TextInfo[];
  /** The entries with their parsed options and how many tasks each gives. */
  readonly sources: readonly {
    readonly family: string;
    readonly split: Task['split'];
    readonly seed: number;
    readonly count: number;
  }[];
}

export interface MakeTasksOptions {
  /** Where relative paths and globs begin. @default process.cwd() */
  readonly cwd?: string;
  /** Families to choose from. @default those that ship */
  readonly families?: Registry<Family>;
}

/**
 * Opens every entry of a config's `tasks` and joins them. Ids are unique: those of generated tasks are built from
 * family, split, seed and number (an entry that would repeat another's is told apart by a hash of its options), those of
 * rows in files are checked. Throws a {@link ConfigError} that names the entry, or file and line, and what to change.
 */
export async function makeTasks(
  entries: readonly TasksEntry[],
  runSeed: number,
  options: MakeTasksOptions = {},
): Promise<TaskSet> {
  const { cwd = process.cwd(), families = shipped } = options;
  const prefixes = new Map<string, string>();
  const opened: { source: TaskSource; family: string; split: Task['split']; seed: number }[] = [];
  const ids = new Map<string, string>();
  for (const [position, entry] of entries.entries()) {
    const { family, count, seed = runSeed, split, ...own } = entry;
    const where = `tasks.${position}`;
    if (!families.has(family)) {
      throw new ConfigError(`${where}: there is no family "${family}"; choose one of: ${families.names.join(', ')}`);
    }
    const parsed = families.parse(family, own, where);
    const { make } = families.get(family);
    const label = make.label(parsed);
    const idPrefix =
      label === null ? `${family}-` : uniquePrefix(prefixes, `${label}-${split}-${seed}-`, parsed, where);
    const source = await make.open(parsed, { seed, split, count, cwd, idPrefix });
    for (const id of source.ids ?? []) {
      const other = ids.get(id);
      if (other) throw new ConfigError(`${where}: the id "${id}" is in ${other} too; ids are unique in a run`);
      ids.set(id, where);
    }
    opened.push({ source, family, split, seed });
  }
  const total = opened.reduce((sum, { source }) => sum + source.count, 0);

  async function taskAt(index: number): Promise<Task> {
    checkIndex(index, total);
    let left = index;
    for (const { source } of opened) {
      if (left < source.count) return source.taskAt(left);
      left -= source.count;
    }
    throw new RangeError(`there is no task ${index}`);
  }
  const texts = new Map(
    opened.flatMap(({ source }) => source.texts.map((text) => [`${text.role} ${text.hash}`, text] as const)),
  );
  return {
    count: total,
    taskAt,
    texts: [...texts.values()],
    sources: opened.map(({ source, ...rest }) => ({ ...rest, count: source.count })),
    async *[Symbol.asyncIterator]() {
      for (let index = 0; index < total; index += 1) yield await taskAt(index);
    },
  };
}

/** The plain prefix for the first entry that would have it, then one told apart by a hash of its options. */
function uniquePrefix(known: Map<string, string>, plain: string, options: unknown, where: string): string {
  const hash = createHash('sha256').update(canonical(options)).digest('hex').slice(0, 6);
  const same = known.get(`${plain}${hash}-`);
  if (same !== undefined) {
    throw new ConfigError(`${where} asks for the same tasks as ${same}; raise its count, or give one another seed`);
  }
  known.set(`${plain}${hash}-`, where);
  if (known.has(plain)) return `${plain}${hash}-`;
  known.set(plain, where);
  return plain;
}
