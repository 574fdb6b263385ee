import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rlColumns } from '../export/samples/rl-columns.ts';
import type { Bench } from './bench.ts';
import { pieceChars, poolTokens, rowChars, rowTokens, writePool } from './parquet/pool.ts';

const root = join(import.meta.dirname, '..');
const rows = 20_000;
/** Each side is run so often, in turn; the median counts. */
const rounds = 3;

interface Written {
  readonly cpuSeconds: number;
  readonly rawMb: number;
  readonly fileMb: number;
  /** Not taken of Python. */
  readonly rssRiseMb?: number;
}

/**
 * Rows of the `rl` format from plain objects to Parquet, beside pyarrow from dicts. CPU is that of the whole process
 * (start, loading the pool and making the rows included, on both sides), user and system, all threads. The rise of RSS
 * is the peak over what the process had with its pool loaded.
 */
export const bench: Bench = {
  describe: `${rows} rows of ~34 KB to Parquet beside pyarrow from dicts; goals: ratio >= 1, rise <= 250 MB`,
  async run(log) {
    const python = findPython();
    const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-bench-'));
    try {
      log(`writing the pool that rows are cut from to ${dir}`);
      writePool(root, dir);
      const shape = { rowChars, rowTokens, pieceChars, poolTokens, columns: rlColumns(['correctness']) };
      const ours = (count: number): Written =>
        measure(process.execPath, [join(root, 'bench/parquet/write.ts'), dir, join(dir, 'ours.parquet'), `${count}`]);
      const theirs = (count: number): Written =>
        measure(python, [join(root, 'bench/python/parquet_dicts.py'), dir, join(dir, 'pyarrow.parquet'), `${count}`], {
          RLM_GYM_BENCH_SHAPE: JSON.stringify(shape),
        });
      const mine: Written[] = [];
      const twice: Written[] = [];
      const pyarrow: Written[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        mine.push(ours(rows));
        pyarrow.push(theirs(rows));
        twice.push(ours(2 * rows));
        log(
          `round ${round}: ${describe(mine.at(-1)!)}; pyarrow ${describe(pyarrow.at(-1)!)}; twice the rows ${describe(twice.at(-1)!)}`,
        );
      }
      const cpu = median(mine.map((one) => one.cpuSeconds));
      const rise = median(mine.map((one) => one.rssRiseMb!));
      return {
        mb_per_cpu_s: mine[0]!.rawMb / cpu,
        ratio_to_pyarrow_dicts: median(pyarrow.map((one) => one.cpuSeconds)) / cpu,
        rss_rise_mb: rise,
        rss_rise_mb_twice_rows: median(twice.map((one) => one.rssRiseMb!)),
        raw_mb: mine[0]!.rawMb,
        file_mb: mine[0]!.fileMb,
        pyarrow_file_mb: pyarrow[0]!.fileMb,
      };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

function measure(command: string, args: string[], env: Record<string, string> = {}): Written {
  const done = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (done.status !== 0) throw new Error(`${command} ${args[0]} failed: ${done.error?.message ?? done.stderr}`);
  return JSON.parse(done.stdout) as Written;
}

function findPython(): string {
  const made = spawnSync(process.execPath, [join(root, 'scripts/venv.mjs')], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`no Python to compare with: ${made.stderr}`);
  return made.stdout.trim().split('\n').at(-1)!;
}

function describe(one: Written): string {
  const rise = one.rssRiseMb === undefined ? '' : `, ${one.rssRiseMb.toFixed(0)} MB over the base`;
  return `${one.cpuSeconds.toFixed(2)} CPU s${rise}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
