import { codePoints, isSpace } from './text.ts';

const letter = /\p{L}/u;
const digit = /[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]/u;

/**
 * Splits a text as `dateutil.parser` does: runs of letters, runs of digits, single other characters; white space is one
 * `' '` each. Dots join letters or digits while reading and are cut out again, unless they are a decimal point.
 */
export function splitDate(text: string): string[] {
  const chars = codePoints(text).filter((char) => char !== '\0');
  const tokens: string[] = [];
  let at = 0;
  while (at < chars.length) {
    const first = chars[at]!;
    at += 1;
    let state: '' | 'a' | '0' | 'a.' | '0.' = letter.test(first) ? 'a' : digit.test(first) ? '0' : '';
    if (state === '') {
      tokens.push(isSpace(first) ? ' ' : first);
      continue;
    }
    let token = first;
    let letters = false;
    for (; at < chars.length; at += 1) {
      const char = chars[at]!;
      letters ||= state === 'a' || state === 'a.';
      const next = nextState(state, char, token);
      if (next === null) break;
      token += char;
      state = next;
    }
    const dotted = state === 'a.' || state === '0.';
    if (dotted && (letters || token.split('.').length > 2 || /[.,]$/.test(token))) {
      tokens.push(...token.split(/([.,])/).filter((part, index) => index === 0 || part !== ''));
    } else tokens.push(state === '0.' && !token.includes('.') ? token.replaceAll(',', '.') : token);
  }
  return tokens;
}

function nextState(state: 'a' | '0' | 'a.' | '0.' | '', char: string, token: string): 'a' | '0' | 'a.' | '0.' | null {
  const word = letter.test(char);
  const number = digit.test(char);
  switch (state) {
    case 'a':
      return word ? 'a' : char === '.' ? 'a.' : null;
    case '0':
      return number ? '0' : char === '.' || (char === ',' && token.length >= 2) ? '0.' : null;
    case 'a.':
      return char === '.' || word ? 'a.' : number && token.endsWith('.') ? '0.' : null;
    case '0.':
      return char === '.' || number ? '0.' : word && token.endsWith('.') ? 'a.' : null;
    default:
      return null;
  }
}
