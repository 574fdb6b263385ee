import { strip } from './text.ts';

/** What `ast.literal_eval` gives, as far as gold answers hold it. Floats are told from integers by their type. */
export type Literal =
  | { readonly type: 'str'; readonly value: string }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'constant'; readonly value: 'True' | 'False' | 'None' }
  | { readonly type: 'list' | 'tuple'; readonly items: readonly Literal[] };

/** Golds are short; longer texts are not read. */
const mostChars = 1024 * 1024;
const deepest = 20;

/** Reads strings, numbers, constants, lists and tuples of Python. null where the text is anything else. */
export function parseLiteral(text: string): Literal | null {
  if (text.length > mostChars) return null;
  const reader = new Reader(strip(text));
  const value = reader.value(0);
  return value !== null && reader.atEnd() ? value : null;
}

/** Python's `str` of a literal: the text itself of a string, else its `repr`. */
export function strOf(literal: Literal): string {
  return literal.type === 'str' ? literal.value : reprOf(literal);
}

function reprOf(literal: Literal): string {
  switch (literal.type) {
    case 'str':
      return reprOfString(literal.value);
    case 'int':
      return String(literal.value);
    case 'float':
      return reprOfFloat(literal.value);
    case 'constant':
      return literal.value;
    case 'list':
      return `[${literal.items.map(reprOf).join(', ')}]`;
    default:
      return `(${literal.items.map(reprOf).join(', ')}${literal.items.length === 1 ? ',' : ''})`;
  }
}

function reprOfString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

/** Python writes exponents from 1e16 up and below 1e-4, with two digits at least. */
export function reprOfFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  const plain = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(plain) ? plain : `${plain}.0`;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\u0007',
  '0': '\0',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};
const number = /[+-]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#space();
    return this.#at === this.#text.length;
  }

  value(depth: number): Literal | null {
    this.#space();
    const char = this.#text[this.#at];
    if (char === undefined || depth > deepest) return null;
    if (char === '[') return this.#items(']', depth);
    if (char === '(') return this.#items(')', depth);
    if (char === "'" || char === '"') return this.#strings();
    for (const name of ['True', 'False', 'None'] as const) {
      if (this.#text.startsWith(name, this.#at)) {
        this.#at += name.length;
        return { type: 'constant', value: name };
      }
    }
    return this.#number();
  }

  #items(close: ']' | ')', depth: number): Literal | null {
    this.#at += 1;
    const items: Literal[] = [];
    let comma = true;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === close) {
        this.#at += 1;
        if (close === ']') return { type: 'list', items };
        // Parentheses without a comma only group.
        return items.length === 1 && !comma ? items[0]! : { type: 'tuple', items };
      }
      if (!comma) return null;
      const item = this.value(depth + 1);
      if (item === null) return null;
      items.push(item);
      this.#space();
      comma = this.#text[this.#at] === ',';
      if (comma) this.#at += 1;
    }
  }

  /** Strings side by side are one. */
  #strings(): Literal | null {
    let joined = '';
    for (;;) {
      const part = this.#string();
      if (part === null) return null;
      joined += part;
      this.#space();
      const next = this.#text[this.#at];
      if (next !== "'" && next !== '"') return { type: 'str', value: joined };
    }
  }

  #string(): string | null {
    const quote = this.#text[this.#at]!;
    const parts: string[] = [];
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at]!;
      if (char === quote) {
        this.#at += 1;
        return parts.join('');
      }
      if (char === '\n') return null;
      parts.push(char === '\\' ? this.#escape() : char);
    }
    return null;
  }

  #escape(): string {
    const rest = this.#text.slice(this.#at + 1, this.#at + 10);
    const hex = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/.exec(rest);
    if (hex) {
      this.#at += hex[0].length;
      const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '0', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    }
    const char = rest[0] ?? '';
    this.#at += 1;
    return escapes[char] ?? `\\${char}`;
  }

  #number(): Literal | null {
    number.lastIndex = this.#at;
    const match = number.exec(this.#text)?.[0];
    if (match === undefined || /__|_$|_[.eE]/.test(match)) return null;
    this.#at += match.length;
    const plain = match.replaceAll('_', '');
    if (/[.eE]/.test(plain)) return { type: 'float', value: Number(plain) };
    // `007` is a syntax error in Python; `000` is not.
    if (/^[+-]?0\d*[1-9]/.test(plain)) return null;
    const magnitude = BigInt(plain.replace(/^[+-]/, ''));
    return { type: 'int', value: plain.startsWith('-') ? -magnitude : magnitude };
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }
}
