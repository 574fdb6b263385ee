import type { Prices } from '../env/budget.ts';
import { ContextStore } from '../env/context.ts';
import { createEnvironments } from '../rollout/create-environment.ts';
import { replayRun } from '../rollout/replay-run.ts';
import { RunStore } from '../rollout/store.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { findRun, shownPath } from './run-dir.ts';

/** `rollout --replay RUN`: plays the stored episodes again without a model, and names what came out otherwise. */
export async function replay(of: { run: string; concurrency: number | undefined; io: Io }): Promise<ExitCode> {
  const { io } = of;
  const { dir } = findRun(of.run, { run: undefined, set: [], env: io.env });
  const store = RunStore.open(dir, { readOnly: true });
  const contexts = new ContextStore(undefined, store.contexts.dir);
  const prices = (store.meta('prices') ?? {}) as Prices;
  const environments = createEnvironments(store.config, { contexts, prices });
  const interrupt = onInterrupt((text) => io.log(text));
  try {
    const summary = await replayRun({
      store,
      createEnvironment: (recorded) => environments.create(recorded),
      concurrency: of.concurrency,
      signal: interrupt.drain,
    });
    for (const { episodeId, path, recorded, replayed } of summary.differences) {
      io.say(`${episodeId}: ${path}\n  recorded: ${brief(recorded)}\n  replayed: ${brief(replayed)}`);
    }
    const skipped = summary.void > 0 ? ` (${summary.void} void ones are not replayed)` : '';
    io.say(`${summary.equal} equal, ${summary.different} different in ${shownPath(dir)}${skipped}`);
    io.result({ run: dir, ...summary });
    if (interrupt.drain.aborted) return exitCodes.interrupted;
    if (summary.different === 0) return exitCodes.ok;
    io.log(
      'next:  look at the first place that differs; an edited store, other sources than the run was made with, or a clock can do it',
    );
    return exitCodes.failed;
  } finally {
    interrupt.release();
    await environments.close();
    contexts.close();
    store.close();
  }
}

/** A value on one line, short enough to read. */
function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 300 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}
