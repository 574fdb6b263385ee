import type { WaterfallStep } from './curate.ts';
import type { Shard } from './shards.ts';

export interface ExportedFile extends Shard {
  readonly format: string;
  readonly split: string;
}

export interface ExportedFormat {
  readonly format: string;
  readonly rows: number;
  /** Kept episodes that made at least one row. */
  readonly episodes: number;
  /** Kept episodes that this format takes none of, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface ExportResult {
  /** Equal for equal runs and equal export configs. */
  readonly exportId: string;
  readonly out: string;
  /** Which version of the scores it rests on. */
  readonly scoreVersion: number;
  readonly episodes: number;
  readonly kept: number;
  readonly dropped: number;
  readonly waterfall: readonly WaterfallStep[];
  readonly formats: readonly ExportedFormat[];
  readonly files: readonly ExportedFile[];
}
