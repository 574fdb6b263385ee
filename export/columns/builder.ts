import type { Data } from 'apache-arrow';

/** A value that does not fit its column; the message names the column, the row and the value. */
export class ColumnError extends Error {
  override name = 'ColumnError';
}

/**
 * Collects the values of one column of a batch in typed arrays that grow by doubling and are kept from batch to
 * batch. `data()` gives views of them: they must be copied before the next `append` (writing an IPC message does).
 */
export interface Builder {
  /** Bytes appended since the last reset, offsets left out. */
  readonly bytes: number;
  readonly length: number;
  append(value: unknown): void;
  data(): Data;
  reset(): void;
}

export function misfit(where: string, wanted: string, value: unknown): ColumnError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return new ColumnError(`column ${where} holds ${wanted}; ${shown} (${typeof value}) does not fit`);
}
