import { codePoints, isSpace, strip } from './text.ts';

/** CPython refuses longer texts (`sys.int_info.default_max_str_digits`). */
const mostDigits = 4300;
const decimal = /^\p{Nd}$/u;

/** The value of a decimal digit of any script, as Python's `int` takes them; null for other characters. */
export function digitValue(char: string): number | null {
  if (char >= '0' && char <= '9') return char.charCodeAt(0) - 48;
  if (!decimal.test(char)) return null;
  // Unicode gives each script's ten digits in a row, in order of value; a few such rows follow one another.
  const code = char.codePointAt(0)!;
  let first = code;
  while (decimal.test(String.fromCodePoint(first - 1))) first -= 1;
  return (code - first) % 10;
}

/** `int` leaves the four separators U+001C to U+001F where they are, unlike `strip`. */
const isIntSpace = (char: string): boolean => isSpace(char) && (char < '\u001c' || char > '\u001f');

/**
 * Python's `int(text)`: white space around, a sign, digits of any script, single underscores between digits. null where
 * it raises a ValueError, as for `7.0`, `1,234` and the empty text.
 */
export function parseInteger(text: string): bigint | null {
  const stripped = strip(text, isIntSpace);
  if (stripped.length > mostDigits * 4) return null;
  let digits = '';
  let negative = false;
  let afterDigit = false;
  for (const [at, char] of codePoints(stripped).entries()) {
    if (at === 0 && (char === '+' || char === '-')) {
      negative = char === '-';
    } else if (char === '_') {
      if (!afterDigit) return null;
      afterDigit = false;
    } else {
      const value = digitValue(char);
      if (value === null) return null;
      digits += value;
      afterDigit = true;
    }
  }
  if (!afterDigit || digits.length > mostDigits) return null;
  const magnitude = BigInt(digits);
  return negative ? -magnitude : magnitude;
}

/** `0.75 ** abs(gold - predicted)`: OOLONG's partial credit for numbers. */
export function partialCredit(gold: bigint, predicted: bigint): number {
  const distance = gold > predicted ? gold - predicted : predicted - gold;
  // 0.75 ** 2600 is below the smallest double.
  return distance > 2600n ? 0 : 0.75 ** Number(distance);
}
