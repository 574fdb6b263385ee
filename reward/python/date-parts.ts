/** Bad text: `dateutil` raises a ValueError or an IndexError there. */
export class NotADate extends Error {
  override name = 'NotADate';
}

export function daysIn(year: number, month: number): number {
  if (month < 1 || month > 12) throw new NotADate('no such month');
  return new Date(Date.UTC(year < 100 ? year + 400 : year, month, 0)).getUTCDate();
}

/** The year, month and day of a date while they are collected, and which of them is which where that was told. */
export class DateParts {
  readonly values: number[] = [];
  centuryGiven = false;
  #year: number | undefined;
  #month: number | undefined;
  #day: number | undefined;

  /** Adds digits as written; more than two of them are a year. */
  addText(text: string | undefined, label?: 'Y'): void {
    if (text === undefined) throw new NotADate('nothing follows');
    if (!/^\d+$/.test(text)) throw new NotADate('not digits');
    const year = text.length > 2;
    if (year) this.centuryGiven = true;
    this.#add(Number(text), year ? 'Y' : label);
  }

  /** Adds a number; above 100 it is a year. */
  addNumber(value: number, label?: 'M'): void {
    if (value > 100) {
      this.centuryGiven = true;
      if (label) throw new NotADate('a month above 100');
      this.#add(Math.trunc(value), 'Y');
    } else this.#add(Math.trunc(value), label);
  }

  couldBeDay(value: number): boolean {
    if (this.#day !== undefined) return false;
    if (this.#month === undefined) return value >= 1 && value <= 31;
    const month = this.values[this.#month]!;
    const year = this.#year === undefined ? 2000 : this.values[this.#year]!;
    return value >= 1 && value <= daysIn(year, month);
  }

  #add(value: number, label: 'Y' | 'M' | undefined): void {
    const index = this.values.push(value) - 1;
    if (label === 'M') {
      if (this.#month !== undefined) throw new NotADate('two months');
      this.#month = index;
    } else if (label === 'Y') {
      if (this.#year !== undefined) throw new NotADate('two years');
      this.#year = index;
    }
  }

  /** Which number is what, by `dateutil`'s rules for month first (its default): `[year, month, day]`, null where not given. */
  resolve(): [number | null, number | null, number | null] {
    const values = this.values;
    const known = new Map<'y' | 'm' | 'd', number>();
    if (this.#year !== undefined) known.set('y', this.#year);
    if (this.#month !== undefined) known.set('m', this.#month);
    if (this.#day !== undefined) known.set('d', this.#day);
    if ((known.size === values.length && known.size > 0) || (values.length === 3 && known.size === 2)) {
      if (values.length === 3 && known.size === 2) {
        const missing = (['y', 'm', 'd'] as const).find((name) => !known.has(name))!;
        known.set(
          missing,
          [0, 1, 2].find((index) => ![...known.values()].includes(index))!,
        );
      }
      const at = (name: 'y' | 'm' | 'd') => (known.has(name) ? values[known.get(name)!]! : null);
      return [at('y'), at('m'), at('d')];
    }
    if (values.length > 3) throw new NotADate('more than three numbers');
    const [a, b, c] = values as [number, number, number];
    const month = this.#month;
    if (values.length === 1 || (month !== undefined && values.length === 2)) {
      const named = month === undefined ? null : values[month]!;
      if (values.length === 1 && month !== undefined) return [null, named, null];
      const other = month === undefined ? a : values[month === 0 ? 1 : 0]!;
      return other > 31 ? [other, named, null] : [null, named, other];
    }
    if (values.length === 2) return a > 31 ? [a, b, null] : b > 31 ? [b, a, null] : [null, a, b];
    if (values.length < 2) return [null, null, null];
    if (month === 0) return b > 31 ? [b, a, c] : [c, a, b];
    if (month === 1) return a > 31 ? [a, b, c] : [c, b, a];
    if (month === 2) return b > 31 ? [b, c, a] : [a, c, b];
    if (a > 31 || this.#year === 0) return [a, b, c];
    return a > 12 ? [c, b, a] : [c, a, b];
  }
}
