import { z } from 'zod';

/** The shortest and the longest context that can be asked for, in characters: 10M tokens are about 40M characters. */
const least = 1_000;
const most = 200_000_000;

const characters = z.number().int().min(least).max(most);

/** Length of a context: a number of characters, or `{chars}` or `{tokens}` (estimated, 4 bytes of UTF-8 a token). */
export const lengthSchema = z
  .union([
    characters,
    z.strictObject({ chars: characters }),
    z.strictObject({
      tokens: z
        .number()
        .int()
        .min(least / 4)
        .max(most / 4),
    }),
  ])
  .describe('Length of the context: characters, or {chars: N}, or {tokens: N} (estimated at 4 bytes of UTF-8 a token)');
export type Length = z.output<typeof lengthSchema>;

/** A length as something to measure texts by: how much one counts, and how much is wanted in all. */
export interface Measure {
  readonly unit: 'chars' | 'bytes';
  readonly wanted: number;
  of(text: string): number;
}

export function measureOf(length: Length): Measure {
  if (typeof length === 'object' && 'tokens' in length) {
    return { unit: 'bytes', wanted: length.tokens * 4, of: (text) => Buffer.byteLength(text, 'utf8') };
  }
  return { unit: 'chars', wanted: typeof length === 'number' ? length : length.chars, of: (text) => text.length };
}

/** The longest beginning of a text that measures at most `room` and cuts no character in two. */
export function fit(text: string, room: number, measure: Measure): string {
  if (measure.of(text) <= room) return text;
  let cut = text.slice(0, Math.max(0, room));
  while (cut.length > 0 && (measure.of(cut) > room || !cut.isWellFormed())) {
    cut = cut.slice(0, Math.max(0, cut.length - Math.max(1, Math.floor((measure.of(cut) - room) / 3))));
  }
  return cut;
}
