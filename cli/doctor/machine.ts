import { spawnSync } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { fix, isNewEnough, neededMajor } from '../find-node.mjs';
import { packageFile } from '../package-root.ts';

/** One finding. `optional`: what is missing is not needed for a run. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
  readonly optional?: boolean;
}

export function checkNode(version = process.versions.node): Check {
  const ok = isNewEnough(version);
  return { name: 'node', ok, detail: `${version} (${neededMajor} or newer is needed), ${process.execPath}`, fix };
}

export function checkPlatform(platform: string = process.platform, arch: string = process.arch): Check {
  const name = 'platform';
  const cores = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB memory`;
  const detail = `${platform} ${arch}, ${cores}`;
  if (platform === 'linux' && arch === 'x64') return { name, ok: true, detail };
  if ((platform === 'linux' || platform === 'darwin') && arch === 'arm64') {
    return { name, ok: true, detail: `${detail}; it should work here, but was not tested` };
  }
  const why = platform === 'win32' ? 'use WSL2 (wsl --install)' : 'use Linux x64 or arm64, or macOS on Apple silicon';
  return { name, ok: false, detail: `${detail}; not supported`, fix: why };
}

/** What the run store stands on: SQLite and zstd, both inside Node. */
export function checkStore(): Check {
  const name = 'store';
  try {
    const database = new DatabaseSync(':memory:');
    const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    database.close();
    const back = zstdDecompressSync(zstdCompressSync(Buffer.from(name))).toString();
    if (back !== name) throw new Error('zstd did not give back what it was given');
    return { name, ok: true, detail: `SQLite ${version}, zstd` };
  } catch (error) {
    return { name, ok: false, detail: (error as Error).message, fix };
  }
}

/** Bytes below which a run is likely to meet a full disk. */
const littleDisk = 1e9;

export function checkDisk(folder: string): Check {
  let at = resolve(folder);
  while (!existsSync(at)) at = dirname(at);
  const { bavail, bsize } = statfsSync(at);
  const free = bavail * bsize;
  return {
    name: 'disk',
    ok: free > littleDisk,
    detail: `${(free / 1e9).toFixed(1)} GB free at ${at}`,
    fix: 'make room there, or name another place: --run /path/with/room',
  };
}

/** The virtual environment of the tests, and whether one could be made. */
export function checkPython(): Check {
  const name = 'python';
  const venv = packageFile('.venv/bin/python');
  if (existsSync(venv)) return { name, ok: true, detail: `${venv} (tests, trainers)` };
  const found = ['python3.11', 'python3.12', 'python3.13', 'python3'].find(
    (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0,
  );
  const clone = existsSync(join(packageFile('scripts'), 'venv.mjs'));
  return {
    name,
    ok: found !== undefined,
    optional: true,
    detail: found ? `${found} (tests, trainers)` : 'none found; only the tests and trainers need it',
    fix: clone ? 'install Python 3.11, then: npm run -s venv' : 'install Python 3.11 or newer',
  };
}
