import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDate, strOfDate } from './date.ts';
// What CPython 3.11 and dateutil 2.9.0 answered; null where they raise, or where the answer depends on today.
import cases from './fixtures/python-cases.json' with { type: 'json' };
import { parseInteger, partialCredit } from './int.ts';
import { parseLiteral, reprOfFloat, strOf } from './literal.ts';
import { isShorter, lastWord, strip } from './text.ts';

type Case = readonly [text: string, expected: string | null];

describe('dates as dateutil reads them', () => {
  test.each(cases.dates as unknown as Case[])('%j is %j', (text, expected) => {
    const date = parseDate(text);
    expect(date && strOfDate(date)).toBe(expected);
  });

  test('every day in every common form', () => {
    const names = [
      'January',
      'February',
      'March',
      'April',
      'May',
      'June',
      'July',
      'August',
      'September',
      'October',
      'November',
      'December',
    ];
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1980-01-01'), max: new Date('2070-12-31'), noInvalidDate: true }),
        (date) => {
          const [y, m, d] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
          const name = names[m - 1]!;
          const iso = date.toISOString().slice(0, 10);
          const forms = [
            iso,
            iso.replaceAll('-', ''),
            `${m}/${d}/${y}`,
            `${name} ${d}, ${y}`,
            `${d} ${name.slice(0, 3)} ${y}`,
            `${d}th of ${name}, ${y}`,
          ];
          for (const form of forms)
            expect(parseDate(form), form).toMatchObject({ year: y, month: m, day: d, hour: 0, offset: null });
        },
      ),
    );
  });

  test('nothing that is written makes it throw', () => {
    const piece = fc.constantFrom(
      'May',
      '20',
      '2023',
      ' ',
      ',',
      '.',
      '-',
      '/',
      ':',
      'am',
      'h',
      'of',
      '+',
      'UTC',
      '0',
      '1.5',
      '\u0000',
      '²',
      '😀',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => void parseDate(pieces.join(''))),
      { numRuns: 2_000 },
    );
    expect(parseDate('1 '.repeat(100_000))).toBeNull();
  });
});

describe('integers as int() reads them', () => {
  test.each(cases.integers as unknown as Case[])('%j is %j', (text, expected) => {
    expect(parseInteger(text)?.toString() ?? null).toBe(expected);
  });

  test('4300 digits are read and 4301 are not', () => {
    expect(parseInteger('9'.repeat(4300))).not.toBeNull();
    expect(parseInteger('9'.repeat(4301))).toBeNull();
    expect(parseInteger('9'.repeat(10_000_000))).toBeNull();
  });

  test('every whole number is read back, in every script', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.constantFrom(0x30, 0x660, 0x966, 0xff10, 0x1d7ce, 0x1d7f6), (value, zero) => {
        const digits = value.toString().replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
        expect(parseInteger(` ${digits}\n`)).toBe(value);
      }),
    );
  });

  test('partial credit falls by a quarter a step and never fails', () => {
    expect(partialCredit(100n, 90n)).toBeCloseTo(0.056313514709472656, 15);
    expect(partialCredit(-1n, 1n)).toBe(0.5625);
    expect(partialCredit(0n, 10n ** 400n)).toBe(0);
  });
});

describe('literals as ast.literal_eval reads them', () => {
  test.each(cases.literals as unknown as Case[])('the first of %j is %j', (text, expected) => {
    const literal = parseLiteral(text);
    const first =
      literal?.type === 'list' || literal?.type === 'tuple'
        ? literal.items[0]
        : literal?.type === 'str' && literal.value !== ''
          ? ({ type: 'str', value: literal.value[0]! } as const)
          : undefined;
    expect(first ? strOf(first) : null).toBe(expected);
  });

  test('floats are written as repr writes them', () => {
    const pairs = [
      [7, '7.0'],
      [0.1, '0.1'],
      [1e16, '1e+16'],
      [1e15, '1000000000000000.0'],
      [1e-4, '0.0001'],
      [1e-5, '1e-05'],
      [-2.5e-7, '-2.5e-07'],
      [-0, '-0.0'],
    ] as const;
    for (const [value, text] of pairs) expect(reprOfFloat(value)).toBe(text);
  });

  test('deep nesting and long texts end', () => {
    expect(parseLiteral('['.repeat(100_000))).toBeNull();
    expect(parseLiteral(`['${'x'.repeat(2_000_000)}']`)).toBeNull();
  });
});

test('white space is what Python takes for it', () => {
  expect(strip('\u001c\u0085\u00a0 x \u2028\t')).toBe('x');
  expect(strip('\ufeffx')).toBe('\ufeffx');
  expect(lastWord(' the\u00a0last word ')).toBe('word');
  expect(lastWord(' \n\t ')).toBeNull();
  expect(isShorter('😀'.repeat(19), 20)).toBe(true);
  expect(isShorter('😀'.repeat(20), 20)).toBe(false);
});
