import { createHash } from 'node:crypto';
import { z } from 'zod';

/** A thing chosen by name with its own options beside it; the folder that owns the name checks the options. */
const named = (what: string) => z.looseObject({ name: z.string().min(1).describe(`Name of the ${what}`) });

const positive = z.number().positive();
const whole = z.number().int().nonnegative();

export const tasksConfigSchema = z
  .looseObject({
    family: z.string().min(1).describe('Name of the generator or loader'),
    count: z.number().int().positive().optional().describe('Tasks to make; a loader takes all rows without it'),
    seed: z.number().int().nonnegative().optional().describe("Defaults to the run's seed"),
    split: z.enum(['train', 'validation', 'test']).default('train').describe('Splits share no entity'),
  })
  .describe('One family of tasks; its own options stand beside these');

/** A share of what an episode may use. null means no cap, and is printed as such. */
export const budgetConfigSchema = z.strictObject({
  maxTurns: z.number().int().positive().default(20).describe('Texts of the root call'),
  childTurns: z.number().int().positive().default(10).describe('Texts of an rlm child'),
  depth: whole.default(1).describe('0: no sub-calls; 1: the root may open calls; …'),
  subcalls: whole.nullable().default(200).describe('Sub-calls of the whole episode'),
  fanout: z.number().int().positive().nullable().default(100).describe('Sub-calls of one batch'),
  tokens: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Prompt and completion tokens of the whole episode'),
  usd: positive.nullable().default(null).describe('Dollars of the whole episode'),
  wallSeconds: positive.nullable().default(900).describe('Wall time of the whole episode'),
  outputChars: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Characters of REPL output shown in the whole episode'),
  turnTokens: z.number().int().positive().default(4096).describe('Tokens one root or rlm text may have'),
  subcallTokens: z.number().int().positive().default(2048).describe('Tokens one llm answer may have'),
});
export type BudgetConfig = z.output<typeof budgetConfigSchema>;

export const replConfigSchema = z.strictObject({
  workers: z.number().int().positive().nullable().default(null).describe('Worker processes; null: one a core'),
  sandbox: z
    .enum(['auto', 'bubblewrap', 'none'])
    .default('auto')
    .describe('What workers are started in; auto: bubblewrap where it works'),
  cellCpuMs: positive.default(5_000),
  cellWallMs: positive.default(20_000),
  memoryMb: positive.default(64),
  outputChars: z.number().int().positive().default(20_000),
  cellBytes: z
    .number()
    .int()
    .positive()
    .default(128 * 1024),
  requestsPerCell: z.number().int().positive().default(1_000),
  promptChars: z.number().int().positive().default(4_000_000),
  answerChars: z
    .number()
    .int()
    .positive()
    .default(64 * 1024),
});
export type ReplConfig = z.output<typeof replConfigSchema>;

export const environmentConfigSchema = z.strictObject({
  name: z.string().default('rlm'),
  dialect: z.string().default('javascript'),
  budget: budgetConfigSchema.prefault({}),
  repl: replConfigSchema.prefault({}),
  finishUnseen: z
    .enum(['reject', 'accept'])
    .default('reject')
    .describe('A finish in the same message as code whose output was not seen yet'),
  planAsAnswer: z.enum(['reject', 'accept']).default('reject').describe('A plan given as the answer'),
  onSubcallFault: z
    .enum(['void', 'tell'])
    .default('void')
    .describe(
      'void: the episode is tried again; tell: the code gets an error string and the episode is kept out of RL rows',
    ),
});
export type EnvironmentConfig = z.output<typeof environmentConfigSchema>;
/** As it is written, before defaults are filled. */
export type EnvironmentConfigInput = z.input<typeof environmentConfigSchema>;

export const policiesConfigSchema = z.strictObject({
  root: named('policy').describe('Plays the root call'),
  llm: named('policy').optional().describe('Answers llm calls; defaults to root'),
  rlm: named('policy').optional().describe('Plays rlm children; defaults to root'),
  judge: named('policy').optional().describe('Answers judge calls; never trained'),
});

export const rewardConfigSchema = z.strictObject({
  components: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        weight: z.number().default(1),
        as: z.string().min(1).optional().describe('Its name in the record; needed where a component is there twice'),
      }),
    )
    .min(1)
    .default([{ name: 'correctness', weight: 1 }])
    .describe('Weighted reward functions; each is kept apart in the record'),
});

