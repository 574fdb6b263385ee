import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Characters and tokens of one row: with mask and logprobs about 34 KB. */
export const rowChars = 10_400;
export const rowTokens = 2_600;

export const pieceChars = 4 * rowChars;
export const poolTokens = 2_000_000;
const textChars = 40_000_000;
const vocabulary = 150_000;

/**
 * Writes what rows are cut from into `dir`, for both languages alike: `texts.json` (pieces of the Markdown and sources
 * of installed packages), `ids.i32` (an id for each four characters of them, so that repeated text repeats ids),
 * `logprobs.f32` and `mask.u8`.
 */
export function writePool(root: string, dir: string): void {
  const texts = pieces(root);
  writeFileSync(join(dir, 'texts.json'), JSON.stringify(texts));
  writeFileSync(join(dir, 'ids.i32'), idsOf(texts));
  const source = xoroshiro128plus(1);
  const random = (): number => uniformFloat64(source);
  writeFileSync(
    join(dir, 'logprobs.f32'),
    Float32Array.from({ length: poolTokens }, () => Math.log(1 - 0.99 * random() ** 3)),
  );
  let sampled = 0;
  let run = 0;
  const mask = Uint8Array.from({ length: poolTokens }, () => {
    if (run === 0) {
      sampled = 1 - sampled;
      run = 1 + Math.floor(random() * 800);
    }
    run -= 1;
    return sampled;
  });
  writeFileSync(join(dir, 'mask.u8'), mask);
}

function pieces(root: string): string[] {
  const files = globSync('node_modules/**/*.{md,ts,js,mjs}', { cwd: root }).sort();
  const texts: string[] = [];
  let chars = 0;
  for (const file of files) {
    // No surrogates, so that a slice is the same text in JavaScript and in Python.
    const text = readFileSync(join(root, file), 'utf8').replace(/[\ud800-\udfff]/g, '?');
    for (let at = 0; at + pieceChars <= text.length && chars < textChars; at += pieceChars) {
      texts.push(text.slice(at, at + pieceChars));
      chars += pieceChars;
    }
  }
  if (texts.length < 100) throw new Error('node_modules holds too little text; run npm install first');
  return texts;
}

function idsOf(texts: readonly string[]): Int32Array {
  const ids = new Int32Array(poolTokens);
  let at = 0;
  for (const text of texts) {
    for (let char = 0; char + 4 <= text.length && at < poolTokens; char += 4) {
      let hash = 0;
      for (let next = 0; next < 4; next += 1) hash = Math.imul(hash ^ text.charCodeAt(char + next), 0x9e3779b1);
      ids[at] = (hash >>> 0) % vocabulary;
      at += 1;
    }
  }
  return ids;
}
