import { globSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError } from '../configs/registry.ts';
import { fit, type Measure } from './length.ts';
import { Random } from './random.ts';
import type { TextInfo } from './source.ts';
import { decodeText, hashTexts, readTextFiles } from './text-files.ts';

/** Text to hide things in: paragraphs in reading order. */
export interface Haystack {
  readonly text: string;
  /** Start of each paragraph in `text`, and `text.length` at the end. */
  readonly starts: Uint32Array;
  readonly info: TextInfo;
}

/**
 * What serves as a haystack where no files are named: prose and sources out of packages that rlm-gym depends on with
 * exact versions, so that every installation has the same text. Only direct dependencies: those below may differ.
 */
const packages: Readonly<Record<string, readonly string[]>> = {
  'apache-arrow': ['README.md', 'src/**/*.ts'],
  'isolated-vm': ['README.md', 'isolated-vm.d.ts'],
  'magic-string': ['README.md'],
  'p-queue': ['readme.md'],
  pino: ['README.md', 'docs/**/*.md', 'lib/**/*.js'],
  'pure-rand': ['README.md'],
  'vega-lite': ['README.md', 'src/**/*.ts'],
  yaml: ['README.md', 'dist/**/*.js'],
  yargs: ['README.md', 'build/lib/**/*.js'],
  zod: ['README.md', 'src/**/*.ts'],
};

/** A paragraph longer than this is cut at a line's end, so that shuffling moves pieces of readable size. */
const longParagraph = 2_000;
const cache = new Map<string, Haystack>();

/** The haystack of the named globs, or of the installed packages; read once a process. */
export function loadHaystack(globs: string | readonly string[] | undefined, cwd: string): Haystack {
  const patterns = typeof globs === 'string' ? [globs] : (globs ?? []);
  const key = JSON.stringify(patterns.length === 0 ? null : [cwd, ...patterns]);
  const known = cache.get(key);
  if (known) return known;
  const made = patterns.length === 0 ? packagedHaystack() : fileHaystack(patterns, cwd);
  cache.set(key, made);
  return made;
}

function fileHaystack(patterns: readonly string[], cwd: string): Haystack {
  const files = readTextFiles(patterns, cwd, 'haystack');
  return haystackOf(
    files.map((file) => file.text),
    [],
    `files that match ${patterns.join(', ')}; their terms are yours to know`,
  );
}

function packagedHaystack(): Haystack {
  const texts = new Set<string>();
  const used: TextInfo['packages'][number][] = [];
  for (const [name, patterns] of Object.entries(packages)) {
    const manifestPath = findPackageJSON(name, import.meta.url);
    if (manifestPath === undefined) {
      throw new ConfigError(
        `haystack: the package ${name} is not installed; run npm install, or name files: haystack: "texts/**/*.txt"`,
      );
    }
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as { version: string; license?: string };
    used.push({ name, version: manifest.version, license: manifest.license ?? 'unknown' });
    const folder = dirname(manifestPath);
    const paths = patterns.flatMap((pattern) => globSync(pattern, { cwd: folder })).sort();
    for (const path of paths) texts.add(decodeText(readFileSync(join(folder, path))));
  }
  return haystackOf([...texts], used, 'Markdown and sources of installed packages');
}

function haystackOf(texts: readonly string[], used: TextInfo['packages'], note: string): Haystack {
  const text = texts.map((part) => `${part.trim().toWellFormed()}\n\n`).join('');
  const starts = paragraphStarts(text);
  if (starts.length < 2) throw new ConfigError('haystack: the files hold no text; name others');
  const info = {
    role: 'haystack',
    hash: hashTexts(texts),
    files: texts.length,
    chars: text.length,
    packages: used,
    note,
  };
  return { text, starts, info };
}

function paragraphStarts(text: string): Uint32Array {
  const starts = [0];
  let at = 0;
  while (at < text.length) {
    const blank = text.indexOf('\n\n', at);
    let end = blank === -1 ? text.length : blank + 2;
    while (text[end] === '\n') end += 1;
    while (end - at > longParagraph) {
      const line = text.indexOf('\n', at + longParagraph / 2);
      const cut = line === -1 || line >= end - 1 || line > at + longParagraph ? at + longParagraph : line + 1;
      at = text.charCodeAt(cut) >>> 10 === 0x37 ? cut - 1 : cut;
      starts.push(at);
    }
    if (end > at) starts.push(end);
    at = end;
  }
  return Uint32Array.from(starts);
}

/**
 * So much of the haystack as is wanted, in time linear in it. It begins at a seeded paragraph and goes on in reading
 * order, around the end, until all is used; what is still wanted comes paragraph by paragraph in a new seeded order each
 * time around, never as a verbatim repetition of the whole.
 */
export function fill(haystack: Haystack, room: number, measure: Measure, random: Random): string {
  const { text, starts } = haystack;
  const paragraphs = starts.length - 1;
  const first = random.below(paragraphs);
  const order = Uint32Array.from({ length: paragraphs }, (_, index) => (first + index) % paragraphs);
  const parts: string[] = [];
  let left = room;
  while (left > 0) {
    for (const paragraph of order) {
      const part = text.slice(starts[paragraph], starts[paragraph + 1]);
      const size = measure.of(part);
      if (size > left) {
        const end = fit(part, left, measure);
        // A character too wide for what is left: spaces fill the bytes.
        parts.push(end, ' '.repeat(left - measure.of(end)));
        left = 0;
        break;
      }
      parts.push(part);
      left -= size;
    }
    random.shuffle(order);
  }
  return parts.join('');
}
