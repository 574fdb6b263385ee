/** How far a needle may move from its drawn place to stand between two sentences, lines or words. */
const reach = 240;

/**
 * Puts texts into a filler at depths in [0, 1) of its length, each moved to the next sentence's end, else line's end,
 * else to a word's end within reach, so that no word is cut. Linear in the filler: one slice and one join.
 */
export function insertAt(filler: string, texts: readonly string[], depths: readonly number[]): string {
  const places = texts
    .map((text, order) => ({ text, order, at: between(filler, Math.floor((depths[order] ?? 0) * filler.length)) }))
    .sort((a, b) => a.at - b.at || a.order - b.order);
  const parts: string[] = [];
  let done = 0;
  for (const { text, at } of places) {
    parts.push(filler.slice(done, at), text);
    done = at;
  }
  parts.push(filler.slice(done));
  return parts.join('');
}

function between(filler: string, drawn: number): number {
  const window = filler.slice(drawn, drawn + reach);
  const sentence = /[.!?]["')\]]?\s/.exec(window);
  if (sentence) return drawn + sentence.index + sentence[0].length;
  const line = window.indexOf('\n');
  if (line !== -1) return drawn + line + 1;
  const word = window.search(/\s/);
  if (word !== -1) return drawn + word + 1;
  // Near the end, or in a very long word: back to where a word began.
  const before = /\s\S*$/.exec(filler.slice(Math.max(0, drawn - reach), drawn));
  if (before) return drawn - before[0].length + 1;
  return filler.charCodeAt(drawn) >>> 10 === 0x37 ? drawn - 1 : drawn;
}
