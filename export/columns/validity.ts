/** One bit a value, set where there is one; not kept at all while no value was null. */
export class Validity {
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
