import type { z } from 'zod';
import { Registry } from '../../configs/registry.ts';
import type { policiesConfigSchema } from '../../configs/schema.ts';
import type { Prices } from '../../env/budget.ts';
import { createOpenAiPolicy } from './openai.ts';
import { openAiOptionsSchema } from './openai-options.ts';
import type { OpenAiOptions } from './openai-options.ts';
import { createOraclePolicy, oracleOptionsSchema } from './oracle.ts';
import type { OracleOptions } from './oracle.ts';
import type { Policy } from './policy.ts';
import { createScriptedPolicy, scriptedOptionsSchema } from './scripted/scripted.ts';
import type { ScriptedOptions } from './scripted/scripted.ts';

/** What a policy may be given beside its options. */
export interface PolicyDeps {
  /** Where keys are read from. */
  readonly env: NodeJS.ProcessEnv;
  /** Record → label, for the oracle; asked for when the first such policy is made. */
  readonly oracle?: () => ReadonlyMap<string, string>;
  readonly fetch?: typeof globalThis.fetch;
}

export type MakePolicy = (options: unknown, deps: PolicyDeps) => Policy;

/** The policies that a config can name. Add your own before the config is read. */
export const policies = new Registry<MakePolicy>('policy')
  .add('openai', {
    describe: 'Any OpenAI-compatible chat endpoint: OpenAI, vLLM, SGLang, llama.cpp, …',
    options: openAiOptionsSchema,
    make: (options, { env, fetch }) => createOpenAiPolicy(options as OpenAiOptions, { env, fetch }),
  })
  .add('scripted', {
    describe: 'A seeded mix of strategies, good and bad; it sees the messages alone',
    options: scriptedOptionsSchema,
    make: (options) => createScriptedPolicy(options as ScriptedOptions),
  })
  .add('oracle', {
    describe: 'A sub-model that knows the labels of records and reads needles out of its prompt',
    options: oracleOptionsSchema,
    make: (options, { oracle }) => createOraclePolicy(options as OracleOptions, oracle?.() ?? new Map()),
  });

export type PoliciesConfig = z.output<typeof policiesConfigSchema>;

/** One policy a kind of call. Without `judge`, a judge call is a fault of class `judge_error`. */
export interface PolicySet {
  readonly root: Policy;
  readonly rlm: Policy;
  readonly llm: Policy;
  readonly judge?: Policy;
}

/** Makes the policies a config names; `llm` and `rlm` default to the very policy that plays the root. */
export function makePolicies(config: PoliciesConfig, deps: PolicyDeps): PolicySet {
  const make = ({ name, ...options }: { name: string }, where: string): Policy =>
    policies.get(name).make(policies.parse(name, options, where), deps);
  const root = make(config.root, 'policies.root');
  return {
    root,
    rlm: config.rlm ? make(config.rlm, 'policies.rlm') : root,
    llm: config.llm ? make(config.llm, 'policies.llm') : root,
    ...(config.judge ? { judge: make(config.judge, 'policies.judge') } : {}),
  };
}

/** Prices by kind of call, for the environment's budget. */
export function pricesOf(set: PolicySet): Prices {
  const kinds = ['root', 'rlm', 'llm', 'judge'] as const;
  return Object.fromEntries(kinds.flatMap((kind) => (set[kind]?.price ? [[kind, set[kind].price]] : [])));
}

export async function closePolicies(set: PolicySet): Promise<void> {
  const made = new Set(Object.values(set) as Policy[]);
  await Promise.all(Array.from(made, async (policy) => policy.close?.()));
}
