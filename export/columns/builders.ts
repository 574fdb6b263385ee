import { makeData, type Bool, type Data, type List, type Struct, type Utf8 } from 'apache-arrow';
import { ColumnError, misfit, type Builder } from './builder.ts';
import { NumberBuilder } from './number-builder.ts';
import { arrowType, type Column, type ColumnType } from './schema.ts';
import { Validity } from './validity.ts';

export function builderFor(type: ColumnType, where: string): Builder {
  if (typeof type === 'object') {
    if ('list' in type) return new ListBuilder(type, where);
    return new StructBuilder(type.struct, where);
  }
  if (type === 'utf8') return new Utf8Builder(where);
  if (type === 'bool') return new BoolBuilder(where);
  return new NumberBuilder(type, where);
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
      children: this.#children.map((child) => child.data()),
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
