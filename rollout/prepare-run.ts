import type { RunConfig } from '../configs/schema.ts';
import { makeTasks, type TaskSet } from '../datasets/make-tasks.ts';
import { oracleTable } from '../datasets/oolong/host-table.ts';
import type { Task } from '../datasets/task.ts';
import { RunStore } from './store.ts';

export interface PrepareRunOptions {
  readonly config: RunConfig;
  /** The run directory; made where it is missing. */
  readonly dir: string;
  /** Where relative paths and globs of the tasks begin. @default process.cwd() */
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  readonly onTask?: (made: number, total: number) => void;
}

export interface PreparedRun {
  /** Holds every task of the config. The caller closes it. */
  readonly store: RunStore;
  /** Record → label, for the oracle policy; empty where no policy of the config asks for it. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Tasks that are stored in one transaction; their contexts are in memory together. */
const batchSize = 16;

/**
 * Makes a run's store and its tasks, or finds those that are there. Killed half-way it goes on where it was. Tasks are
 * made again, and compared with the stored ones, only where labels are needed that no store holds.
 */
export async function prepareRun(options: PrepareRunOptions): Promise<PreparedRun> {
  const { config, dir, cwd, signal, onTask } = options;
  const tasks = await makeTasks(config.tasks, config.seed, { cwd });
  const store = RunStore.create({ dir, config, info: { texts: tasks.texts, sources: tasks.sources } });
  const labels = new Map<string, string>();
  const wantsLabels = Object.values(config.policies).some((policy) => policy?.name === 'oracle');
  try {
    if (!wantsLabels && store.meta('tasks_total') === store.taskCount) return { store, labels };
    await addAll(store, tasks, (batch) => {
      signal?.throwIfAborted();
      if (wantsLabels) oracleTable(batch.tasks, labels);
      onTask?.(batch.made, tasks.count);
    });
    store.setMeta('tasks_total', tasks.count);
    return { store, labels };
  } catch (error) {
    store.close();
    throw error;
  }
}

async function addAll(
  store: RunStore,
  tasks: TaskSet,
  each: (batch: { readonly tasks: readonly Task[]; readonly made: number }) => void,
): Promise<void> {
  let made = 0;
  let batch: Task[] = [];
  const flush = () => {
    store.addTasks(batch);
    made += batch.length;
    each({ tasks: batch, made });
    batch = [];
  };
  for await (const task of tasks) {
    batch.push(task);
    if (batch.length === batchSize) flush();
  }
  if (batch.length > 0) flush();
}
