import { runConfigSchema } from '../configs/schema.ts';
import type { RunConfig } from '../configs/schema.ts';
import { episodeSchema, episodeSchemaVersion } from '../env/episode.ts';
import type { Episode } from '../env/episode.ts';
import type { StoredTask } from './task-table.ts';

/** A run config for tests; what is not named is filled in. */
export function testConfig(config: object = {}): RunConfig {
  return runConfigSchema.parse({
    name: 'test',
    tasks: [{ family: 'test' }],
    policies: { root: { name: 'scripted' } },
    ...config,
  });
}

/** An episode that was answered and scored 1, in a record that fits the schema; what `patch` names is put in its place. */
export function testEpisode(options: {
  readonly run: string;
  readonly task: StoredTask;
  readonly index: number;
  readonly patch?: Partial<Episode>;
}): Episode {
  const { run, task, index, patch } = options;
  const { hash, type, chars, tokens, lines, documents } = task.context;
  return episodeSchema.parse({
    schema: episodeSchemaVersion,
    id: `${run}/0/${task.id}/${index}`,
    run,
    round: 0,
    taskId: task.id,
    family: task.family,
    index,
    seed: 1,
    query: task.query,
    dialect: 'javascript',
    context: { hash, type, chars, tokens, lines, documents },
    events: [],
    calls: [],
    final: { answer: '42', source: 'FINAL', call: '0', turn: 0, cut: 0 },
    stop: { reason: 'answered', class: 'answer' },
    terminated: true,
    truncated: false,
    reward: 1,
    components: { correctness: { value: 1, weight: 1 } },
    metrics: {},
    cost: { promptTokens: 1, completionTokens: 1, usd: null, texts: 1, rootTurns: 1, subcalls: 0, cells: 0 },
    timing: {},
    ...patch,
  });
}
