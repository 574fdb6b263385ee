import { open, readdir, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncDirectory } from './parquet.ts';

/** The dataset's directory cannot be used; the message says what to do. */
export class ExportError extends Error {
  override name = 'ExportError';
}

const shardName = /^[a-z0-9-]+-(?:train|validation|test)-\d{5}\.parquet$/;
const leftover = /\.\d+\.tmp$/;

/** Makes the directory, or accepts one that is empty or that holds an earlier export. Leftovers of a killed one go. */
export async function claimDirectory(out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const names = await readdir(out);
  const ours = names.includes('export.json') || names.every((name) => name === 'data' || leftover.test(name));
  if (!ours) {
    throw new ExportError(
      `${out} holds files that are no earlier export (${names.slice(0, 3).join(', ')}); name an empty directory with --out`,
    );
  }
  for (const dir of [out, join(out, 'data')]) {
    if (!existsSync(dir)) continue;
    for (const name of await readdir(dir)) if (leftover.test(name)) await rm(join(dir, name), { force: true });
  }
}

/** Removes shards of an earlier export that this one did not replace. */
export async function clearStaleShards(out: string, paths: readonly string[]): Promise<void> {
  for (const name of await readdir(join(out, 'data'))) {
    if (shardName.test(name) && !paths.includes(`data/${name}`)) await rm(join(out, 'data', name));
  }
  await syncDirectory(join(out, 'data'));
}

/** Writes a text so that its name never holds half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}
