import { rewardConfigSchema, type EnvironmentConfig, type RunConfig } from '../configs/schema.ts';
import type { Prices } from '../env/budget.ts';
import { ContextStore } from '../env/context.ts';
import type { Environment, RewardFunction } from '../env/environment.ts';
import type { Episode } from '../env/episode.ts';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createSupervisor } from '../env/repl/supervisor.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';
import { createRubric, type RubricConfig } from '../reward/rubric.ts';

export interface CreateEnvironmentOptions extends Partial<EnvironmentConfig> {
  /** Components as in a config's `reward`, or a function of your own. @default correctness alone, weight 1 */
  readonly reward?: RubricConfig | RewardFunction;
}

/**
 * One RLM environment with everything it needs: a sandbox of one worker, a temporary folder for contexts, and a rubric.
 * `close` ends them too. To play many episodes at once, share them: {@link createEnvironments}.
 */
export function createEnvironment(options: CreateEnvironmentOptions = {}): Environment {
  const { reward: asked = rewardConfigSchema.parse({}), ...config } = options;
  const reward = typeof asked === 'function' ? asked : createRubric(asked);
  const backend = createSupervisor(createJavaScriptBackend({ workers: 1, sandbox: config.repl?.sandbox ?? 'auto' }));
  const contexts = new ContextStore();
  const env = createRlmEnvironment({
    backend,
    contexts,
    reward,
    config,
  });
  return {
    reset: (reset) => env.reset(reset),
    step: (input) => env.step(input),
    episode: () => env.episode(),
    async close() {
      await env.close();
      await backend.close();
      if (reward !== asked) await reward.close?.();
      contexts.close();
    },
  };
}

export interface Environments {
  /** A fresh environment over the shared sandbox; with a record, for a replay of it. */
  create(recorded?: Episode): Environment;
  /** Ends the sandbox and the scorers; contexts stay with whoever made them. */
  close(): Promise<void>;
}

/** The environments of a run: they share worker processes, contexts and rubric. */
export function createEnvironments(
  config: Pick<RunConfig, 'environment' | 'reward'>,
  shared: { readonly contexts: ContextStore; readonly prices?: Prices },
): Environments {
  const { contexts, prices } = shared;
  const reward = createRubric(config.reward);
  const { workers, sandbox } = config.environment.repl;
  const backend = createSupervisor(createJavaScriptBackend({ workers, sandbox }));
  return {
    create: (recorded) =>
      createRlmEnvironment({ backend, contexts, reward, prices, config: config.environment, recorded }),
    async close() {
      await backend.close();
      await reward.close?.();
    },
  };
}
