import { episodeSchemaVersion } from '../env/episode.ts';
import type { Episode, InfraFailure } from '../env/episode.ts';
import { episodeId } from './episode-id.ts';
import type { EpisodePlace } from './episode-id.ts';
import type { StoredTask } from './task-table.ts';

/** The record of an episode whose environment left none: what was to be played, and why it was not. Never scored. */
export function emptyVoidEpisode(options: {
  readonly place: EpisodePlace;
  readonly task: StoredTask;
  readonly seed: number;
  readonly dialect: string;
  readonly failure: InfraFailure;
  readonly message: string;
}): Episode {
  const { place, task, seed, dialect, failure, message } = options;
  const { hash, type, chars, tokens, lines, documents } = task.context;
  return {
    schema: episodeSchemaVersion,
    id: episodeId(place),
    run: place.run,
    round: place.round,
    taskId: place.taskId,
    family: task.family,
    index: place.index,
    seed,
    query: task.query,
    dialect,
    context: { hash, type, chars, tokens, lines, documents },
    events: [],
    calls: [],
    final: null,
    stop: { reason: failure, class: 'infra', message },
    terminated: false,
    truncated: false,
    reward: null,
    components: {},
    metrics: {},
    cost: { promptTokens: 0, completionTokens: 0, usd: null, texts: 0, rootTurns: 0, subcalls: 0, cells: 0 },
    timing: {},
  };
}
