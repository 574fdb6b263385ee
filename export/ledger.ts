import type { DatabaseSync } from 'node:sqlite';
import type { ExportConfig } from '../configs/schema.ts';
import type { LedgerRow } from './curate.ts';
import type { ExportedFile, ExportedFormat } from './result.ts';

export interface ExportRecord {
  readonly exportId: string;
  readonly scoreVersion: number;
  readonly config: ExportConfig;
  readonly ledger: readonly LedgerRow[];
  readonly formats: readonly ExportedFormat[];
  readonly files: readonly ExportedFile[];
}

/** Keeps an export in the store's tables `exports` and `ledger`, in one transaction; an earlier one of that id is replaced. */
export function writeLedger(database: DatabaseSync, record: ExportRecord): void {
  const { exportId, scoreVersion, config, ledger, formats, files } = record;
  database.exec('BEGIN IMMEDIATE');
  try {
    database.prepare('DELETE FROM ledger WHERE export_id = ?').run(exportId);
    database.prepare('DELETE FROM exports WHERE export_id = ?').run(exportId);
    const putLedger = database.prepare(
      'INSERT INTO ledger (export_id, episode_id, kept, rule, detail) VALUES (?, ?, ?, ?, ?)',
    );
    for (const row of ledger) putLedger.run(exportId, row.episodeId, Number(row.kept), row.rule, row.detail);
    const putExport = database.prepare(
      'INSERT INTO exports (export_id, format, rows, episodes, files, options, created_at, score_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    const createdAt = new Date().toISOString();
    for (const { format, rows, episodes } of formats) {
      const own = files.filter((file) => file.format === format);
      putExport.run(
        exportId,
        format,
        rows,
        episodes,
        JSON.stringify(own),
        JSON.stringify(config),
        createdAt,
        scoreVersion,
      );
    }
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
