import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { exportConfigSchema } from '../configs/schema.ts';
import { advantages } from '../reward/advantages.ts';
import type { RunStore } from '../rollout/store.ts';
import type { Row } from './columns/schema.ts';
import { exportRun } from './export-run.ts';
import { formats } from './formats.ts';
import { groupFacts } from './groups.ts';
import type { ExportResult } from './result.ts';
import { noPython, readBack } from './test-python.ts';
import { testRun } from './test-run.ts';

const dirs: string[] = [];
const stores: RunStore[] = [];
const temporary = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-export-'));
  dirs.push(dir);
  return dir;
};
afterAll(() => {
  for (const store of stores) store.close();
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

async function run(options: Parameters<typeof testRun>[0] = {}): Promise<RunStore> {
  const store = await testRun({ dir: temporary(), ...options });
  stores.push(store);
  return store;
}

const config = exportConfigSchema.parse({
  curate: { correctOnly: true, bestN: 1 },
  formats: ['sft-turns', 'sft-chat', 'rl'],
  rowGroupRows: 8,
});

describe('one export', () => {
  let store: RunStore;
  let result: ExportResult;
  beforeAll(async () => {
    store = await run();
    result = await exportRun({ store, config });
  });
  const sql = (query: string): Record<string, unknown>[] => store.database.prepare(query).all();

  test('every number it tells is a count by SQL', () => {
    const [{ all, kept }] = sql('SELECT count(*) AS "all", sum(kept) AS kept FROM ledger') as [
      { all: number; kept: number },
    ];
    expect(result).toMatchObject({ episodes: all, kept, dropped: all - kept, out: join(store.dir, 'dataset') });
    expect({ all, kept }).toEqual({ all: 24, kept: 6 });
    const byRule = sql('SELECT rule, count(*) AS n FROM ledger WHERE kept = 0 GROUP BY rule');
    const dropped = result.waterfall
      .filter((step) => step.dropped > 0)
      .map(({ rule, dropped }) => ({ rule, n: dropped }));
    expect(dropped.sort((a, b) => (a.rule < b.rule ? -1 : 1))).toEqual(byRule.map((row) => ({ ...row })));
    expect(result.waterfall.map(({ rule }) => rule)).toEqual(['void', 'unscored', 'correct_only', 'best_n']);
    const exported = sql('SELECT format, rows, episodes FROM exports ORDER BY format').map((row) => ({ ...row }));
    expect(exported).toEqual([
      { format: 'rl', rows: 6, episodes: 6 },
      { format: 'sft-chat', rows: 6, episodes: 6 },
      { format: 'sft-turns', rows: 12, episodes: 6 },
    ]);
    for (const { format, rows } of result.formats) {
      const files = result.files.filter((file) => file.format === format);
      expect(files.reduce((sum, file) => sum + file.rows, 0)).toBe(rows);
    }
  });

  test('the files are there, whole, with the digests told, and no others', () => {
    for (const file of result.files) {
      const bytes = readFileSync(join(result.out, file.path));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
      expect(bytes.length).toBe(file.bytes);
    }
    const names = readdirSync(result.out, { recursive: true }).map(String).sort();
    const shards = ['rl-test', 'rl-train', 'sft-chat-test', 'sft-chat-train', 'sft-turns-test', 'sft-turns-train'].map(
      (name) => `data/${name}-00000.parquet`,
    );
    expect(names).toEqual(['README.md', 'data', ...shards, 'export.json', 'ledger.jsonl']);
    const ledger = readFileSync(join(result.out, 'ledger.jsonl'), 'utf8').trim().split('\n');
    expect(ledger).toHaveLength(24);
  });

  test('the card names every file, count, column and source', () => {
    const card = readFileSync(join(result.out, 'README.md'), 'utf8');
    const front = parse(card.split('---\n')[1]!) as Record<string, unknown>;
    expect(front).toMatchObject({ license: 'other', size_categories: ['n<1K'] });
    expect(front['configs']).toEqual([
      {
        config_name: 'sft-turns',
        default: true,
        data_files: ['train', 'test'].map((split) => ({ split, path: `data/sft-turns-${split}-*.parquet` })),
      },
      {
        config_name: 'sft-chat',
        data_files: ['train', 'test'].map((split) => ({ split, path: `data/sft-chat-${split}-*.parquet` })),
      },
      {
        config_name: 'rl',
        data_files: ['train', 'test'].map((split) => ({ split, path: `data/rl-${split}-*.parquet` })),
      },
    ]);
    for (const file of result.files) expect(card).toContain(file.sha256);
    expect(card).toContain('**TRL does not read `train`**');
    for (const column of formats.get('rl').make.columns(['correctness']))
      expect(card).toContain(`| \`${column.name}\` |`);
    expect(card).toContain('| `best_n` | 12 | 6 | 6 |');
    expect(card).toContain('| niah | grep | 6 | 6 | 1.000 | 3 |');
    expect(card).toContain(`| haystack | sources; zod 4.6.7 (MIT) | 3 | 900 | \`${'ab'.repeat(32)}\` |`);
    expect(card).toContain(store.configHash);
  });

  test.skipIf(noPython)(
    `every value is read back by name from the card${noPython ? ` (skipped: ${noPython})` : ''}`,
    { timeout: 120_000 },
    () => {
      const kept = sql('SELECT episode_id AS id FROM ledger WHERE kept = 1').map((row) => String(row['id']));
      for (const name of ['sft-turns', 'sft-chat', 'rl'] as const) {
        const format = formats.get(name).make;
        const rows: Row[] = [];
        for (const episode of store.episodes({ void: false })) {
          if (!kept.includes(episode.id) || episode.taskId === 'task-5') continue;
          const rewards = sql(`SELECT reward FROM episodes WHERE task_id = '${episode.taskId}' ORDER BY idx`);
          const group = groupFacts({
            id: episode.id.replace(/\/\d+$/, ''),
            size: 4,
            group: advantages(rewards.map((row) => row['reward'] as number | null)),
            member: episode.index,
          });
          rows.push(...format.rows(episode, { group, gamma: 1 }));
        }
        const read = readBack({
          files: [join(result.out, `data/${name}-train-00000.parquet`)],
          columns: format.columns(['correctness']),
          rows,
          dataset: { dir: result.out, config: name },
        });
        expect(read.rows).toBe(name === 'sft-turns' ? 10 : 5);
        expect(read.readers).toHaveProperty('datasets, by the card');
        expect(read.metadata).toMatchObject({ schema_version: 1, format: name, config_hash: store.configHash });
      }
    },
  );
});

test('equal runs give equal files, in whatever directory and order; another seed other ones', async () => {
  const digests = async (store: RunStore): Promise<[string, string][]> => {
    const { files, out } = await exportRun({ store, config });
    const texts = ['README.md', 'ledger.jsonl', 'export.json'];
    return [
      ...files.map((file): [string, string] => [file.path, file.sha256]),
      ...texts.map((name): [string, string] => [name, readFileSync(join(out, name), 'utf8')]),
    ];
  };
  const first = await digests(await run());
  expect(await digests(await run())).toEqual(first);
  expect(await digests(await run({ config: { seed: 1 } }))).not.toEqual(first);
});

test('an export into the place of an earlier one replaces it, stale shards included', async () => {
  const store = await run();
  const many = await exportRun({ store, config: { ...config, shardMb: 0.002 } });
  expect(many.files.length).toBeGreaterThan(4);
  expect(many.files.map((file) => file.path)).toContain('data/rl-train-00001.parquet');
  const few = await exportRun({ store, config });
  expect(readdirSync(join(few.out, 'data')).sort()).toEqual(few.files.map((file) => file.path.slice(5)).sort());
  const [{ n }] = store.database.prepare('SELECT count(DISTINCT export_id) AS n FROM ledger').all() as [{ n: number }];
  expect(n).toBe(2);
});

test('an export that was killed is exported again, and what it left half done goes', async () => {
  const store = await run();
  const out = temporary();
  mkdirSync(join(out, 'data'));
  for (const name of ['data/rl-train-00000.parquet.123.tmp', 'export.json.123.tmp'])
    writeFileSync(join(out, name), 'half');
  writeFileSync(join(out, 'data/rl-train-00007.parquet'), 'of an earlier export');
  const { files } = await exportRun({ store, config, out });
  const names = readdirSync(out, { recursive: true }).map(String).sort();
  expect(names).toEqual(['README.md', 'data', ...files.map((file) => file.path).sort(), 'export.json', 'ledger.jsonl']);
});

test('a directory that holds something else is refused and left alone', async () => {
  const store = await run();
  const out = temporary();
  writeFileSync(join(out, 'README.md'), 'mine');
  await expect(exportRun({ store, config, out })).rejects.toThrow(
    /no earlier export \(README.md\); name an empty directory/,
  );
  expect(readFileSync(join(out, 'README.md'), 'utf8')).toBe('mine');
});

test('an unknown format is refused before anything is written', async () => {
  const store = await run();
  const out = join(temporary(), 'new');
  await expect(exportRun({ store, config: { ...config, formats: ['sft'] }, out })).rejects.toThrow(
    /choose one of: sft-turns, sft-chat, rl/,
  );
  expect(existsSync(out)).toBe(false);
});

test('nothing kept: tables with their columns and no rows', async () => {
  const store = await run();
  const curate = { ...config.curate, minReward: 2 };
  const result = await exportRun({ store, config: { ...config, curate } });
  expect(result.kept).toBe(0);
  expect(result.files.map(({ path, rows }) => [path, rows])).toEqual([
    ['data/sft-turns-train-00000.parquet', 0],
    ['data/sft-chat-train-00000.parquet', 0],
    ['data/rl-train-00000.parquet', 0],
  ]);
});

test('an episode with a told fault stays out of the rl rows, and the ledger says so', async () => {
  const store = await run({
    episode: (task, index) => (task === 1 && index === 0 ? { metrics: { subcall_faults: 1 } } : {}),
  });
  const result = await exportRun({ store, config: { ...config, curate: { ...config.curate, bestN: null } } });
  expect(result.formats.map(({ format, episodes, refused }) => [format, episodes, refused])).toEqual([
    ['sft-turns', 12, {}],
    ['sft-chat', 12, {}],
    ['rl', 11, { subcall_fault: 1 }],
  ]);
  const row = store.database.prepare("SELECT kept, rule, detail FROM ledger WHERE episode_id LIKE '%/task-1/0'").get();
  expect({ ...row }).toEqual({ kept: 1, rule: null, detail: 'not in rl: subcall_fault' });
});

test('an aborted export leaves no file behind', async () => {
  const store = await run();
  const out = join(temporary(), 'new');
  const stop = new AbortController();
  const onProgress = (done: number): void => (done === 2 ? stop.abort() : undefined);
  await expect(exportRun({ store, config, out, onProgress, signal: stop.signal })).rejects.toThrow(/abort/i);
  expect(readdirSync(join(out, 'data'))).toEqual([]);
});
