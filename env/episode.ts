import { z } from 'zod';

/** Raised when a field changes its meaning or its name; readers refuse a newer one. */
export const episodeSchemaVersion = 1;

/** Why an episode, a call or an attempt failed through the policy's own doing. It is scored. */
export const policyFailures = [
  'no_final',
  'bad_format',
  'budget_turns',
  'budget_depth',
  'budget_subcalls',
  'budget_fanout',
  'budget_tokens',
  'budget_usd',
  'budget_wall',
  'budget_output',
  'cell_timeout',
  'sandbox_oom',
  'sandbox_killed',
  'max_turns',
  'context_overflow',
  'length',
  'content_filter',
] as const;
/** Why an attempt failed through no doing of the policy. It is never scored: `reward` is null. */
export const infraFailures = [
  'rate_limited',
  'upstream_5xx',
  'upstream_timeout',
  'network',
  'worker_lost',
  'host_overloaded',
  'disk',
  'judge_error',
  'bug',
] as const;
export type PolicyFailure = (typeof policyFailures)[number];
export type InfraFailure = (typeof infraFailures)[number];

const count = z.number().int().nonnegative();

export const toolCallSchema = z.object({ id: z.string(), name: z.string(), arguments: z.string() });
export type ToolCallRecord = z.infer<typeof toolCallSchema>;
export const messageSchema = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  /** Thinking text, kept apart from `content`; never parsed as code. */
  reasoning: z.string().optional(),
  toolCalls: z.array(toolCallSchema).optional(),
  /** On a `tool` message: the call it answers. */
  toolCallId: z.string().optional(),
});
export type Message = z.infer<typeof messageSchema>;

export const usageSchema = z.object({
  promptTokens: count,
  completionTokens: count,
  reasoningTokens: count.optional(),
  cachedTokens: count.optional(),
  /** Dollars of this one text; null where no price is known. */
  usd: z.number().nonnegative().nullable().default(null),
  /** True where the counts are estimates because the policy reported none. */
  estimated: z.boolean().default(false),
});
export type Usage = z.infer<typeof usageSchema>;

/** Where a text came from: the trainee, a frozen model, a script, or the trainee with a hint (STaR). */
export const sourceSchema = z.enum(['policy', 'frozen', 'scripted', 'rationalized']);

/** Facts of sampling that cannot be found again later. Unknown ones are absent, never guessed. */
export const samplingSchema = z.object({
  model: z.string().optional(),
  source: sourceSchema.optional(),
  /** May this text be trained on? Defaults to true for `policy`, false else. */
  trainable: z.boolean().optional(),
  finishReason: z.string().nullable().optional(),
  usage: usageSchema.optional(),
  /** Token ids of the whole prompt. */
  promptIds: z.array(z.number().int()).optional(),
  /** Token ids of the sampled text, end-of-turn token included. */
  ids: z.array(z.number().int()).optional(),
  /** Natural log; one for each of `ids`. */
  logprobs: z.array(z.number()).optional(),
  /** `raw` (before temperature and truncation) or `processed`. */
  logprobsMode: z.string().optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  topK: z.number().optional(),
  minP: z.number().optional(),
  maxTokens: count.optional(),
  seed: z.number().int().optional(),
  /** Version of the weights when the text was begun and when it was finished. */
  policyStart: z.string().optional(),
  policyEnd: z.string().optional(),
  /** Token ids that the sampling mask allowed, per sampled token. */
  keptTokens: z.array(z.array(z.number().int())).optional(),
  routedExperts: z.unknown().optional(),
  tokenizerHash: z.string().optional(),
  chatTemplateHash: z.string().optional(),
});
export type Sampling = z.infer<typeof samplingSchema>;

export const cellSchema = z.object({
  code: z.string(),
  stdout: z.string(),
  stderr: z.string(),
  /** Characters of output left out. */
  cut: count,
  variables: z.array(z.object({ name: z.string(), type: z.string() })),
  /** Ids of the calls this cell opened, in the order of their requests. */
  calls: z.array(z.string()),
  /** Sub-calls that were refused by a budget, with the reason. */
  refused: z.array(z.object({ slot: count, reason: z.string() })).default([]),
  overwritten: z.array(z.string()).default([]),
  hints: z.array(z.string()).default([]),
  limit: z.string().nullable(),
  finish: z.object({ source: z.string(), value: z.string(), cut: count }).nullable(),
});
export type CellRecord = z.infer<typeof cellSchema>;

