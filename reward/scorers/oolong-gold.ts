import type { ParsedDate } from '../python/date.ts';
import { parseInteger } from '../python/int.ts';
import { codePoints } from '../python/text.ts';
import { parseLiteral, strOf, type Literal } from '../python/literal.ts';

/** The first element of OOLONG's column `answer`, in the forms its scorer compares. */
export interface OolongGold {
  /** Python's `str(gold)`. */
  readonly text: string;
  /** Python's `int(gold)`; null where it raises. */
  readonly integer: bigint | null;
  readonly date: Pick<ParsedDate, 'year' | 'month' | 'day'> | null;
}

const datePattern = /^\[datetime\.date\((\d{4}),\s+(\d{1,2}),\s+(\d{1,2})\)\]$/i;

/** Reads `"['spam']"`, `"[7]"`, `"[datetime.date(2023, 5, 20)]"`, or a list or number given as such. null where it cannot be read. */
export function readGold(gold: unknown): OolongGold | null {
  if (typeof gold === 'number') return fromLiteral(numberLiteral(gold));
  if (Array.isArray(gold)) {
    const first: unknown = gold[0];
    if (typeof first === 'number') return fromLiteral(numberLiteral(first));
    return typeof first === 'string' ? fromLiteral({ type: 'str', value: first }) : null;
  }
  if (typeof gold !== 'string') return null;
  if (gold.includes('datetime')) return readDate(gold);
  const literal = parseLiteral(gold);
  if (literal === null) return null;
  // Python's [0] of a text is its first character.
  if (literal.type === 'str') {
    const first = codePoints(literal.value.slice(0, 2))[0];
    return first === undefined ? null : fromLiteral({ type: 'str', value: first });
  }
  if (literal.type !== 'list' && literal.type !== 'tuple') return null;
  const first = literal.items[0];
  return first === undefined ? null : fromLiteral(first);
}

function readDate(gold: string): OolongGold | null {
  const match = datePattern.exec(gold);
  if (!match) return null;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return { text: `${date.toISOString().slice(0, 10)} 00:00:00`, integer: null, date: { year, month, day } };
}

function numberLiteral(value: number): Literal {
  return Number.isInteger(value) ? { type: 'int', value: BigInt(value) } : { type: 'float', value };
}

function fromLiteral(literal: Literal): OolongGold {
  return { text: strOf(literal), integer: integerOf(literal), date: null };
}

/** Python's `int()` of a value. */
function integerOf(literal: Literal): bigint | null {
  switch (literal.type) {
    case 'int':
      return literal.value;
    case 'float':
      return Number.isFinite(literal.value) ? BigInt(Math.trunc(literal.value)) : null;
    case 'str':
      return parseInteger(literal.value);
    case 'constant':
      return literal.value === 'None' ? null : literal.value === 'True' ? 1n : 0n;
    default:
      return null;
  }
}