export const rolloutConfigSchema = z.strictObject({
  group: z.number().int().positive().default(8).describe('Episodes a task and round'),
  rounds: z.number().int().positive().default(1),
  concurrency: z.number().int().positive().default(32).describe('Episodes at once'),
  attempts: z
    .number()
    .int()
    .positive()
    .default(3)
    .describe('Attempts at an episode that the infrastructure failed, the first included'),
  haltAfter: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(50)
    .describe('Stop the run after so many void episodes in a row'),
  haltKilled: z
    .number()
    .positive()
    .max(1)
    .nullable()
    .default(0.2)
    .describe('Stop the run when more than this share of its episodes, of 50 or more, killed their sandbox'),
});

export const curateConfigSchema = z.strictObject({
  correctOnly: z.boolean().default(false).describe('Keep episodes whose correctness is at least `correctAt`'),
  correctAt: z.number().default(1),
  minReward: z.number().nullable().default(null),
  bestN: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('The best episodes of each group, by reward, then cost'),
  capPerTask: z.number().int().positive().nullable().default(null).describe('Episodes of one task over all rounds'),
  passRate: z
    .strictObject({ low: z.number().min(0).max(1).default(0), high: z.number().min(0).max(1).default(1) })
    .refine(({ low, high }) => low <= high, { message: 'low is above high' })
    .nullable()
    .default(null)
    .describe(
      'Keep tasks whose share of correct episodes is in this band, bounds included: not too hard, not too easy',
    ),
  stopReasons: z
    .array(z.string().min(1))
    .min(1)
    .nullable()
    .default(null)
    .describe('Keep episodes that ended so, e.g. [answered]'),
  maxTurns: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Keep episodes with at most so many root texts'),
  maxSubcalls: whole.nullable().default(null).describe('Keep episodes with at most so many sub-calls'),
  maxTokens: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('Keep episodes with at most so many prompt and completion tokens'),
  maxUsd: z
    .number()
    .nonnegative()
    .nullable()
    .default(null)
    .describe('Keep episodes that cost at most so many dollars; one whose price is not known is dropped'),
});

export const exportConfigSchema = z.strictObject({
  curate: curateConfigSchema.prefault({}),
  formats: z.array(z.string().min(1)).min(1).default(['sft-turns', 'rl']),
  rowGroupRows: z.number().int().positive().default(512),
  shardMb: positive.default(256).describe('A shard is closed at about this size, uncompressed'),
  gamma: z.number().min(0).max(1).default(1).describe('Discount for turn returns'),
  license: z.string().default('other').describe('Licence named in the dataset card'),
  title: z.string().optional().describe('Name shown in the dataset card'),
});
export type ExportConfig = z.output<typeof exportConfigSchema>;
export type CurateConfig = z.output<typeof curateConfigSchema>;

/** The whole config of a run. Names are strings here; each folder checks its own. */
export const runConfigSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'letters, digits, dot, dash and underscore, at most 64')
      .describe('Names the run; its directory is runs/<name> unless `run` says otherwise'),
    run: z.string().optional().describe('The run directory'),
    seed: z.number().int().nonnegative().default(0),
    tasks: z.array(tasksConfigSchema).min(1),
    environment: environmentConfigSchema.prefault({}),
    policies: policiesConfigSchema,
    reward: rewardConfigSchema.prefault({}),
    rollout: rolloutConfigSchema.prefault({}),
    export: exportConfigSchema.prefault({}),
  })
  .describe('rlm-gym run');
export type RunConfig = z.output<typeof runConfigSchema>;

/**
 * SHA-256, hex, of what decides the episodes: tasks, environment, policies, reward, group, rounds and seed. Where the
 * run lies, how many episodes go at once and what is exported do not change it, so a run can be resumed with other values.
 */
export function configHash(config: RunConfig): string {
  const { tasks, environment, policies, reward, rollout, seed, name } = config;
  const { workers: _workers, sandbox: _sandbox, ...repl } = environment.repl;
  const identity = {
    name,
    seed,
    tasks,
    environment: { ...environment, repl },
    policies,
    reward,
    group: rollout.group,
    rounds: rollout.rounds,
  };
  return createHash('sha256').update(canonical(identity)).digest('hex');
}

/** JSON with sorted keys, so that equal values have equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item === undefined ? null : item)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
