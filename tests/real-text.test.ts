import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { RunStore } from '../rollout/store.ts';

const root = resolve(import.meta.dirname, '..');
const data = process.env.RLM_GYM_DATA;
const why = data ? '' : ' (skipped: RLM_GYM_DATA names no folder with books/ and trec/)';

// That the golds are right, recomputed from the files, is tested in datasets/real-text.test.ts.
test.skipIf(!data)(
  `configs/real-text.yaml: 200 episodes over contexts of a million characters${why}`,
  { timeout: 300_000 },
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-real-'));
    try {
      const argv = [join(root, 'cli/rlm-gym.mjs'), 'rollout', 'configs/real-text.yaml', '--run', dir, '--json'];
      const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: root });
      expect(JSON.parse(stdout)).toMatchObject({ total: 200, done: 200, voidInStore: 0, ended: 'finished' });
      const store = RunStore.open(dir, { readOnly: true });
      const row = (query: string) => ({ ...store.database.prepare(query).get() });
      expect(row('SELECT count(*) AS n, min(context_chars) AS least FROM episodes')).toMatchObject({ n: 200 });
      expect(Number(row('SELECT min(context_chars) AS least FROM episodes').least)).toBeGreaterThanOrEqual(1_000_000);
      const { mean } = row('SELECT avg(reward) AS mean FROM episodes');
      expect(mean).toBeGreaterThan(0.3);
      expect(mean).toBeLessThan(0.9);
      store.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
