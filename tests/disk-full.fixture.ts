import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

// Runs in a mount namespace of its own, where argv[2] is a small tmpfs: fills it, and tells what a rollout makes of that.
const [disk, config] = process.argv.slice(2) as [string, string];
const dir = join(disk, 'run');
const root = resolve(import.meta.dirname, '..');
const ballast = join(disk, 'ballast');

function run(...argv: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'cli/rlm-gym.mjs'), ...argv], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stderr };
}

/** What a reader finds: nothing is opened for writing, so nothing is mended. */
function look(): { integrity: unknown; records: Record<string, string> } {
  const database = new DatabaseSync(join(dir, 'run.db'), { readOnly: true });
  const integrity = database.prepare('PRAGMA integrity_check').get()?.integrity_check;
  const rows = database.prepare('SELECT id, hex(record) AS record FROM episodes').all();
  database.close();
  return { integrity, records: Object.fromEntries(rows.map(({ id, record }) => [String(id), String(record)])) };
}

mkdirSync(dir);
const made = run('tasks', config, '--run', dir);
const { bavail, bsize } = statfsSync(disk);
const roomBytes = 300_000;
writeFileSync(ballast, Buffer.alloc(bavail * bsize - roomBytes));
const full = run('rollout', config, '--run', dir);
const found = look();
rmSync(ballast);
const resumed = run('rollout', config, '--run', dir, '--resume');
const after = look();
const kept = Object.entries(found.records).filter(([id, record]) => after.records[id] === record).length;
process.stdout.write(
  JSON.stringify({
    made: made.status,
    full,
    integrity: found.integrity,
    stored: Object.keys(found.records).length,
    resumed: resumed.status,
    kept,
    integrityAfter: after.integrity,
    storedAfter: Object.keys(after.records).length,
  }),
);
