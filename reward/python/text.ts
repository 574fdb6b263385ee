/** Characters that Python's `str.isspace` and `str.strip` take for white space; JavaScript's set differs by a few. */
const space = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const one = new RegExp(`[${space}]`);

export const isSpace = (char: string): boolean => one.test(char);

/** `str.strip()`, in linear time. */
export function strip(text: string, drop: (char: string) => boolean = isSpace): string {
  let start = 0;
  let end = text.length;
  while (start < end && drop(text[start]!)) start += 1;
  while (end > start && drop(text[end - 1]!)) end -= 1;
  return text.slice(start, end);
}

/** `text.split()[-1]`, or null where Python raises an IndexError because nothing but white space is there. */
export function lastWord(text: string): string | null {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1]!)) end -= 1;
  let start = end;
  while (start > 0 && !isSpace(text[start - 1]!)) start -= 1;
  return end === 0 ? null : text.slice(start, end);
}

/** `len(text) < limit`: Python counts code points. Looks at no more of the text than it must. */
export function isShorter(text: string, limit: number): boolean {
  if (text.length >= limit * 2) return false;
  return codePoints(text).length < limit;
}

/** A text as Python indexes it: one string a code point. */
export const codePoints = (text: string): string[] => Array.from(text);
