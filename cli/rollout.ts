import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../configs/load.ts';
import type { RunConfig } from '../configs/schema.ts';
import { createEnvironments } from '../rollout/create-environment.ts';
import { rollout as play, type RolloutSummary } from '../rollout/engine.ts';
import { limitLines } from '../rollout/limits.ts';
import { closePolicies, makePolicies, pricesOf } from '../rollout/policies/policies.ts';
import { prepareRun } from '../rollout/prepare-run.ts';
import { ProgressPrinter } from '../rollout/progress.ts';
import { checkNames } from './check-names.ts';
import { configArgument, runArgument, setArgument } from './common-arguments.ts';
import { dryRun } from './dry-run.ts';
import { CliError } from './errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { onInterrupt, type Interrupt } from './interrupt.ts';
import type { Io } from './io.ts';
import { replay } from './replay.ts';
import { runDirOf } from './run-dir.ts';
import { defineVerb } from './verb.ts';

const rolloutArguments = z.object({
  config: configArgument.optional(),
  run: runArgument,
  set: setArgument,
  resume: z.boolean().default(false).describe('Only go on with a run that is there (a run goes on without it too)'),
  dryRun: z.boolean().default(false).describe('Tasks, tokens and dollars to expect; nothing is made or asked'),
  concurrency: z.number().int().positive().optional().describe('Episodes at once'),
  replay: z.string().optional().describe('A run: play its episodes again without a model, and compare; writes nothing'),
  retryVoid: z.boolean().default(false).describe('Try again the episodes that infrastructure failed for good'),
});
type RolloutArguments = z.output<typeof rolloutArguments> & { readonly config: string };

export const rollout = defineVerb({
  usage: 'rollout [config]',
  describe: 'Roll out episodes, score and store them; goes on where it stopped',
  examples: [
    ['rollout configs/quickstart.yaml', 'runs/quickstart, with scripted policies'],
    ['rollout my.yaml --dry-run', 'what it would take'],
    ['rollout my.yaml --run runs/second --set rollout.group=16', 'another run of a config, with a change'],
    ['rollout --replay runs/quickstart', 'are its episodes what the environment makes of their texts?'],
  ],
  arguments: rolloutArguments,
  run: async ({ config: path, ...rest }, io) => {
    if (rest.replay !== undefined) return replay({ run: rest.replay, concurrency: rest.concurrency, io });
    if (path === undefined) {
      throw new CliError('which config?', { next: 'rlm-gym rollout CONFIG', code: exitCodes.usage });
    }
    const args = { ...rest, config: path };
    const config = withConcurrency(loadConfig(args.config, { set: args.set, env: io.env }), args.concurrency);
    checkNames(config);
    const dir = runDirOf(config, args.run);
    if (args.dryRun) return dryRun({ config, dir, io });
    if (args.resume && !existsSync(join(dir, 'run.db'))) {
      const next = rerun(args).replace(' --resume', '');
      throw new CliError(`there is no run in ${dir} to go on with`, { next, code: exitCodes.usage });
    }
    const interrupt = onInterrupt((text) => io.log(text));
    try {
      const summary = await playRun({ config, dir, args, io, interrupt });
      return tell(summary, dir, args, io);
    } catch (error) {
      if (!interrupt.drain.aborted || (error as Error).name !== 'AbortError') throw error;
      io.log(`Stopped while the tasks were made.\nnext:  ${rerun(args)}`);
      io.result({ run: dir, ended: 'aborted' });
      return exitCodes.interrupted;
    } finally {
      interrupt.release();
    }
  },
});

interface PlayRun {
  readonly config: RunConfig;
  readonly dir: string;
  readonly args: RolloutArguments;
  readonly io: Io;
  readonly interrupt: Interrupt;
}

async function playRun({ config, dir, args, io, interrupt }: PlayRun): Promise<RolloutSummary> {
  const { store, labels } = await prepareRun({ config, dir, signal: interrupt.drain });
  try {
    const policies = makePolicies(config.policies, { env: io.env, oracle: () => labels });
    const environments = createEnvironments(config, { contexts: store.contexts, prices: pricesOf(policies) });
    const printer = new ProgressPrinter(io.progress);
    try {
      const { group, rounds } = config.rollout;
      io.log(`${store.taskCount} tasks × ${group} episodes${rounds > 1 ? ` × ${rounds} rounds` : ''} in ${dir}`);
      for (const line of limitLines(config)) io.log(`  ${line}`);
      const summary = await play({
        store,
        config,
        policies,
        createEnvironment: () => environments.create(),
        drain: interrupt.drain,
        signal: interrupt.stop,
        retryVoid: args.retryVoid,
        onProgress: (progress) => printer.update(progress),
      });
      printer.end(summary);
      return summary;
    } finally {
      await environments.close();
      await closePolicies(policies);
    }
  } finally {
    store.close();
  }
}

/** Says how it ended and what is next, and chooses the exit status. */
function tell(summary: RolloutSummary, dir: string, args: RolloutArguments, io: Io): ExitCode {
  const { ended, done, total, before, voidInStore, problem } = summary;
  io.result({ run: dir, ...summary });
  if (ended === 'drained' || ended === 'aborted') {
    io.say(`Stopped: ${done} of ${total} episodes are in ${dir}.`);
    io.log(`next:  ${rerun(args)}`);
    return exitCodes.interrupted;
  }
  if (ended === 'halted') {
    io.log(`error: ${problem?.message ?? 'too many episodes in a row had no score'}`);
    io.log(`next:  ${problem?.next ?? 'mend that'}\n       ${rerun({ ...args, retryVoid: true })}`);
    return exitCodes.incomplete;
  }
  const known = before === total ? ', all from earlier' : before > 0 ? `, ${before} of them from earlier` : '';
  io.say(`${done} of ${total} episodes are in ${dir}${known}.`);
  if (voidInStore > 0) {
    io.log(`${voidInStore} have no score: infrastructure failed every attempt. They enter no mean and no dataset.`);
    io.log(`next:  ${rerun({ ...args, retryVoid: true })}`);
    return exitCodes.incomplete;
  }
  io.say(`next: rlm-gym export ${dir}   rlm-gym report ${dir}`);
  return exitCodes.ok;
}

/** The command that goes on. */
function rerun({ config, run, set, concurrency, retryVoid }: RolloutArguments): string {
  const parts = ['rlm-gym rollout', config, '--resume'];
  if (run !== undefined) parts.push('--run', run);
  for (const setting of set) parts.push('--set', /[^\w.=/-]/.test(setting) ? `'${setting}'` : setting);
  if (concurrency !== undefined) parts.push('--concurrency', String(concurrency));
  if (retryVoid) parts.push('--retry-void');
  return parts.join(' ');
}

function withConcurrency(config: RunConfig, concurrency: number | undefined): RunConfig {
  return concurrency === undefined ? config : { ...config, rollout: { ...config.rollout, concurrency } };
}
