export { datasetCard, type CardData } from './card.ts';
export { ColumnError } from './columns/builder.ts';
export { listOf, typeName, type Column, type ColumnType, type Row } from './columns/schema.ts';
export {
  activeRules,
  curate,
  curationRules,
  type Candidate,
  type Curation,
  type CurationRule,
  type LedgerRow,
  type WaterfallStep,
} from './curate.ts';
export { ExportError } from './directory.ts';
export { exportRun, sampleSchemaVersion, type ExportRunOptions } from './export-run.ts';
export { formats } from './formats.ts';
export { groupFacts, groupsOf } from './groups.ts';
export { ParquetWriter, type ParquetFile, type ParquetOptions, type UnpublishedFile } from './parquet.ts';
export { buildReport, type ReportOptions } from './report/build.ts';
export { reportSchema, reportSchemaVersion, type Estimate, type ReportData, type Summary } from './report/data.ts';
export { renderHtml } from './report/html.ts';
export { renderText } from './report/text.ts';
export type { ExportedFile, ExportedFormat, ExportResult } from './result.ts';
export type { Format, GroupFacts, SampleContext } from './samples/format.ts';
export { rl } from './samples/rl.ts';
export { rlColumns } from './samples/rl-columns.ts';
export { sftTurns } from './samples/sft-turns.ts';
export { ShardWriter, type Shard, type ShardOptions } from './shards.ts';
