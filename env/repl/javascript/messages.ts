import { z } from 'zod';

const id = z.number().int().positive();
const count = z.number().int().nonnegative();

/**
 * Everything the host may tell a worker. A closed schema: contexts (by file), cells, sub-call texts, limits and the
 * REPL's seed; nothing of a task but its context has a field here.
 */
export const limitsSchema = z.strictObject({
  cellCpuMs: z.number().positive(),
  cellWallMs: z.number().positive(),
  memoryMb: z.number().positive(),
  outputChars: count,
  cellBytes: count,
  requestsPerCell: count,
  promptChars: count,
  answerChars: count,
});

export const hostMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('context'),
    hash: z.string(),
    /** Where it lies, or what it holds, for a worker that cannot see it there. */
    path: z.string().nullable(),
    bytes: z.instanceof(Uint8Array).nullable(),
    chars: count,
    latin1: z.boolean(),
    offsets: z.instanceof(Uint32Array).nullable(),
  }),
  z.strictObject({
    type: z.literal('open'),
    repl: id,
    context: z.string(),
    seed: z.number(),
    limits: limitsSchema,
    functions: z.array(z.string()),
  }),
  z.strictObject({ type: z.literal('run'), repl: id, code: z.string() }),
  z.strictObject({
    type: z.literal('answer'),
    repl: id,
    answers: z.array(z.strictObject({ id, text: z.string() })),
  }),
  z.strictObject({ type: z.literal('close'), repl: id }),
]);
export type HostMessage = z.infer<typeof hostMessageSchema>;

const requestSchema = z.strictObject({
  id,
  kind: z.enum(['llm', 'rlm']),
  prompt: z.string(),
  model: z.string().nullable(),
  batch: z.strictObject({ id, index: count, size: count }).nullable(),
});

const resultSchema = z.strictObject({
  stdout: z.string(),
  stderr: z.string(),
  cut: count,
  variables: z.array(z.strictObject({ name: z.string(), type: z.string() })).max(200),
  finish: z
    .strictObject({ source: z.enum(['FINAL', 'FINAL_VAR', 'answer']), value: z.string(), cut: count })
    .nullable(),
  cancelled: z.array(id),
  overwritten: z.array(z.string()),
  hints: z.array(z.enum(['forgotten_await', 'unresolved_promise', 'final_var_unknown'])),
  limit: z.enum(['cell_timeout', 'sandbox_oom', 'sandbox_killed', 'cell_too_large', 'too_many_requests']).nullable(),
  alive: z.boolean(),
  cpuMs: z.number().nonnegative(),
  wallMs: z.number().nonnegative(),
});

/** Everything a worker may tell the host. What does not fit ends the worker. */
export const workerMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('waiting'), repl: id, requests: z.array(requestSchema) }),
  z.strictObject({ type: z.literal('done'), repl: id, requests: z.array(requestSchema), result: resultSchema }),
  z.strictObject({
    type: z.literal('failed'),
    repl: id,
    failure: z.enum(['host_overloaded', 'bug']),
    message: z.string().max(2000),
  }),
  /** It has come up. */
  z.strictObject({ type: z.literal('ready') }),
  /** Threads that go on burning in isolates that were given up. */
  z.strictObject({ type: z.literal('stuck'), threads: count }),
]);
export type WorkerMessage = z.infer<typeof workerMessageSchema>;

/** What `poll` says, as text out of the isolate. */
const polledRequestSchema = z.strictObject({
  i: id,
  k: z.enum(['llm', 'rlm']),
  m: z.string().nullable(),
  b: z.tuple([id, count, count]).nullable(),
  p: z.string(),
});
export const pollSchema = z.discriminatedUnion('s', [
  z.strictObject({ s: z.literal('more'), q: z.array(polledRequestSchema) }),
  z.strictObject({ s: z.literal('waiting'), q: z.array(polledRequestSchema) }),
  z.strictObject({ s: z.literal('stuck'), q: z.array(polledRequestSchema) }),
  z.strictObject({ s: z.literal('ended'), q: z.array(polledRequestSchema) }),
  z.strictObject({
    s: z.literal('done'),
    q: z.array(polledRequestSchema),
    head: z.string(),
    tail: z.string(),
    total: count,
    error: z.string(),
    line: count,
    limit: z.enum(['', 'too_many_requests']),
    forgotten: z.boolean(),
    unknownFinal: z.boolean(),
    cancelled: z.array(id),
    stale: count,
    overwritten: z.array(z.string()),
    finish: z
      .strictObject({ source: z.enum(['FINAL', 'FINAL_VAR', 'answer']), value: z.string(), cut: count })
      .nullable(),
    variables: z.array(z.tuple([z.string(), z.string()])),
  }),
]);
export type Polled = z.infer<typeof pollSchema>;
