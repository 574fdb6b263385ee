import type { Task } from '../datasets/task.ts';
import { episodeSchemaVersion } from './episode.ts';
import type { Cost, Episode } from './episode.ts';
import type { RlmEpisode } from './rlm-episode.ts';

export interface Identity {
  readonly run: string;
  readonly round: number;
  readonly index: number;
  readonly seed: number;
}

/** The record of an episode as it stands; not scored. */
export function recordOf(
  episode: RlmEpisode,
  task: Task,
  identity: Identity,
  extras: { readonly notes: Readonly<Record<string, string | number>>; readonly timing: Record<string, unknown> },
): Episode {
  const { context } = episode.parts;
  const { run, round, index, seed } = identity;
  const stop = episode.stop ?? { reason: 'running', class: 'infra' as const };
  return {
    schema: episodeSchemaVersion,
    id: `${run}/${round}/${task.id}/${index}`,
    run,
    round,
    taskId: task.id,
    family: task.family,
    index,
    seed,
    query: task.query,
    dialect: episode.parts.dialect.name,
    context: {
      hash: context.hash,
      type: context.type,
      chars: context.chars,
      tokens: context.tokens,
      lines: context.lines,
      documents: context.documents,
    },
    events: episode.events,
    calls: [...episode.calls.values()].map((call) => call.record),
    final: episode.final,
    stop,
    terminated: stop.class === 'answer',
    truncated: stop.class === 'policy',
    reward: null,
    components: {},
    metrics: { ...episode.counters.toRecord(), ...extras.notes },
    cost: costOf(episode),
    timing: { ...extras.timing, cells: episode.cellTimes },
  };
}

/** What the policy used; judges are not its doing, and are counted among the metrics (`judge_tokens`, `judge_usd`). */
function costOf(episode: RlmEpisode): Cost {
  let promptTokens = 0;
  let completionTokens = 0;
  let usd: number | null = 0;
  let texts = 0;
  let cells = 0;
  let subcalls = 0;
  for (const { record } of episode.calls.values()) {
    if (record.kind === 'judge') continue;
    if (record.parent !== null) subcalls += 1;
    for (const turn of record.turns) {
      texts += 1;
      cells += turn.cells.length;
      const usage = turn.sampling.usage;
      promptTokens += usage?.promptTokens ?? 0;
      completionTokens += usage?.completionTokens ?? 0;
      usd = usd === null || usage?.usd == null ? null : usd + usage.usd;
    }
  }
  const rootTurns = episode.root.turn;
  return { promptTokens, completionTokens, usd, texts, rootTurns, subcalls, cells };
}
