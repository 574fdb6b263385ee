import { z } from 'zod';

/**
 * A task: one row to solve. `answer`, `scorer`, `answerType` and `metadata` never leave the host; the model is
 * shown `query` and metadata *about* `context`, and reaches `context` itself only as a REPL variable.
 */
export const taskSchema = z.object({
  /** Unique within a run; stable for a given (family, seed, options). */
  id: z.string().min(1).max(200),
  /** Name of the generator or loader the task came from. */
  family: z.string().min(1),
  /** What is asked. The only task text that the model is given. */
  query: z.string(),
  /** The long prompt: one string, or a list of documents. */
  context: z.union([z.string(), z.array(z.string())]),
  /** Gold answer as the scorer wants it: a string, a number, or a list of them. */
  answer: z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))]),
  /** What kind of answer it is, e.g. `ANSWER_TYPE.NUMERIC` (OOLONG) or `text`. */
  answerType: z.string().default('text'),
  /** Name of the scorer in `reward/` that judges an answer to this task. */
  scorer: z.string().default('exact'),
  split: z.enum(['train', 'validation', 'test']).default('train'),
  /** Facts about the task for reports and filters (length, depth of the needle, template, …). Host only. */
  metadata: z.record(z.string(), z.unknown()).default({}),
});

/** One row to solve; see {@link taskSchema}. */
export type Task = z.output<typeof taskSchema>;
/** A task as written by hand or loaded from a file, before defaults are filled. */
export type TaskInput = z.input<typeof taskSchema>;
export type TaskContext = Task['context'];
