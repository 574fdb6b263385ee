import type { Episode } from '../../env/episode.ts';
import type { Advantages, GroupAdvantages } from '../../reward/advantages.ts';
import type { Column, Row } from '../columns/schema.ts';

/** What is known of an episode's group (the episodes of one run, round and task) and of its place in it. */
export interface GroupFacts extends Omit<GroupAdvantages, 'members'>, Advantages {
  readonly group_id: string;
  /** Members asked for. */
  readonly group_size: number;
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
