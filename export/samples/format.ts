import type { Episode } from '../../env/episode.ts';
import type { Column, Row } from '../columns/schema.ts';

/** What is known of an episode's group: the episodes of one run, round and task. Kept and dropped members count alike. */
export interface GroupFacts {
  readonly id: string;
  /** Members asked for. */
  readonly size: number;
  /** Members with a reward; the advantages are over these. */
  readonly scored: number;
  readonly mean: number | null;
  /** All scored members have the same reward: no advantage to learn from. */
  readonly uniform: boolean | null;
  /** Of this episode; null where it has no reward, or where the formula is not defined for so few members. */
  readonly advantages: {
    readonly mean: number | null;
    readonly grpoStdPop: number | null;
    readonly grpoStdSample: number | null;
    readonly rloo: number | null;
  };
}

export interface SampleContext {
  readonly group: GroupFacts;
  /** Discount of turn returns. */
  readonly gamma: number;
}

/** One way to turn an episode into training rows. */
export interface Format {
  /** `components`: names of the rubric's reward functions, each a column of its own where the format has them. */
  columns(components: readonly string[]): Column[];
  /** The rows of one episode. Pure: equal episodes give equal rows. */
  rows(episode: Episode, context: SampleContext): Row[];
  /** Why a kept episode makes no rows in this format; null where it does. */
  refuses?(episode: Episode): string | null;
}
