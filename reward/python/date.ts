import { DateParts, daysIn, NotADate } from './date-parts.ts';
import { splitDate } from './date-tokens.ts';
import { digitValue } from './int.ts';
import { codePoints } from './text.ts';
import { halfOf, isJump, isUtc, isWeekday, monthOf, unitOf } from './date-words.ts';

/** A moment as `dateutil.parser.parse` gives it. */
export interface ParsedDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  /** Seconds east of UTC; null: no zone was told. A moment with a zone never equals one without. */
  readonly offset: number | null;
}

/** Dates in answers are short. */
const mostChars = 200;
/** Two digits of a year mean 1976 to 2075. `dateutil` takes 50 years around today, so its answer changes with time. */
const firstTwoDigitYear = 1976;

/**
 * Reads a date in the forms that `dateutil.parser.parse` (2.9, month first) takes: `05/20/2023`, `May 20th, 2023`,
 * `20 May 2023`, `2023-05-20`, `20230520`, `Sat May 20 2023 10h30`, … null where it raises. Where the text leaves out
 * year, month or day, `dateutil` takes them from today; here it is null, for a score must not depend on the day it is
 * made. Checked against dateutil 2.9.0 over generated texts.
 */
export function parseDate(text: string): ParsedDate | null {
  if (text.length > mostChars) return null;
  try {
    return new DateReader(splitDate(asciiDigits(text))).read();
  } catch (error) {
    if (error instanceof NotADate) return null;
    throw error;
  }
}

/** Python's `str(datetime)`. */
export function strOfDate(date: ParsedDate): string {
  const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
  const clock = `${pad(date.hour)}:${pad(date.minute)}:${pad(date.second)}${date.microsecond ? `.${pad(date.microsecond, 6)}` : ''}`;
  return `${pad(date.year, 4)}-${pad(date.month)}-${pad(date.day)} ${clock}${date.offset === null ? '' : zone(date.offset)}`;
}

