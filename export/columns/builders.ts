import { makeData, type Bool, type Data, type DataType, type List, type Struct, type Utf8 } from 'apache-arrow';
import { arrowType, type Column, type ColumnType, type Primitive } from './schema.ts';

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

export function builderFor(type: ColumnType, where: string): Builder {
  if (typeof type === 'object') {
    if ('list' in type) return new ListBuilder(type, where);
    return new StructBuilder(type.struct, where);
  }
  if (type === 'utf8') return new Utf8Builder(where);
  if (type === 'bool') return new BoolBuilder(where);
  return new NumberBuilder(type, where);
}

/** One bit a value, set where there is one; not kept at all while no value was null. */
class Validity {
  nulls = 0;
  #bits = new Uint8Array(0);

  null(index: number): void {
    if (this.nulls === 0) this.#bits.fill(0xff);
    this.#reserve(index);
    this.#bits[index >> 3]! &= ~(1 << (index & 7));
    this.nulls += 1;
  }

  /** The bitmap of `length` values; undefined where none is null. */
  bitmap(length: number): Uint8Array | undefined {
    if (this.nulls === 0) return undefined;
    if (length > 0) this.#reserve(length - 1);
    return this.#bits.subarray(0, (length + 7) >> 3);
  }

  reset(): void {
    this.nulls = 0;
  }

  #reserve(index: number): void {
    const need = (index >> 3) + 1;
    if (this.#bits.length >= need) return;
    const grown = new Uint8Array(Math.max(64, need * 2)).fill(0xff);
    grown.set(this.#bits);
    this.#bits = grown;
  }
}

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

class NumberBuilder implements Builder {
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

class BoolBuilder implements Builder {
  length = 0;
  readonly #where: string;
  readonly #validity = new Validity();
  #bits = new Uint8Array(64);

  constructor(where: string) {
    this.#where = where;
  }

  get bytes(): number {
    return (this.length + 7) >> 3;
  }

