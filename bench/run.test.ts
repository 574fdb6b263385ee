import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('an unknown benchmark is refused with the names there are', () => {
  const done = spawnSync(process.execPath, [join(import.meta.dirname, 'run.ts'), 'nope', '--json'], {
    encoding: 'utf8',
  });
  expect(done.status).toBe(2);
  expect(done.stdout).toBe('');
  expect(done.stderr).toMatch(/no benchmark "nope"; choose one of: .*parquet/);
});