function zone(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

/** Digits of any script as 0 to 9, one for one. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (char) => String(digitValue(char)));
}

class DateReader {
  readonly #tokens: string[];
  readonly #parts = new DateParts();
  #hour: number | null = null;
  #minute: number | null = null;
  #second: number | null = null;
  #microsecond: number | null = null;
  #zoneName: string | null = null;
  #offset: number | null = null;

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  read(): ParsedDate | null {
    for (let at = 0; at < this.#tokens.length; at += 1) at = this.#token(at);
    const [year, month, day] = this.#parts.resolve();
    if (year === null || month === null || day === null) return null;
    const full = this.#parts.centuryGiven || year >= 100 ? year : twoDigitYear(year);
    const clock = [this.#hour ?? 0, this.#minute ?? 0, this.#second ?? 0] as const;
    const real =
      full >= 1 &&
      full <= 9999 &&
      day >= 1 &&
      day <= daysIn(full, month) &&
      clock[0] < 24 &&
      clock[1] < 60 &&
      clock[2] < 60;
    if (!real) return null;
    const offset = this.#zoneName !== null && isUtc(this.#zoneName) ? 0 : this.#offset;
    if (offset !== null && Math.abs(offset) >= 86_400) return null;
    const [hour, minute, second] = clock;
    return { year: full, month, day, hour, minute, second, microsecond: this.#microsecond ?? 0, offset };
  }

  /** Reads what begins at a token; gives the index of its last one. */
  #token(at: number): number {
    const token = this.#tokens[at]!;
    if (isNumber(token)) return this.#number(at);
    // A weekday beside a whole date changes nothing.
    if (isWeekday(token)) return at;
    const month = monthOf(token);
    if (month !== null) return this.#month(at, month);
    const half = halfOf(token);
    if (half !== null) {
      if (this.#hour === null || this.#hour > 12) throw new NotADate('am or pm without an hour');
      this.#hour = adjust(this.#hour, half);
      return at;
    }
    const nameless = this.#hour !== null && this.#zoneName === null && this.#offset === null;
    if (nameless && codePoints(token).length <= 5 && (/^[A-Z]*$/.test(token) || token === 'z'))
      return this.#zone(at, token);
    if (this.#hour !== null && (token === '+' || token === '-')) return this.#numberedZone(at, token);
    if (!isJump(token)) throw new NotADate(`"${token}" is no part of a date`);
    return at;
  }

  /** `Jan-01-99`, `Jan of 99`, or the month alone. */
  #month(at: number, month: number): number {
    const tokens = this.#tokens;
    this.#parts.addNumber(month, 'M');
    const separator = tokens[at + 1];
    if (separator === '-' || separator === '/') {
      this.#parts.addText(tokens[at + 2]);
      if (tokens[at + 3] !== separator) return at + 2;
      this.#parts.addText(tokens[at + 4]);
      return at + 4;
    }
    if (
      separator === ' ' &&
      tokens[at + 3] === ' ' &&
      tokens[at + 2]?.toLowerCase() === 'of' &&
      tokens[at + 4] !== undefined
    ) {
      const year = tokens[at + 4]!;
      if (/^\d+$/.test(year))
        this.#parts.addText(String(Number(year) < 100 ? twoDigitYear(Number(year)) : Number(year)), 'Y');
      return at + 4;
    }
    return at;
  }

  #zone(at: number, name: string): number {
    this.#zoneName = name;
    // `parserinfo.tzoffset` knows lower-case names only; others get their offset from the name at the end.
    if (isUtc(name)) this.#offset = name === 'z' || name === 'Z' || name === name.toLowerCase() ? 0 : null;
    const sign = this.#tokens[at + 1];
    if (sign === '+' || sign === '-') {
      // `GMT+3` means that here plus 3 is GMT.
      this.#tokens[at + 1] = sign === '+' ? '-' : '+';
      this.#offset = null;
      if (isUtc(name)) this.#zoneName = null;
    }
    return at;
  }

  #numberedZone(at: number, sign: string): number {
    const tokens = this.#tokens;
    const digits = tokens[at + 1];
    if (digits === undefined) throw new NotADate('a sign at the end');
    let end = at + 1;
    let hours: number;
    let minutes = 0;
    if (digits.length === 4) {
      hours = whole(digits.slice(0, 2));
      minutes = whole(digits.slice(2));
    } else if (tokens[at + 2] === ':') {
      hours = whole(digits);
      minutes = whole(tokens[at + 3]);
      end += 2;
    } else if (digits.length <= 2) hours = whole(digits);
    else throw new NotADate('no offset');
    this.#offset = (sign === '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return end;
  }

  #number(at: number): number {
    const tokens = this.#tokens;
    const parts = this.#parts;
    const text = tokens[at]!;
    const value = decimalOf(text);
    const next = tokens[at + 1];
    const length = text.length;

    const afterDate = parts.values.length === 3 && (length === 2 || length === 4) && this.#hour === null;
    if (afterDate && (next === undefined || (next !== ':' && unitOf(next) === null))) {
      this.#hour = whole(text.slice(0, 2));
      if (length === 4) this.#minute = whole(text.slice(2));
    } else if (length === 6 || (length > 6 && text.indexOf('.') === 6)) {
      if (parts.values.length === 0 && !text.includes('.')) {
        for (const from of [0, 2, 4]) parts.addText(text.slice(from, from + 2));
      } else {
        this.#hour = whole(text.slice(0, 2));
        this.#minute = whole(text.slice(2, 4));
        this.#seconds(text.slice(4));
      }
    } else if (length === 8 || length === 12 || length === 14) {
      parts.addText(text.slice(0, 4), 'Y');
      parts.addText(text.slice(4, 6));
      parts.addText(text.slice(6, 8));
      if (length > 8) {
        this.#hour = whole(text.slice(8, 10));
        this.#minute = whole(text.slice(10, 12));
        if (length > 12) this.#second = whole(text.slice(12));
      }
    } else if (this.#unitAt(at) !== null) return this.#withUnit(at, text, value);
    else if (at + 2 < tokens.length && next === ':') return this.#clock(at, value);
    else if (next === '-' || next === '/' || next === '.') return this.#separated(at, text, next);
    else if (next === undefined || isJump(next)) {
      const half = halfOf(tokens[at + 2]);
      if (half !== null) {
        this.#hour = adjust(Math.trunc(value), half);
        return at + 2;
      }
      parts.addNumber(value);
      return at + 1;
    } else if (halfOf(next) !== null && value >= 0 && value < 24) {
      this.#hour = adjust(Math.trunc(value), halfOf(next)!);
      return at + 1;
    } else if (parts.couldBeDay(value)) parts.addNumber(value);
    else throw new NotADate(`"${text}" has no place in a date`);
    return at;
  }

  /** `01-02-03`, `01/Jan/2003`, `1.2.2003`. */
  #separated(at: number, text: string, separator: string): number {
    const tokens = this.#tokens;
    const parts = this.#parts;
    parts.addText(text);
    const second = tokens[at + 2];
    if (second === undefined || isJump(second)) return at + 1;
    if (/^\d+$/.test(second)) parts.addText(second);
    else {
      const month = monthOf(second);
      if (month === null) throw new NotADate(`"${second}" is no month`);
      parts.addNumber(month, 'M');
    }
    if (tokens[at + 3] !== separator) return at + 2;
    const month = monthOf(tokens[at + 4]);
    if (month === null) parts.addText(tokens[at + 4]);
    else parts.addNumber(month, 'M');
    return at + 4;
  }

  /** `10:30[:15[.5]]`. */
  #clock(at: number, value: number): number {
    const tokens = this.#tokens;
    this.#hour = Math.trunc(value);
    this.#minutes(decimalOf(tokens[at + 2]!));
    if (tokens[at + 3] !== ':' || tokens[at + 4] === undefined) return at + 2;
    this.#seconds(tokens[at + 4]!);
    return at + 4;
  }

  /** Index of the word that says what a number counts (`10 h`), after it or before it. */
  #unitAt(at: number): number | null {
    const tokens = this.#tokens;
    if (unitOf(tokens[at + 1]) !== null) return at + 1;
    if (tokens[at + 1] === ' ' && unitOf(tokens[at + 2]) !== null) return at + 2;
    if (at > 0 && unitOf(tokens[at - 1]) !== null) return at - 1;
    if (at > 1 && at === tokens.length - 1 && tokens[at - 1] === ' ' && unitOf(tokens[at - 2]) !== null) return at - 2;
    return null;
  }

  #withUnit(at: number, text: string, value: number): number {
    const where = this.#unitAt(at)!;
    const unit = unitOf(this.#tokens[where])! + (where > at ? 0 : 1);
    if (unit === 0) {
      this.#hour = Math.trunc(value);
      if (value % 1) this.#minute = Math.trunc(60 * (value % 1));
    } else if (unit === 1) this.#minutes(value);
    else if (unit === 2) this.#seconds(text);
    return Math.max(at, where);
  }

  #minutes(value: number): void {
    this.#minute = Math.trunc(value);
    this.#second = value % 1 ? Math.trunc(60 * (value % 1)) : null;
  }

  #seconds(text: string): void {
    const [whole_, fraction, ...more] = text.split('.');
    if (more.length > 0) throw new NotADate('two points');
    this.#second = whole(whole_);
    this.#microsecond = fraction === undefined ? 0 : whole(fraction.padEnd(6, '0').slice(0, 6));
  }
}

const isNumber = (token: string): boolean => /^\d+(\.\d*)?$|^\.\d+$/.test(token);

function decimalOf(text: string): number {
  if (!/^\d+(\.\d*)?$/.test(text)) throw new NotADate('no number');
  return Number(text);
}

function whole(text: string | undefined): number {
  if (text === undefined || !/^\d+$/.test(text)) throw new NotADate('no whole number');
  return Number(text);
}

const adjust = (hour: number, half: number): number =>
  hour < 12 && half === 1 ? hour + 12 : hour === 12 && half === 0 ? 0 : hour;

function twoDigitYear(year: number): number {
  const century = 1900 + year;
  return century >= firstTwoDigitYear ? century : century + 100;
}
