import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Row } from '../export/columns/schema.ts';
import { groupsOf } from '../export/groups.ts';
import { readSummaries } from '../export/run-queries.ts';
import { formats } from '../export/formats.ts';
import { noPython, readBack } from '../export/test-python.ts';
import { RunStore } from '../rollout/store.ts';

const root = resolve(import.meta.dirname, '..');
const temporary = mkdtempSync(join(tmpdir(), 'rlm-gym-quickstart-'));
const execute = promisify(execFile);

interface Played {
  readonly dir: string;
  readonly out: string;
  readonly seconds: number;
}

async function quickstart(name: string, ...extra: string[]): Promise<Played> {
  const dir = join(temporary, name);
  const started = performance.now();
  const script = join(root, 'scripts/quickstart.mjs');
  const { stdout } = await execute(process.execPath, [script, '--run', dir, ...extra], { cwd: root });
  return { dir, out: stdout, seconds: (performance.now() - started) / 1000 };
}

let played: Played;
let store: RunStore;
const sql = (query: string) =>
  store.database
    .prepare(query)
    .all()
    .map((row) => ({ ...row }));
const one = (query: string) => Number(Object.values(sql(query)[0]!)[0]);

beforeAll(async () => {
  played = await quickstart('first');
  store = RunStore.open(played.dir);
}, 180_000);

afterAll(() => {
  store?.close();
  rmSync(temporary, { recursive: true, force: true });
});

