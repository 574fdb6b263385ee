import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '../configs/registry.ts';

/** Bytes of all files together; a V8 string ends at about 512M characters. */
const mostBytes = 400 * 1024 * 1024;

export interface TextFile {
  /** As the glob gave it. */
  readonly path: string;
  readonly text: string;
}

/**
 * The files that the globs match, sorted by path, each once; folders and binary files (a NUL in the first 8 KB) are left
 * out. Throws a ConfigError that names the pattern which matched nothing.
 */
export function readTextFiles(patterns: readonly string[], cwd: string, option: string): TextFile[] {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found = globSync(pattern, { cwd }).filter((path) => statSync(resolve(cwd, path)).isFile());
    if (found.length === 0) {
      throw new ConfigError(
        `${option}: "${pattern}" matches no file (looked in ${cwd}); for all files below a folder write "folder/**/*.txt"`,
      );
    }
    for (const path of found) paths.add(path);
  }
  let bytes = 0;
  const files: TextFile[] = [];
  for (const path of [...paths].sort()) {
    const buffer = readFileSync(resolve(cwd, path));
    if (buffer.subarray(0, 8192).includes(0)) continue;
    bytes += buffer.length;
    if (bytes > mostBytes) {
      throw new ConfigError(`${option}: the files have more than ${mostBytes} bytes together; name fewer of them`);
    }
    files.push({ path, text: decodeText(buffer) });
  }
  if (files.length === 0) throw new ConfigError(`${option}: only binary files match ${patterns.join(', ')}`);
  return files;
}

/** UTF-8, or Windows-1252 (a superset of printable Latin-1) where it is not; line ends become `\n`, a BOM goes. */
export function decodeText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    text = new TextDecoder('windows-1252').decode(bytes);
  }
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
}

/** SHA-256, hex, over texts in order, each with its length, so that moving a boundary changes it. */
export function hashTexts(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}\n`).update(text);
  return hash.digest('hex');
}
