import { makeData, type Data } from 'apache-arrow';
import { misfit, type Builder } from './builder.ts';
import { arrowType, type Primitive } from './schema.ts';
import { Validity } from './validity.ts';

type NumberType = Exclude<Primitive, 'utf8' | 'bool'>;
type NumberArray = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

const arrays = {
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

const int64Limit = 2n ** 63n;

export class NumberBuilder implements Builder {
  length = 0;
  readonly #type: NumberType;
  readonly #where: string;
  readonly #validity = new Validity();
  #values: NumberArray;

  constructor(type: NumberType, where: string) {
    this.#type = type;
    this.#where = where;
    this.#values = new arrays[type](256);
  }

  get bytes(): number {
    return this.length * this.#values.BYTES_PER_ELEMENT;
  }

  append(value: unknown): void {
    this.#reserve(1);
    if (value === null || value === undefined) {
      this.#validity.null(this.length);
      this.#values[this.length] = this.#type === 'int64' ? 0n : 0;
    } else {
      this.#values[this.length] = this.#checked(value);
    }
    this.length += 1;
  }

  /** Appends a whole list; much cheaper than one by one. */
  appendAll(list: ArrayLike<unknown>): void {
    const count = list.length;
    this.#reserve(count);
    if (list instanceof arrays[this.#type]) {
      (this.#values as Uint8Array).set(list as Uint8Array, this.length);
      this.length += count;
      return;
    }
    const values = this.#values as Float64Array;
    let at = this.length;
    if (this.#type === 'int32') {
      for (let index = 0; index < count; index += 1) {
        const value = list[index] as number;
        if ((value | 0) !== value) return this.#slowly(list, index);
        values[at] = value;
        at += 1;
        this.length = at;
      }
    } else if (this.#type === 'float32' || this.#type === 'float64') {
      for (let index = 0; index < count; index += 1) {
        const value = list[index];
        if (typeof value !== 'number') return this.#slowly(list, index);
        values[at] = value;
        at += 1;
        this.length = at;
      }
    } else {
      this.#slowly(list, 0);
    }
  }

  data(): Data {
    return makeData({
      type: arrowType(this.#type),
      length: this.length,
      nullCount: this.#validity.nulls,
      nullBitmap: this.#validity.bitmap(this.length),
      data: this.#values.subarray(0, this.length),
    } as Parameters<typeof makeData>[0]);
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
  }

  #slowly(list: ArrayLike<unknown>, from: number): void {
    for (let index = from; index < list.length; index += 1) this.append(list[index]);
  }

  #checked(value: unknown): number | bigint {
    if (this.#type === 'float32' || this.#type === 'float64') {
      if (typeof value === 'number') return value;
    } else if (this.#type === 'int64') {
      const big = typeof value === 'bigint' ? value : Number.isInteger(value) ? BigInt(value as number) : null;
      if (big !== null && big >= -int64Limit && big < int64Limit) return big;
    } else if (typeof value === 'number') {
      if (this.#type === 'int32' && (value | 0) === value) return value;
      if (this.#type === 'uint8' && (value & 0xff) === value) return value;
    }
    throw misfit(this.#where, this.#type, value);
  }

  #reserve(more: number): void {
    const need = this.length + more;
    if (need <= this.#values.length) return;
    const grown = new arrays[this.#type](Math.max(need, this.#values.length * 2));
    (grown as Uint8Array).set(this.#values.subarray(0, this.length) as Uint8Array);
    this.#values = grown;
  }
}
