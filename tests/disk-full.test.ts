import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exitCodes } from '../cli/exit-codes.ts';

const base = mkdtempSync(join(tmpdir(), 'rlm-gym-disk-'));
const disk = join(base, 'disk');
mkdirSync(disk);
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** How a command gets a small disk that nobody else sees: as root, or as root of a user namespace. */
const ways = [['-m'], ['-U', '-r', '-m']];
const mount = `mount -t tmpfs -o size=24m tmpfs ${disk}`;
const way = ways.find((flags) => spawnSync('unshare', [...flags, 'sh', '-c', mount]).status === 0);
const why = way ? '' : ' (skipped: no small tmpfs can be mounted here; it takes Linux, and root or user namespaces)';

test.skipIf(!way)(
  `a full disk has its own exit status, keeps what is stored whole, and the run goes on when there is room${why}`,
  { timeout: 120_000 },
  () => {
    const config = join(base, 'config.json');
    const group = 40;
    writeFileSync(
      config,
      JSON.stringify({
        name: 'disk',
        seed: 3,
        tasks: [{ family: 'niah', count: 6, length: 4_000 }],
        policies: { root: { name: 'scripted' }, llm: { name: 'oracle' } },
        environment: { repl: { workers: 1 } },
        rollout: { group, concurrency: 4 },
      }),
    );
    const fixture = join(import.meta.dirname, 'disk-full.fixture.ts');
    const script = `${mount} && exec "$0" "$@"`;
    const { stdout, stderr } = spawnSync(
      'unshare',
      [...way!, 'sh', '-c', script, process.execPath, fixture, disk, config],
      { encoding: 'utf8' },
    );
    expect(stdout, stderr).not.toBe('');
    const seen = JSON.parse(stdout) as {
      made: number;
      full: { status: number; stderr: string };
      integrity: string;
      stored: number;
      resumed: number;
      kept: number;
      integrityAfter: string;
      storedAfter: number;
    };
    expect(seen.made).toBe(exitCodes.ok);
    expect(seen.full.status, seen.full.stderr).toBe(exitCodes.disk);
    expect(seen.full.stderr).toMatch(/^error: the disk that holds .* is full/m);
    expect(seen.full.stderr).toMatch(/^next: +make room there, then run the same command again/m);
    expect(seen.integrity).toBe('ok');
    expect(seen.stored).toBeGreaterThan(0);
    expect(seen.stored).toBeLessThan(6 * group);
    expect(seen.resumed).toBe(exitCodes.ok);
    expect(seen).toMatchObject({ kept: seen.stored, integrityAfter: 'ok', storedAfter: 6 * group });
  },
);