  append(value: unknown): void {
    const at = this.length >> 3;
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(this.#bits.length * 2);
      grown.set(this.#bits);
      this.#bits = grown;
    }
    const bit = 1 << (this.length & 7);
    if (value === true) this.#bits[at]! |= bit;
    else this.#bits[at]! &= ~bit;
    if (value === null || value === undefined) this.#validity.null(this.length);
    else if (typeof value !== 'boolean') throw misfit(this.#where, 'bool', value);
    this.length += 1;
  }

  data(): Data<Bool> {
    return makeData({
      type: arrowType('bool') as Bool,
      length: this.length,
      nullCount: this.#validity.nulls,
      nullBitmap: this.#validity.bitmap(this.length),
      data: this.#bits.subarray(0, this.bytes),
    });
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
  }
}

/** A lone surrogate has no UTF-8 form and becomes U+FFFD. */
class Utf8Builder implements Builder {
  length = 0;
  bytes = 0;
  readonly #where: string;
  readonly #validity = new Validity();
  #text = Buffer.allocUnsafeSlow(4096);
  #offsets = new Int32Array(256);

  constructor(where: string) {
    this.#where = where;
  }

  append(value: unknown): void {
    if (this.length + 2 > this.#offsets.length) this.#offsets = grow(this.#offsets);
    if (value === null || value === undefined) {
      this.#validity.null(this.length);
    } else if (typeof value === 'string') {
      // Three bytes a UTF-16 unit is the most UTF-8 can need; the exact length is counted only near the end.
      if (this.bytes + value.length * 3 > this.#text.length) this.#reserve(Buffer.byteLength(value, 'utf8'));
      this.bytes += this.#text.write(value, this.bytes, 'utf8');
    } else {
      throw misfit(this.#where, 'a string', value);
    }
    this.length += 1;
    this.#offsets[this.length] = this.bytes;
  }

  data(): Data<Utf8> {
    return makeData({
      type: arrowType('utf8') as Utf8,
      length: this.length,
      nullCount: this.#validity.nulls,
      nullBitmap: this.#validity.bitmap(this.length),
      valueOffsets: this.#offsets.subarray(0, this.length + 1),
      data: this.#text.subarray(0, this.bytes),
    });
  }

  reset(): void {
    this.length = 0;
    this.bytes = 0;
    this.#validity.reset();
  }

  #reserve(more: number): void {
    const need = this.bytes + more;
    if (need <= this.#text.length) return;
    if (need > 0x7fffffff)
      throw new ColumnError(`${this.#where}: over 2 GiB of text in one batch; lower the batch size`);
    const grown = Buffer.allocUnsafeSlow(Math.min(0x7fffffff, Math.max(need, this.#text.length * 2)));
    this.#text.copy(grown, 0, 0, this.bytes);
    this.#text = grown;
  }
}

class ListBuilder implements Builder {
  length = 0;
  readonly #where: string;
  readonly #type: ColumnType;
  readonly #child: Builder;
  readonly #validity = new Validity();
  #offsets = new Int32Array(256);

  constructor(type: { readonly list: ColumnType }, where: string) {
    this.#where = where;
    this.#type = type;
    this.#child = builderFor(type.list, `${where}[]`);
  }

  get bytes(): number {
    return this.#child.bytes;
  }

  append(value: unknown): void {
    if (this.length + 2 > this.#offsets.length) this.#offsets = grow(this.#offsets);
    if (value === null || value === undefined) {
      this.#validity.null(this.length);
    } else if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const list = value as ArrayLike<unknown>;
      if (this.#child instanceof NumberBuilder) this.#child.appendAll(list);
      else for (let index = 0; index < list.length; index += 1) this.#child.append(list[index]);
    } else {
      throw misfit(this.#where, 'an array', value);
    }
    this.length += 1;
    this.#offsets[this.length] = this.#child.length;
  }

  data(): Data<List> {
    return makeData({
      type: arrowType(this.#type) as List,
      length: this.length,
      nullCount: this.#validity.nulls,
      nullBitmap: this.#validity.bitmap(this.length),
      valueOffsets: this.#offsets.subarray(0, this.length + 1),
      child: this.#child.data(),
    });
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
    this.#child.reset();
  }
}

class StructBuilder implements Builder {
  length = 0;
  readonly #where: string;
  readonly #members: readonly Column[];
  readonly #children: readonly Builder[];
  readonly #validity = new Validity();

  constructor(members: readonly Column[], where: string) {
    this.#where = where;
    this.#members = members;
    this.#children = members.map((member) => builderFor(member.type, `${where}.${member.name}`));
  }

  get bytes(): number {
    let sum = 0;
    for (const child of this.#children) sum += child.bytes;
    return sum;
  }

  append(value: unknown): void {
    const members = this.#members;
    if (value === null || value === undefined) {
      this.#validity.null(this.length);
      for (const child of this.#children) child.append(null);
    } else if (typeof value === 'object') {
      const object = value as Record<string, unknown>;
      for (let index = 0; index < members.length; index += 1) {
        this.#children[index]!.append(object[members[index]!.name]);
      }
    } else {
      throw misfit(this.#where, 'an object', value);
    }
    this.length += 1;
  }

  data(): Data<Struct> {
    return makeData({
      type: arrowType({ struct: this.#members }) as Struct,
      length: this.length,
      nullCount: this.#validity.nulls,
      nullBitmap: this.#validity.bitmap(this.length),
      children: this.#children.map((child) => child.data()) as Data<DataType>[],
    });
  }

  reset(): void {
    this.length = 0;
    this.#validity.reset();
    for (const child of this.#children) child.reset();
  }
}

function grow(offsets: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(offsets.length * 2);
  grown.set(offsets);
  return grown;
}

function misfit(where: string, wanted: string, value: unknown): ColumnError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return new ColumnError(`column ${where} holds ${wanted}; ${shown} (${typeof value}) does not fit`);
}
