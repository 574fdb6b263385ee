import type { Task } from '../datasets/task.ts';
import type { Environment, StepInput } from '../env/environment.ts';
import type { Episode, EpisodeEvent, InfraFailure } from '../env/episode.ts';

export interface Replayed {
  readonly episode: Episode;
  /** Where the new record first differs from the old one outside `timing`, or null. */
  readonly difference: Difference | null;
}

export interface Difference {
  /** The place in the record, e.g. `calls.0.turns.2.cells.0.stdout`. */
  readonly path: string;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/**
 * Plays a stored episode again without a model: the events of its record are told to a fresh environment in the order
 * of their `seq`. Order is all that matters (children's answers reach a cell in it), so no policy could do this.
 * Limits inside a cell are the environment's own events: an environment made with `recorded` applies those of the record.
 */
export async function replayEpisode(env: Environment, task: Task, record: Episode): Promise<Replayed> {
  const { run, round, index, seed } = record;
  await env.reset({ task, seed, identity: { run, round, index } });
  const calls = new Map(record.calls.map((call) => [call.id, call]));
  const notes = policyNotes(record);
  for (const [at, event] of record.events.entries()) {
    const step = stepOf(event, calls, record);
    if (step === 'textless') {
      const difference = { path: `events.${at}`, recorded: event, replayed: 'the record has no text of that turn' };
      return { episode: env.episode(), difference };
    }
    if (step) await env.step(event.call === '0' ? { ...step, notes } : step);
  }
  const episode = env.episode();
  const { stop } = episode;
  if (stop.class === 'infra' && stop.reason !== 'running' && record.stop.class !== 'infra') {
    // Where it stopped is chance; that it did is what to tell.
    return { episode, difference: { path: 'stop', recorded: record.stop, replayed: stop } };
  }
  return { episode, difference: firstDifference(withoutTiming(record), withoutTiming(episode), '') };
}

/** What to tell the environment; null for what it tells itself, `textless` where the record does not hold the text. */
function stepOf(
  event: EpisodeEvent,
  calls: ReadonlyMap<string, Episode['calls'][number]>,
  record: Episode,
): StepInput | 'textless' | null {
  if (event.type === 'unknown') return { call: event.call, message: '' };
  if (event.type === 'fault') {
    return { call: event.call, fault: { class: event.class as InfraFailure, message: record.stop.message } };
  }
  if (event.type === 'limit') {
    if (event.cell !== undefined) return null;
    return { call: event.call, limit: { kind: event.kind as 'wall', message: record.stop.message } };
  }
  const turn = calls.get(event.call)?.turns[event.turn];
  if (!turn) return 'textless';
  const { content, reasoning, toolCalls, sampling } = turn;
  return { call: event.call, message: { content, reasoning, toolCalls }, sampling };
}

/** What the policy told about itself lies in the metrics as `policy_<key>`. */
function policyNotes(record: Episode): Record<string, string | number> {
  const notes = Object.entries(record.metrics).filter(([key]) => key.startsWith('policy_'));
  return Object.fromEntries(notes.map(([key, value]) => [key.slice('policy_'.length), value]));
}

function withoutTiming({ timing: _timing, ...record }: Episode): unknown {
  return JSON.parse(JSON.stringify(record));
}

/** The first place, in the order of fields, where two JSON values differ. */
export function firstDifference(recorded: unknown, replayed: unknown, path: string): Difference | null {
  if (Object.is(recorded, replayed)) return null;
  const both = [recorded, replayed];
  if (
    both.some((value) => value === null || typeof value !== 'object') ||
    Array.isArray(recorded) !== Array.isArray(replayed)
  ) {
    return { path, recorded, replayed };
  }
  const left = recorded as Record<string, unknown>;
  const right = replayed as Record<string, unknown>;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = firstDifference(left[key], right[key], path === '' ? key : `${path}.${key}`);
    if (found) return found;
  }
  return null;
}
