import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runConfigSchema } from '../configs/schema.ts';
import { taskSchema } from '../datasets/task.ts';
import { ContextStore } from '../env/context.ts';
import { createEnvironments } from '../rollout/create-environment.ts';
import { rollout } from '../rollout/engine.ts';
import { closePolicies, makePolicies } from '../rollout/policies/policies.ts';
import { RunStore } from '../rollout/store.ts';
import { cpuMs, processTree, pssMb } from './process-tree.ts';
import { lines } from './text.ts';

export interface Measured {
  readonly texts: number;
  readonly turnsPerSecond: number;
  readonly cpuMsPerTurn: number;
  /** The share of that which is the engine's own process. */
  readonly hostMsPerTurn: number;
  /** Episodes without a score, and errors that a retry mended. */
  readonly failed: number;
  /** The most that was seen meanwhile; 0 unless asked for. */
  readonly pssMb: number;
}

export interface EngineRunner {
  /** A run of its own in a store of its own, `concurrency` episodes at once. */
  play(options: {
    readonly episodes: number;
    readonly concurrency: number;
    readonly memory?: boolean;
  }): Promise<Measured>;
  close(): Promise<void>;
}

const tasks = 16;
const contextChars = 20_000;

/**
 * The production path from task to row against one endpoint: policy `openai`, environment and REPL workers as a config
 * makes them, a store on disk whose commits wait for it. Workers are kept between runs, as in one long run.
 */
export function createEngineRunner(options: {
  readonly baseURL: string;
  /** Processes under this one that are not measured. */
  readonly without: ReadonlySet<number>;
}): EngineRunner {
  const config = (rolloutConfig: object) =>
    runConfigSchema.parse({
      name: 'bench',
      tasks: [{ family: 'bench' }],
      environment: { repl: { workers: 2 } },
      policies: { root: { name: 'openai', baseURL: options.baseURL, model: 'bench' } },
      rollout: rolloutConfig,
    });
  const base = mkdtempSync(join(tmpdir(), 'rlm-gym-bench-engine-'));
  const contexts = new ContextStore(join(base, 'contexts'));
  const environments = createEnvironments(config({}), { contexts });
  const policies = makePolicies(config({}).policies, { env: process.env });
  const text = lines(contextChars + tasks);
  let runs = 0;
  return {
    async play({ episodes, concurrency, memory = false }) {
      runs += 1;
      const dir = join(base, `run-${runs}`);
      const store = RunStore.create({ dir, config: config({ group: Math.ceil(episodes / tasks), concurrency }) });
      store.addTasks(
        Array.from({ length: tasks }, (_, at) =>
          taskSchema.parse({
            id: `t${at}`,
            family: 'bench',
            query: 'How much is it?',
            context: text.slice(at, at + contextChars),
            answer: '42',
          }),
        ),
      );
      let most = 0;
      const watch = memory
        ? setInterval(() => (most = Math.max(most, pssMb(processTree(options.without)))), 250)
        : undefined;
      try {
        const pids = processTree(options.without);
        const cpu = cpuMs(pids);
        const own = process.cpuUsage();
        const started = performance.now();
        const summary = await rollout({ store, policies, createEnvironment: () => environments.create() });
        const seconds = (performance.now() - started) / 1e3;
        const host = process.cpuUsage(own);
        const used = cpuMs(processTree(options.without)) - cpu;
        const { texts, scored, total, errors } = summary;
        const mended = Object.values(errors).reduce((sum, one) => sum + one, 0);
        return {
          texts,
          turnsPerSecond: texts / seconds,
          cpuMsPerTurn: used / texts,
          hostMsPerTurn: (host.user + host.system) / 1e3 / texts,
          failed: total - scored + mended + (summary.meanReward === 1 ? 0 : 1),
          pssMb: most,
        };
      } finally {
        clearInterval(watch);
        store.close();
        rmSync(dir, { recursive: true, force: true });
      }
    },
    async close() {
      await environments.close();
      await closePolicies(policies);
      rmSync(base, { recursive: true, force: true });
    },
  };
}
