import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  Compression,
  Table,
  transformParquetStream,
  WriterPropertiesBuilder,
  WriterVersion,
  type RecordBatch,
  type WriterProperties,
} from 'parquet-wasm';
import { BatchBuilder } from './columns/batch.ts';
import { dictionaryColumns, type Column, type Row } from './columns/schema.ts';

export interface ParquetOptions {
  /** Where the finished file will stand. Until `publish` it does not: an unfinished one is `PATH.PID.tmp`. */
  readonly path: string;
  readonly columns: readonly Column[];
  /** Rows of a row group; a group is closed earlier at `rowGroupBytes`. */
  readonly rowGroupRows?: number;
  readonly rowGroupBytes?: number;
  /** Values are handed to the encoder in batches of about so many bytes. */
  readonly batchBytes?: number;
  /** Kept under the key `rlm_gym` of the file's metadata, as JSON. Put nothing there that changes from run to run. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface ParquetFile {
  readonly path: string;
  readonly rows: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
}

/** A file that is whole and on disk, still under its temporary name. */
export interface UnpublishedFile extends ParquetFile {
  publish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Writes one Parquet file from row objects: Arrow record batches through parquet-wasm, zstd, dictionaries off except
 * for columns that ask for them (they cost a third of the CPU and make files of long texts larger). Memory is bounded
 * by one row group: `append` waits while the encoder or the disk is behind. Equal rows give equal bytes.
 *
 * The bytes go to a temporary name, are synced, and get their final name in `publish`, after which the directory is
 * synced: the final name never holds half a file.
 */
export class ParquetWriter {
  readonly path: string;
  #rows = 0;
  #rawBytes = 0;
  readonly #columns: readonly Column[];
  #batch: BatchBuilder;
  readonly #batchBytes: number;
  readonly #temporary: string;
  readonly #input: WritableStreamDefaultWriter<RecordBatch>;
  /** Settles when the last byte is on disk. */
  readonly #output: Promise<{ bytes: number; sha256: string }>;
  #failure: unknown;
  #flushed = false;

  private constructor(options: ParquetOptions, file: FileHandle, temporary: string) {
    this.path = options.path;
    this.#columns = options.columns;
    this.#batch = new BatchBuilder(options.columns);
    this.#batchBytes = options.batchBytes ?? 2 * 1024 * 1024;
    this.#temporary = temporary;
    const batches = new TransformStream<RecordBatch, RecordBatch>();
    this.#input = batches.writable.getWriter();
    this.#output = drain(batches.readable, writerProperties(options), file);
    // Reported by the next append, or by finish.
    this.#output.catch((error: unknown) => (this.#failure = error));
  }

  static async open(options: ParquetOptions): Promise<ParquetWriter> {
    await mkdir(dirname(options.path), { recursive: true });
    const temporary = `${options.path}.${process.pid}.tmp`;
    return new ParquetWriter(options, await open(temporary, 'w'), temporary);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes of values appended so far, before encoding. */
  get rawBytes(): number {
    return this.#rawBytes + this.#batch.bytes;
  }

  /** Throws `ColumnError` for a row that does not fit the columns; the file is then useless: `abort` it. */
  async append(row: Row): Promise<void> {
    this.#batch.append(row);
    this.#rows += 1;
    if (this.#batch.bytes >= this.#batchBytes) await this.#flush();
  }

  /** Ends the file under its temporary name; `publish` on the result gives it its own. */
  async finish(): Promise<UnpublishedFile> {
    // An empty table still needs one batch: it carries the schema.
    if (this.#batch.rows > 0 || !this.#flushed) await this.#flush();
    await Promise.race([this.#input.close(), this.#output]);
    const { bytes, sha256 } = await this.#output;
    const publish = async (): Promise<void> => {
      await rename(this.#temporary, this.path);
      await syncDirectory(dirname(this.path));
    };
    const discard = (): Promise<void> => rm(this.#temporary, { force: true });
    return { path: this.path, rows: this.#rows, bytes, sha256, publish, discard };
  }

  /** Gives up: nothing stays on disk. */
  async abort(): Promise<void> {
    // The encoder cannot be stopped midway (an error in its input is a trap in WebAssembly): it ends on what it has.
    if (!this.#flushed) {
      this.#batch = new BatchBuilder(this.#columns);
      await this.#flush().catch(() => undefined);
    }
    await Promise.race([this.#input.close().catch(() => undefined), this.#output.catch(() => undefined)]);
    await this.#output.catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }

  async #flush(): Promise<void> {
    this.#rawBytes += this.#batch.bytes;
    const [batch] = Table.fromIPCStream(this.#batch.takeIpc()).recordBatches();
    if (!batch) throw new Error(`${this.path}: the encoder took no batch`);
    if (this.#failure) throw this.#failure;
    this.#flushed = true;
    await Promise.race([this.#input.write(batch), this.#output]);
  }
}

function writerProperties(options: ParquetOptions): WriterProperties {
  let builder = new WriterPropertiesBuilder()
    .setWriterVersion(WriterVersion.V1)
    .setCompression(Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setMaxRowGroupSize(options.rowGroupRows ?? 512)
    .setMaxRowGroupBytes(options.rowGroupBytes ?? 64 * 1024 * 1024)
    .setCreatedBy('rlm-gym')
    .setKeyValueMetadata(new Map([['rlm_gym', JSON.stringify(options.metadata ?? {})]]));
  for (const name of dictionaryColumns(options.columns)) builder = builder.setColumnDictionaryEnabled(name, true);
  return builder.build();
}

async function drain(
  batches: ReadableStream<RecordBatch>,
  properties: WriterProperties,
  file: FileHandle,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    const encoded: ReadableStream<Uint8Array> = await transformParquetStream(batches, properties);
    for await (const chunk of encoded) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten;
      bytes += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Makes a rename durable. Windows has no way to sync a directory, and needs none. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
