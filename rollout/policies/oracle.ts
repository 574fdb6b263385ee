import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { estimateTokens } from '../../env/tokens.ts';
import { failureScheduleSchema } from './openai-options.ts';
import { PolicyError } from './policy.ts';
import type { Policy, PolicyReply, PolicyRequest } from './policy.ts';
import { readPrompt } from './read-prompt.ts';

export const oracleOptionsSchema = z.strictObject({
  contextLimit: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(500_000)
    .describe('Characters it reads of a prompt; the rest is not seen. null: all'),
  errorRate: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Share of records and needles it reads wrongly, the same ones always'),
  seed: z.number().int().nonnegative().default(0).describe('Which ones those are'),
  latencyMs: z.number().nonnegative().default(0),
  failures: failureScheduleSchema.optional().describe('Fail every n-th request so, to see what the engine does'),
});
export type OracleOptions = z.output<typeof oracleOptionsSchema>;

/**
 * A sub-model that stands in for a good one: it sees the prompt's text, and knows the label of each single record from
 * a table on the host. It knows no task and no answer, so a wrong question gets a wrong answer.
 */
export function createOraclePolicy(options: OracleOptions, table: ReadonlyMap<string, string>): Policy {
  let requests = 0;
  return {
    name: 'oracle',
    price: { prompt: 0, completion: 0 },
    async complete(request: PolicyRequest): Promise<PolicyReply> {
      requests += 1;
      const { failures, latencyMs, contextLimit, errorRate, seed } = options;
      if (failures && requests % failures.every === 0) {
        throw new PolicyError(failures.class, `the oracle's schedule fails request ${requests}`);
      }
      if (latencyMs > 0) await delay(latencyMs, undefined, { signal: request.signal });
      const whole = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
      const prompt = contextLimit === null ? whole : whole.slice(0, contextLimit);
      const answer = readPrompt(prompt, table, { errorRate, seed });
      const cut = estimateTokens(answer) > request.maxTokens;
      return {
        message: { content: cut ? answer.slice(0, request.maxTokens * 4) : answer },
        sampling: { model: 'oracle', source: 'frozen', trainable: false, finishReason: cut ? 'length' : 'stop' },
      };
    },
  };
}
