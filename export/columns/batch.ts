import { makeData, RecordBatch, RecordBatchStreamWriter, Struct, type Schema } from 'apache-arrow';
import { ColumnError, type Builder } from './builder.ts';
import { builderFor } from './builders.ts';
import { arrowSchema, type Column, type Row } from './schema.ts';

/** Gathers rows into Arrow record batches, one set of typed arrays kept from batch to batch. */
export class BatchBuilder {
  readonly schema: Schema;
  readonly #names: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #builders: readonly Builder[];
  #rows = 0;

  constructor(columns: readonly Column[]) {
    this.schema = arrowSchema(columns);
    this.#names = columns.map((column) => column.name);
    this.#known = new Set(this.#names);
    if (this.#known.size !== columns.length) throw new ColumnError('two columns have the same name');
    this.#builders = columns.map((column) => builderFor(column.type, column.name));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes of values gathered since the last batch. */
  get bytes(): number {
    let sum = 0;
    for (const builder of this.#builders) sum += builder.bytes;
    return sum;
  }

  /** Throws {@link ColumnError} for a value that does not fit its column, or a value that has no column. */
  append(row: Row): void {
    for (const name in row) {
      if (!this.#known.has(name)) throw new ColumnError(`a row has "${name}", which is no column of this table`);
    }
    for (let index = 0; index < this.#builders.length; index += 1) {
      this.#builders[index]!.append(row[this.#names[index]!]);
    }
    this.#rows += 1;
  }

  /** The rows so far as one Arrow IPC stream (schema and one batch), and begins anew. */
  takeIpc(): Uint8Array {
    const data = makeData({
      type: new Struct(this.schema.fields),
      length: this.#rows,
      nullCount: 0,
      children: this.#builders.map((builder) => builder.data()),
    });
    const bytes = RecordBatchStreamWriter.writeAll([new RecordBatch(this.schema, data)]).toUint8Array(true);
    for (const builder of this.#builders) builder.reset();
    this.#rows = 0;
    return bytes;
  }
}
