// `npm run soak -- NAME`: long trials (tests/soak), on the Node that npm brings.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, fix } from '../cli/find-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = findNode();
if (node === null) {
  console.error(fix);
  process.exitCode = 3;
} else {
  const run = join(root, 'tests/soak/run.ts');
  process.exitCode = spawnSync(node, [run, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
}
