import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { canonical, rewardConfigSchema, type ExportConfig } from '../configs/schema.ts';
import type { ScoreVersion } from '../rollout/scores.ts';
import type { RunStore } from '../rollout/store.ts';
import { packageVersion } from '../rollout/version.ts';
import { datasetCard } from './card.ts';
import type { Column } from './columns/schema.ts';
import { curate } from './curate.ts';
import { clearStaleShards, claimDirectory, writeWhole } from './directory.ts';
import { formats } from './formats.ts';
import { groupsOf } from './groups.ts';
import { writeLedger } from './ledger.ts';
import { readSummaries, type EpisodeSummary } from './run-queries.ts';
import { componentColumn } from './samples/rl-columns.ts';
import type { ExportedFile, ExportResult } from './result.ts';
import { ShardWriter } from './shards.ts';

/** Raised when a column changes its meaning or its name; kept in each shard's metadata. */
export const sampleSchemaVersion = 1;

export interface ExportRunOptions {
  readonly store: RunStore;
  /** `export` of the run's config, or another one. */
  readonly config?: ExportConfig;
  /** The dataset's directory; `dataset` in the run's directory without it. */
  readonly out?: string;
  /** Which version of the scores counts; see `rescoreRun`. @default the newest */
  readonly scoreVersion?: number;
  /** Told after each kept episode. */
  readonly onProgress?: (done: number, kept: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes the dataset of a run: curates its episodes, turns the kept ones into rows of each format, and leaves shards,
 * a dataset card (`README.md`), the ledger (`ledger.jsonl`) and `export.json` in `out`; the ledger goes to the run's
 * store too.
 *
 * Two passes: columns of all episodes for curation, then the kept records one at a time, so memory does not grow with
 * the texts. Equal episodes and an equal config give equal bytes. Files get their names only once all are whole; the
 * shards of an earlier export into the same directory are then replaced. Throws where `out` holds something else.
 */
export async function exportRun(options: ExportRunOptions): Promise<ExportResult> {
  const { store } = options;
  const config = options.config ?? store.config.export;
  const out = resolve(options.out ?? join(store.dir, 'dataset'));
  for (const name of config.formats) formats.get(name);
  const scores = store.scores.choose(options.scoreVersion);
  await claimDirectory(out);

  const exportId = createHash('sha256')
    .update(canonical({ run: store.configHash, export: config, schema: sampleSchemaVersion, ...rescored(scores) }))
    .digest('hex')
    .slice(0, 12);
  const summaries = readSummaries(store.database, scores.version);
  const curation = curate(summaries, config.curate);
  const kept = summaries.filter((_, at) => curation.ledger[at]!.kept);
  const notes = new Map<string, string[]>();
  const tables = openTables({ store, config, out, kept, scores });
  let files: ExportedFile[];
  try {
    await fill({ ...options, config, summaries, kept, tables, notes, scoreVersion: scores.version });
    for (const table of tables) for (const shards of table.splits.values()) await shards.finish();
    files = await publish(tables);
  } catch (error) {
    for (const table of tables) for (const shards of table.splits.values()) await shards.abort();
    throw error;
  }
  await clearStaleShards(
    out,
    files.map((file) => file.path),
  );

  const ledger = curation.ledger.map((row) =>
    notes.has(row.episodeId) ? { ...row, detail: notes.get(row.episodeId)!.join('; ') } : row,
  );
  const result: ExportResult = {
    exportId,
    out,
    scoreVersion: scores.version,
    episodes: summaries.length,
    kept: kept.length,
    dropped: summaries.length - kept.length,
    waterfall: curation.waterfall,
    formats: tables.map(({ name, rows, episodes, refused }) => ({ format: name, rows, episodes, refused })),
    files,
  };
  // The manifest first: it marks the directory as ours, should the process end before the card is written.
  const { out: _out, ...manifest } = result;
  const json = JSON.stringify({ schema: sampleSchemaVersion, ...manifest }, null, 2);
  await writeWhole(join(out, 'export.json'), `${json}\n`);
  await writeWhole(join(out, 'ledger.jsonl'), ledger.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const columns = new Map(tables.map((table) => [table.name, table.columns]));
  await writeWhole(join(out, 'README.md'), datasetCard({ store, config, result, summaries, ledger, columns }));
  writeLedger(store.database, {
    exportId,
    scoreVersion: scores.version,
    config,
    ledger,
    formats: result.formats,
    files,
  });
  return result;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly splits: Map<string, ShardWriter>;
  readonly open: (split: string) => ShardWriter;
  rows: number;
  episodes: number;
  readonly refused: Record<string, number>;
}

function openTables(of: {
  store: RunStore;
  config: ExportConfig;
  out: string;
  kept: readonly EpisodeSummary[];
  scores: ScoreVersion;
}): Table[] {
  const { store, config, out, scores } = of;
  const first = of.kept[0] && store.episode(of.kept[0].episodeId, { scoreVersion: scores.version });
  const rubric = rewardConfigSchema.safeParse(scores.reward).data?.components ?? [];
  const components = [
    ...new Set([...rubric.map(({ name, as }) => as ?? name), ...Object.keys(first?.components ?? {})]),
  ];
  return config.formats.map((name) => {
    const columns = formats.get(name).make.columns(components);
    const open = (split: string): ShardWriter =>
      new ShardWriter({
        dir: out,
        name: `${name}-${split}`,
        columns,
        rowGroupRows: config.rowGroupRows,
        shardBytes: config.shardMb * 1e6,
        // Nothing here may differ between two runs of one config: shards of equal rows have equal bytes.
        metadata: {
          schema_version: sampleSchemaVersion,
          format: name,
          split,
          run: store.config.name,
          config_hash: store.configHash,
          version: packageVersion,
          score_version: scores.version,
          components: Object.fromEntries(components.map((component) => [componentColumn(component), component])),
        },
      });
    return { name, columns, splits: new Map(), open, rows: 0, episodes: 0, refused: {} };
  });
}

/** What a score version but the first adds to an export's identity. */
function rescored({ version, reward }: ScoreVersion): object {
  return version === 1 ? {} : { scores: { version, reward } };
}

async function fill(of: {
  readonly store: RunStore;
  readonly config: ExportConfig;
  readonly summaries: readonly EpisodeSummary[];
  readonly kept: readonly EpisodeSummary[];
  readonly tables: readonly Table[];
  readonly notes: Map<string, string[]>;
  readonly scoreVersion: number;
  readonly onProgress?: (done: number, kept: number) => void;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const { store, config, kept, tables } = of;
  const groups = groupsOf(of.summaries, store.config.rollout.group);
  for (const [done, summary] of kept.entries()) {
    of.signal?.throwIfAborted();
    const episode = store.episode(summary.episodeId, { scoreVersion: of.scoreVersion });
    if (!episode) throw new Error(`${store.dir}: episode ${summary.episodeId} went away; export again`);
    const context = { group: groups.factsOf(summary), gamma: config.gamma };
    for (const table of tables) {
      const format = formats.get(table.name).make;
      const refusal = format.refuses?.(episode) ?? null;
      if (refusal !== null) {
        table.refused[refusal] = (table.refused[refusal] ?? 0) + 1;
        of.notes.set(episode.id, [...(of.notes.get(episode.id) ?? []), `not in ${table.name}: ${refusal}`]);
        continue;
      }
      const rows = format.rows(episode, context);
      if (rows.length === 0) continue;
      const shards = table.splits.get(summary.split) ?? table.open(summary.split);
      table.splits.set(summary.split, shards);
      for (const row of rows) await shards.append(row);
      table.rows += rows.length;
      table.episodes += 1;
    }
    of.onProgress?.(done + 1, kept.length);
  }
  // A format without rows still has a file: readers find its columns and no rows, instead of nothing.
  for (const table of tables) if (table.splits.size === 0) table.splits.set('train', table.open('train'));
}

async function publish(tables: readonly Table[]): Promise<ExportedFile[]> {
  const files: ExportedFile[] = [];
  for (const { name, splits } of tables) {
    for (const [split, shards] of splits) {
      for (const shard of await shards.publish()) files.push({ format: name, split, ...shard });
    }
  }
  return files;
}