describe('npm run quickstart', () => {
  test('is as large as promised, in time', () => {
    const families = sql('SELECT family, count(*) AS tasks, min(context_chars) AS chars FROM tasks GROUP BY family');
    expect(families.length).toBeGreaterThanOrEqual(2);
    for (const { tasks, chars } of families) {
      expect(tasks).toBeGreaterThanOrEqual(6);
      expect(chars).toBeGreaterThanOrEqual(200_000);
    }
    const groups = sql('SELECT count(*) AS n FROM episodes GROUP BY task_id');
    expect(new Set(groups.map(({ n }) => n))).toEqual(new Set([8]));
    expect(played.seconds).toBeLessThan(90);
  });

  test('its policies are good and bad, and several ask sub-models', () => {
    const withCalls = sql('SELECT strategy FROM episodes WHERE subcalls > 0 GROUP BY strategy');
    expect(withCalls.length).toBeGreaterThanOrEqual(3);
    const mean = one('SELECT avg(reward) FROM episodes');
    expect(mean).toBeGreaterThan(0.3);
    expect(mean).toBeLessThan(0.9);
    expect(one('SELECT count(*) FROM episodes WHERE void = 1')).toBe(0);
  });

  test('every count that it prints is a count by SQL', () => {
    const { out } = played;
    const tasks = one('SELECT count(*) FROM tasks');
    const episodes = one('SELECT count(*) FROM episodes');
    const kept = one('SELECT count(*) FROM ledger WHERE kept = 1');
    const dropped = one('SELECT count(*) FROM ledger WHERE kept = 0');
    expect(out).toContain(`${tasks} tasks in ${played.dir}`);
    for (const { family, n } of sql('SELECT family, count(*) AS n FROM tasks GROUP BY family')) {
      expect(out).toMatch(new RegExp(`^  ${String(family)} +train +${Number(n)} `, 'm'));
    }
    expect(out).toContain(`${episodes} of ${tasks * 8} episodes are in ${played.dir}`);
    expect(out).toContain(`${episodes} episodes: ${kept} kept, ${dropped} dropped`);
    for (const { rule, n } of sql('SELECT rule, count(*) AS n FROM ledger WHERE kept = 0 GROUP BY rule')) {
      expect(out).toMatch(new RegExp(`^  ${String(rule)}: ${Number(n)} of `, 'm'));
    }
    const number = (count: unknown) => Number(count).toLocaleString('en-US');
    for (const { format, rows, episodes: from } of sql('SELECT format, rows, episodes FROM exports')) {
      expect(out).toMatch(new RegExp(`^  ${String(format)} +${number(rows)} +${number(from)}`, 'm'));
    }
    const scored = one('SELECT count(*) FROM episodes WHERE reward IS NOT NULL');
    const correct = one('SELECT count(*) FROM episodes WHERE correctness >= 1');
    expect(out).toMatch(new RegExp(`^${scored} scored, 0 unscored, 0 void; ${correct} correct `, 'm'));
    for (const { strategy, n } of sql('SELECT strategy, count(*) AS n FROM episodes GROUP BY strategy')) {
      expect(out).toMatch(new RegExp(`^${String(strategy)} +${Number(n)} `, 'm'));
    }
    expect(dropped).toBeGreaterThanOrEqual(20);
  });

  test('at least 40 rows are kept, and every file that it names is there', () => {
    expect(one('SELECT min(rows) FROM exports')).toBeGreaterThanOrEqual(40);
    const named = [...played.out.matchAll(/^ {2}(\S+\.parquet) \(([\d,]+) rows\)$/gm)].map((match) => match[1]!);
    expect(named.length).toBeGreaterThanOrEqual(2);
    for (const path of [...named, join(played.dir, 'report.html')]) {
      expect(existsSync(resolve(root, path)), path).toBe(true);
    }
    const page = readFileSync(join(played.dir, 'report.html'), 'utf8');
    expect(page).not.toMatch(/<script|src="http|href="http|url\(/i);
  });

  test.skipIf(noPython)(
    `pyarrow, datasets, polars and DuckDB read every value${noPython ? ` (skipped: ${noPython})` : ''}`,
    () => {
      const kept = new Set(sql('SELECT episode_id AS id FROM ledger WHERE kept = 1').map(({ id }) => id));
      const summaries = readSummaries(store.database, 1);
      const groups = groupsOf(summaries, 8);
      const facts = new Map(summaries.map((summary) => [summary.episodeId, groups.factsOf(summary)]));
      for (const name of ['sft-turns', 'rl']) {
        const format = formats.get(name).make;
        const rows: Row[] = [];
        for (const episode of store.episodes()) {
          if (kept.has(episode.id)) rows.push(...format.rows(episode, { group: facts.get(episode.id)!, gamma: 1 }));
        }
        const read = readBack({
          files: [join(played.dir, `dataset/data/${name}-train-00000.parquet`)],
          columns: format.columns(['correctness']),
          rows,
          dataset: { dir: join(played.dir, 'dataset'), config: name },
        });
        expect(read.rows).toBe(one(`SELECT rows FROM exports WHERE format = '${name}'`));
        expect(Object.keys(read.readers)).toEqual(expect.arrayContaining(['pyarrow', 'datasets']));
        // Members of lists count as values too; every reader compares the same ones.
        const compared = [...new Set(Object.values(read.readers))];
        expect(compared).toHaveLength(1);
        expect(compared[0]).toBeGreaterThanOrEqual(rows.length * format.columns(['correctness']).length);
      }
    },
    180_000,
  );
});

describe('a second run with the same seed', () => {
  test('has equal episodes outside timing and equal shards; run in place it finds everything done', async () => {
    // Neither the number of workers nor that of episodes at once may be seen in what comes out.
    const again = await quickstart('second', '--set', 'environment.repl.workers=1', '--set', 'rollout.concurrency=3');
    const other = RunStore.open(again.dir, { readOnly: true });
    try {
      const untimed = (from: RunStore) => Array.from(from.episodes(), ({ timing: _timing, ...episode }) => episode);
      const [mine, theirs] = [untimed(store), untimed(other)];
      expect(theirs.length).toBe(mine.length);
      for (const [at, episode] of mine.entries()) expect(theirs[at]).toEqual(episode);
    } finally {
      other.close();
    }
    for (const name of ['sft-turns', 'rl']) {
      const path = `dataset/data/${name}-train-00000.parquet`;
      expect(digest(join(again.dir, path))).toBe(digest(join(played.dir, path)));
    }
    const repeated = await quickstart('second');
    expect(repeated.out).toContain('all from earlier');
    expect(digest(join(again.dir, 'dataset/data/rl-train-00000.parquet'))).toBe(
      digest(join(played.dir, 'dataset/data/rl-train-00000.parquet')),
    );
  }, 180_000);
});

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
