// `npm test [-- FILTER…]`: makes the Python environment when first needed, runs vitest, and ends with one line
// `N passed, N failed, N skipped`. Without Python the tests that need it are skipped, and that is said.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, fix } from '../cli/find-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.exitCode = main(process.argv.slice(2));

function main(args) {
  const node = findNode();
  if (node === null) {
    console.error(fix);
    return 3;
  }
  const venv = spawnSync(node, [join(root, 'scripts/venv.mjs')], { stdio: ['ignore', 'ignore', 2] });
  if (venv.status !== 0)
    console.log('Python tests are SKIPPED: there is no virtual environment (see above for the fix).');

  const folder = mkdtempSync(join(tmpdir(), 'rlm-gym-test-'));
  const counts = join(folder, 'counts.json');
  const env = { ...process.env, RLM_GYM_TEST_COUNTS: counts };
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts/summary-reporter.mjs')}`];
  const run = spawnSync(node, [vitest, 'run', ...reporters, ...args], { cwd: root, stdio: 'inherit', env });
  const { passed, failed, skipped } = read(counts);
  rmSync(folder, { recursive: true, force: true });
  // A run that ended badly is a failure even where every test that was reached passed.
  const failures = failed === 0 && run.status !== 0 ? 1 : failed;
  console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`);
  return failures > 0 ? 1 : 0;
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
