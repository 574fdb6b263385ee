import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { infraFailures } from '../../env/episode.ts';

const positive = z.number().positive();

/** Names of headers that carry secrets: they are read from the environment, so that no config holds them. */
const secretHeader = /^(?:authorization|proxy-authorization|cookie|.*(?:api-?key|token|secret))$/i;

const holdsSecret = ({ username, password, searchParams }: URL): boolean =>
  username !== '' || password !== '' || [...searchParams.keys()].some((name) => secretHeader.test(name));

export const openAiOptionsSchema = z.strictObject({
  baseURL: z
    .url()
    .default('https://api.openai.com/v1')
    .refine((url) => !holdsSecret(new URL(url)), {
      message:
        'has a password or key in it; put that into an environment variable and name it in apiKeyEnv or headersEnv',
    })
    .describe('Any OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1 of vLLM'),
  model: z.string().min(1),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is the name of an environment variable, not the key itself')
    .default('OPENAI_API_KEY')
    .describe('Name of the environment variable that holds the key; not needed for a local endpoint'),
  headers: z
    .record(
      z.string().refine((name) => !secretHeader.test(name), {
        message: 'carries a secret; name it in headersEnv: {header: ENVIRONMENT_VARIABLE}',
      }),
      z.string(),
    )
    .default({}),
  headersEnv: z
    .record(z.string(), z.string())
    .default({})
    .describe('Headers whose value is read from an environment variable: {header: NAME}'),
  temperature: z.number().min(0).optional(),
  topP: z.number().min(0).max(1).optional(),
  maxTokens: z
    .number()
    .int()
    .positive()
    .optional()
    .describe('At most this many tokens a text, below what the budget allows'),
  maxTokensParam: z
    .enum(['max_tokens', 'max_completion_tokens'])
    .optional()
    .describe('Defaults to max_completion_tokens for api.openai.com and max_tokens elsewhere'),
  timeoutSeconds: positive.default(300).describe('Of one request'),
  deadlineSeconds: positive.default(900).describe('Of one text, its retries and waits included'),
  maxRetries: z.number().int().nonnegative().max(100).default(5),
  backoffSeconds: positive.default(0.5).describe('First wait; doubles up to 30 s. Retry-After goes before it'),
  prices: z
    .strictObject({ prompt: z.number().nonnegative(), completion: z.number().nonnegative() })
    .optional()
    .describe('Dollars per million tokens'),
  trainable: z.boolean().default(true).describe('May its texts be trained on? false for a frozen model'),
  sendSeed: z.boolean().default(false).describe('Send a seed with each request, drawn from the run seed and the call'),
  tokens: z
    .boolean()
    .default(false)
    .describe('Ask for log-probabilities and token ids (vLLM: logprobs, return_token_ids)'),
  logprobsMode: z.enum(['raw', 'processed']).optional().describe('What the server says its log-probabilities are'),
  sendReasoning: z
    .enum(['no', 'reasoning_content', 'reasoning', 'think'])
    .default('no')
    .describe('How earlier thinking goes back into the prompt'),
  extraBody: z.record(z.string(), z.unknown()).default({}).describe('Further fields of the request body'),
});
export type OpenAiOptions = z.output<typeof openAiOptionsSchema>;

/** For tests of what an engine does about failures: every n-th request fails so. */
export const failureScheduleSchema = z.strictObject({
  every: z.number().int().positive(),
  class: z.enum([...infraFailures, 'context_overflow', 'content_filter']),
});

/** Is the endpoint on this machine or its own network, where keys are seldom used? */
export function isLocal(baseURL: string): boolean {
  const { hostname } = new URL(baseURL);
  if (isIPv4(hostname)) return /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.0\.0\.0$)/.test(hostname);
  return !hostname.includes('.') || /\.(?:local|internal|localhost)$/.test(hostname);
}
