import { z } from 'zod';
import { loadConfig } from '../configs/load.ts';
import { ConfigError, explain } from '../configs/registry.ts';
import { rewardConfigSchema } from '../configs/schema.ts';
import { applySetting } from '../configs/settings.ts';
import type { RewardFunction } from '../env/environment.ts';
import { createRubric } from '../reward/rubric.ts';
import { rescoreRun } from '../rollout/rescore-run.ts';
import { RunStore } from '../rollout/store.ts';
import { setArgument } from './common-arguments.ts';
import { exitCodes } from './exit-codes.ts';
import { onInterrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { findRun, shownPath } from './run-dir.ts';
import { defineVerb } from './verb.ts';

export const rescore = defineVerb({
  usage: 'rescore <of> [config]',
  describe: 'Apply a changed rubric to the stored episodes of a run, without a model; earlier scores are kept',
  examples: [
    ['rescore runs/quickstart my.yaml', "the `reward` of that config becomes the run's score version 2"],
    ["rescore runs/quickstart --set 'reward.components=[{name: correctness, weight: 2}]'", 'the same, said here'],
  ],
  arguments: z.object({
    of: z.string().describe('A run directory, or the config it was made from'),
    config: z.string().optional().describe("A config whose `reward` is applied; else the run's own"),
    set: setArgument,
  }),
  run: async ({ of, config, set }, io) => {
    const { dir } = findRun(of, { set: [], env: io.env });
    const store = RunStore.open(dir);
    const interrupt = onInterrupt((text) => io.log(text));
    try {
      const rubric = rubricOf(store, config, set, io);
      const reward = createRubric(rubric);
      const summary = await judgeAll(() => rescoreRun({ store, rubric, reward, signal: interrupt.drain }), reward);
      const { version, episodes, changed, unscored, before, after } = summary;
      io.say(
        `Score version ${version} of ${shownPath(dir)}: ${episodes} episodes judged, ${changed} with another reward, ${unscored} unscored; mean reward ${mean(before)} → ${mean(after)}`,
      );
      if (summary.void > 0) io.say(`${summary.void} void episodes stay void.`);
      io.say(`export and report use it from now on; --score-version ${version - 1} asks for the one before.`);
      io.result({ run: dir, ...summary });
      return exitCodes.ok;
    } catch (error) {
      if (!interrupt.drain.aborted || (error as Error).name !== 'AbortError') throw error;
      io.log('Stopped: no score was changed.\nnext:  the same command begins again');
      return exitCodes.interrupted;
    } finally {
      interrupt.release();
      store.close();
    }
  },
});

/** Ends what the rubric holds (processes of its scorers) however the work ends. */
async function judgeAll<Value>(work: () => Promise<Value>, reward: RewardFunction): Promise<Value> {
  try {
    return await work();
  } finally {
    await reward.close?.();
  }
}

/** The rubric to apply: a config's, or the run's own, with what --set changes of it. */
function rubricOf(store: RunStore, config: string | undefined, set: readonly string[], io: Io) {
  if (config !== undefined) return loadConfig(config, { set, env: io.env }).reward;
  const other = set.find((setting) => !/^reward[.=]/.test(setting));
  if (other !== undefined) throw new ConfigError(`--set ${other}: only reward can be set here`);
  const changed = { reward: structuredClone(store.config.reward) as unknown };
  for (const setting of set) applySetting(changed, setting);
  const parsed = rewardConfigSchema.safeParse(changed.reward);
  if (!parsed.success) throw new ConfigError(`reward: ${explain(parsed.error)}`);
  return parsed.data;
}

const mean = (value: number | null): string => (value === null ? 'unknown' : value.toFixed(4));
