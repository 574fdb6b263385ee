import { ConfigError, type Registry } from '../configs/registry.ts';
import type { RunConfig } from '../configs/schema.ts';
import { families } from '../datasets/families.ts';
import { dialectNamed } from '../env/dialects/dialects.ts';
import { formats } from '../export/formats.ts';
import { createRubric } from '../reward/rubric.ts';
import { policies } from '../rollout/policies/policies.ts';

/**
 * Checks what the schema cannot know: that every name in a config exists and takes the options beside it. All that is
 * wrong is told at once, before anything is made.
 */
export function checkNames(config: RunConfig): void {
  const wrong: string[] = [];
  const attempt = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      wrong.push(error.message);
    }
  };
  for (const [at, { family, count: _count, seed: _seed, split: _split, ...options }] of config.tasks.entries()) {
    attempt(() => parse(families, family, options, `tasks.${at}`));
  }
  for (const [kind, policy] of Object.entries(config.policies)) {
    if (!policy) continue;
    const { name, ...options } = policy;
    attempt(() => parse(policies, name, options, `policies.${kind}`));
  }
  attempt(() => createRubric(config.reward));
  if (config.reward.components.some(({ name }) => name === 'judge') && !config.policies.judge) {
    wrong.push('policies.judge: the reward has a judge component, so name the policy that plays it');
  }
  attempt(() => dialectNamed(config.environment.dialect));
  for (const [at, format] of config.export.formats.entries()) {
    attempt(() => parse(formats, format, {}, `export.formats.${at}`));
  }
  if (config.environment.name !== 'rlm') {
    wrong.push(`environment.name: there is no environment "${config.environment.name}"; choose one of: rlm`);
  }
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
}

function parse(registry: Registry<unknown>, name: string, options: object, where: string): void {
  if (!registry.has(name)) {
    throw new ConfigError(
      `${where}: there is no ${registry.kind} "${name}"; choose one of: ${registry.names.join(', ')}`,
    );
  }
  registry.parse(name, options, where);
}
