import { join } from 'node:path';
import type { Column, Row } from './columns/schema.ts';
import { ParquetWriter, type ParquetFile, type UnpublishedFile } from './parquet.ts';

export interface ShardOptions {
  /** The dataset's directory; shards go to `data/` in it. */
  readonly dir: string;
  /** Shards are `data/<name>-00000.parquet`, `data/<name>-00001.parquet`, … */
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rowGroupRows?: number;
  /** A shard is closed once it holds so many bytes of values, before encoding. */
  readonly shardBytes: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A finished shard; its path is relative to the dataset's directory. */
export type Shard = ParquetFile;

/** Writes one table as a series of shards. None has its final name before `publish`; an empty table has one shard. */
export class ShardWriter {
  readonly #options: ShardOptions;
  readonly #finished: UnpublishedFile[] = [];
  #current: ParquetWriter | null = null;

  constructor(options: ShardOptions) {
    this.#options = options;
  }

  async append(row: Row): Promise<void> {
    this.#current ??= await this.#open();
    await this.#current.append(row);
    if (this.#current.rawBytes >= this.#options.shardBytes) await this.#close(this.#current);
  }

  /** Ends the last shard. */
  async finish(): Promise<void> {
    if (this.#current === null && this.#finished.length === 0) this.#current = await this.#open();
    if (this.#current) await this.#close(this.#current);
  }

  /** Gives the shards their names, in order. Call `finish` first. */
  async publish(): Promise<Shard[]> {
    const shards: Shard[] = [];
    for (const file of this.#finished.splice(0)) {
      await file.publish();
      const { rows, bytes, sha256 } = file;
      shards.push({ path: shardPath(this.#options.name, shards.length), rows, bytes, sha256 });
    }
    return shards;
  }

  /** Removes what was written and not published. */
  async abort(): Promise<void> {
    await this.#current?.abort();
    this.#current = null;
    for (const shard of this.#finished.splice(0)) await shard.discard();
  }

  #open(): Promise<ParquetWriter> {
    const { dir, name, columns, rowGroupRows, metadata } = this.#options;
    const path = join(dir, shardPath(name, this.#finished.length));
    return ParquetWriter.open({ path, columns, rowGroupRows, metadata });
  }

  async #close(writer: ParquetWriter): Promise<void> {
    this.#current = null;
    this.#finished.push(await writer.finish());
  }
}

function shardPath(name: string, number: number): string {
  return `data/${name}-${String(number).padStart(5, '0')}.parquet`;
}
