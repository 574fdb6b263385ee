import { z } from 'zod';
import { episodeSchema } from '../../env/episode.ts';

/** Raised when a field of the report changes its meaning or its name. */
export const reportSchemaVersion = 1;

/** Name of the strategy where a policy did not tell one. */
export const untold = '(not told)';

const count = z.number().int().nonnegative();

/** A figure with its 95 % interval; null where there is nothing to take it from. */
export const estimateSchema = z.object({ mean: z.number(), low: z.number(), high: z.number() }).nullable();
export type Estimate = z.infer<typeof estimateSchema>;

export const spreadSchema = z
  .object({ mean: z.number(), median: z.number(), p90: z.number(), max: z.number() })
  .nullable();
export type Spread = z.infer<typeof spreadSchema>;

/** A set of episodes summed up. Void and unscored episodes are counted and enter no mean. */
export const summarySchema = z.object({
  tasks: count,
  episodes: count,
  scored: count,
  void: count,
  unscored: count,
  /** Scored episodes whose correctness reaches the export's `correctAt`. */
  correct: count,
  /** Mean reward; interval by bootstrap over tasks, since episodes of one task are not independent. */
  reward: estimateSchema,
  /** Share of scored episodes that are correct; interval as above. */
  correctness: estimateSchema,
  rootTurns: spreadSchema,
  subcalls: spreadSchema,
  tokens: spreadSchema,
  usd: z.object({ total: z.number(), priced: count }),
});
export type Summary = z.infer<typeof summarySchema>;

export const namedSummarySchema = summarySchema.extend({ name: z.string() });
export type NamedSummary = z.infer<typeof namedSummarySchema>;

export const exampleSchema = z.object({ episode: episodeSchema, gold: z.string().nullable() });
export type Example = z.infer<typeof exampleSchema>;

export const reportSchema = z.object({
  schema: z.literal(reportSchemaVersion),
  run: z.object({
    name: z.string(),
    id: z.string(),
    configHash: z.string(),
    seed: z.number(),
    /** Which version of the scores is shown; 1 is the run's own rubric. */
    scoreVersion: count,
    /** Version of rlm-gym that made the run, and the one that made this report. */
    madeBy: z.string(),
    reportedBy: z.string(),
    node: z.string(),
  }),
  counts: z.object({
    tasks: count,
    planned: count,
    episodes: count,
    scored: count,
    void: count,
    unscored: count,
    correct: count,
    answered: count,
    policyFailed: count,
    withSubcalls: count,
    failedAttempts: count,
  }),
  overall: summarySchema,
  families: z.array(namedSummarySchema),
  strategies: z.array(namedSummarySchema),
  /** The same for each pair; `name` is the strategy. */
  pairs: z.array(namedSummarySchema.extend({ family: z.string() })),
  /** Unbiased, over the tasks with at least k scored episodes; `family` null: all of them. */
  passAtK: z.array(z.object({ family: z.string().nullable(), k: count, tasks: count, pass: estimateSchema })),
  failures: z.array(z.object({ class: z.enum(['policy', 'infra']), reason: z.string(), episodes: count })),
  /** Why some component could not judge episodes that are not void; the ten most frequent reasons. */
  unscored: z.array(z.object({ component: z.string(), why: z.string(), episodes: count })),
  /** Attempts that infrastructure failed, those that were tried again with success included. */
  attempts: z.array(z.object({ failure: z.string(), attempts: count, episodes: count })),
  export: z
    .object({
      id: z.string(),
      kept: count,
      dropped: count,
      waterfall: z.array(z.object({ rule: z.string(), before: count, dropped: count })),
      formats: z.array(z.object({ format: z.string(), rows: count, episodes: count.nullable() })),
    })
    .nullable(),
  good: exampleSchema.nullable(),
  bad: exampleSchema.nullable(),
  config: z.unknown(),
});
export type ReportData = z.infer<typeof reportSchema>;
