import { mix } from '../env/seed.ts';

/** One episode of a run, before it is played. */
export interface EpisodePlace {
  readonly run: string;
  readonly round: number;
  readonly taskId: string;
  readonly index: number;
}

/** `run/round/task/index`. */
export function episodeId({ run, round, taskId, index }: EpisodePlace): string {
  return `${run}/${round}/${taskId}/${index}`;
}

/** Seed of an episode's environment; equal for equal run seeds, tasks, rounds and indexes. */
export function episodeSeed(runSeed: number, { taskId, round, index }: Omit<EpisodePlace, 'run'>): number {
  return mix('episode', runSeed, taskId, round, index);
}

/** The source of every draw that a policy makes for one call. */
export function drawOf(runSeed: number, { taskId, round, index }: Omit<EpisodePlace, 'run'>, call: string): number {
  return mix('draw', runSeed, taskId, round, index, call);
}