/** One model text, the messages that were new to its segment before it, and what its code did. */
export const turnSchema = z.object({
  segment: count,
  /** New to the segment since the last turn; the policy's own last message stands before them and is not repeated. */
  messages: z.array(messageSchema),
  content: z.string(),
  reasoning: z.string().optional(),
  toolCalls: z.array(toolCallSchema).optional(),
  sampling: samplingSchema,
  cells: z.array(cellSchema),
  /** What the environment noticed: `no_code`, `finish_unseen`, `plan_as_answer`, … */
  flags: z.array(z.string()),
});
export type TurnRecord = z.infer<typeof turnSchema>;

export const callSchema = z.object({
  /** `0` is the root; the n-th sub-call of call X is `X.n`. */
  id: z.string(),
  parent: z.string().nullable(),
  /** Number of the request in the parent's REPL, from 1; 0 for the root. */
  slot: count,
  /** The turn and cell of the parent that asked. */
  openedBy: z.object({ turn: count, cell: count }).nullable(),
  batch: z.object({ id: count, index: count, size: count }).nullable().default(null),
  kind: z.enum(['root', 'rlm', 'llm', 'judge']),
  depth: count,
  dialect: z.string().nullable(),
  /** Hash of the context its REPL holds; null for a call without a REPL. */
  context: z.string().nullable(),
  /** The start of each segment in turns, and why it began. */
  segments: z.array(
    z.object({ turn: count, reason: z.enum(['start', 'compaction', 'ephemeral', 'template', 'tokens']) }),
  ),
  turns: z.array(turnSchema),
  status: z.enum(['open', 'answered', 'failed', 'cancelled']),
  /** What the parent's code was given: an answer or the dialect's error string. */
  answer: z.string().nullable(),
  failure: z.string().nullable(),
  trainable: z.boolean(),
});
export type CallRecord = z.infer<typeof callSchema>;

/** One applied event: the n-th thing the environment was told, or a limit it met. The text itself lies in its turn. */
export const eventSchema = z.discriminatedUnion('type', [
  z.object({ seq: count, type: z.literal('message'), call: z.string(), turn: count }),
  z.object({ seq: count, type: z.literal('fault'), call: z.string(), class: z.string() }),
  z.object({ seq: count, type: z.literal('unknown'), call: z.string() }),
  z.object({
    seq: count,
    type: z.literal('limit'),
    call: z.string(),
    kind: z.string(),
    /** For a limit inside a cell: which cell of the turn. What follows is there for such a limit alone. */
    cell: count.optional(),
    /** At which entry the cell met it: 1 is its start, each hand-over of answers is one more. */
    entry: count.optional(),
    /** False: the REPL's state was gone after it. */
    alive: z.boolean().optional(),
    /** Requests the cell left open. */
    cancelled: z.array(count).optional(),
  }),
]);
export type EpisodeEvent = z.infer<typeof eventSchema>;

export const stopSchema = z.object({
  /** `answered`, or a failure's name. */
  reason: z.string(),
  class: z.enum(['answer', 'policy', 'infra']),
  message: z.string().optional(),
});
export type Stop = z.infer<typeof stopSchema>;

export const componentSchema = z.object({
  /** null: this component could not be judged, which is not 0. */
  value: z.number().nullable(),
  weight: z.number(),
  why: z.string().optional(),
  parsed: z.string().optional(),
});

export const costSchema = z.object({
  promptTokens: count,
  completionTokens: count,
  /** null where no price is known for some text. */
  usd: z.number().nonnegative().nullable(),
  /** Model texts in all. */
  texts: count,
  rootTurns: count,
  subcalls: count,
  cells: count,
});
export type Cost = z.infer<typeof costSchema>;

/** The finished record of one attempt at one task. Everything outside `timing` is equal when the run is repeated. */
export const episodeSchema = z.object({
  schema: z.literal(episodeSchemaVersion),
  /** `run/round/task/index`. */
  id: z.string(),
  run: z.string(),
  round: count,
  taskId: z.string(),
  family: z.string(),
  /** Which of the group's episodes this is. */
  index: count,
  seed: z.number().int(),
  query: z.string(),
  dialect: z.string(),
  context: z.object({
    hash: z.string(),
    type: z.string(),
    chars: count,
    tokens: count,
    lines: count,
    documents: count.nullable(),
  }),
  events: z.array(eventSchema),
  /** In the order they were opened; the root first. */
  calls: z.array(callSchema),
  /** The answer, capped, and how it was given. */
  final: z.object({ answer: z.string(), source: z.string(), call: z.string(), turn: count, cut: count }).nullable(),
  stop: stopSchema,
  terminated: z.boolean(),
  truncated: z.boolean(),
  /** null: not scored, which is not 0. */
  reward: z.number().nullable(),
  components: z.record(z.string(), componentSchema),
  /** Figures for reports and filters: counters of what the model did, and what policies told about themselves. */
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
  cost: costSchema,
  timing: z.record(z.string(), z.unknown()),
});
export type Episode = z.infer<typeof episodeSchema>;
