import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunConfig } from '../configs/schema.ts';
import { makeTasks } from '../datasets/make-tasks.ts';
import type { Price, Prices } from '../env/budget.ts';
import { estimateTokens } from '../env/tokens.ts';
import { estimateRollout } from '../rollout/estimate.ts';
import { limitLines } from '../rollout/limits.ts';
import { closePolicies, makePolicies, pricesOf } from '../rollout/policies/policies.ts';
import { PolicyConfigError } from '../rollout/policies/policy.ts';
import { money, quantity } from '../rollout/progress.ts';
import { RunStore } from '../rollout/store.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';

/** What a run would take. Tasks are made in memory where the run does not have them; no endpoint is asked. */
export async function dryRun({ config, dir, io }: { config: RunConfig; dir: string; io: Io }): Promise<ExitCode> {
  const store = existsSync(join(dir, 'run.db')) ? RunStore.open(dir, { readOnly: true }) : null;
  try {
    const contextTokens = await sizes(config, store);
    const prices = await pricesFor(config, io);
    const estimate = estimateRollout({ config, contextTokens, prices, store: store ?? undefined });
    const { tasks, episodes, left, texts, promptTokens, completionTokens, usd, because } = estimate;
    io.say(
      `${tasks} tasks, ${episodes} episodes${left === episodes ? '' : `, ${left} of them to play`}; run in ${dir}`,
    );
    io.say(`contexts: about ${quantity(estimate.contextTokens)} tokens in all`);
    io.say(
      `to expect: ${quantity(texts)} texts, ${quantity(promptTokens)} prompt and ${quantity(completionTokens)} completion tokens, ${usd === null ? 'dollars unknown (set prices for the policies)' : `$${money(usd)}`}`,
    );
    io.say(`  (${because})`);
    for (const line of limitLines(config)) io.say(`  ${line}`);
    io.say('Nothing was made and no model was asked.');
    io.result({ run: dir, ...estimate });
    return exitCodes.ok;
  } finally {
    store?.close();
  }
}

async function sizes(config: RunConfig, store: RunStore | null): Promise<number[]> {
  if (store && store.meta('tasks_total') === store.taskCount) {
    return Array.from(store.tasks(), ({ context }) => context.tokens);
  }
  const found: number[] = [];
  for await (const { context } of await makeTasks(config.tasks, config.seed)) {
    const documents = typeof context === 'string' ? [context] : context;
    found.push(estimateTokens(documents.reduce((bytes, text) => bytes + Buffer.byteLength(text, 'utf8'), 0)));
  }
  return found;
}

/** Prices need no key, but the policies that know them do: without one, those that the config declares are taken. */
async function pricesFor(config: RunConfig, io: Io): Promise<Prices> {
  try {
    const policies = makePolicies(config.policies, { env: io.env });
    await closePolicies(policies);
    return pricesOf(policies);
  } catch (error) {
    if (!(error instanceof PolicyConfigError)) throw error;
    io.log(`note: ${error.message}; the run itself will need it: ${error.next}`);
    const { root, llm = root, rlm = root } = config.policies;
    return { root: declared(root), llm: declared(llm), rlm: declared(rlm) };
  }
}

function declared({ prices }: { readonly [option: string]: unknown }): Price | undefined {
  return prices as Price | undefined;
}
