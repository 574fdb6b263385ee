// Makes dist/: JavaScript and declarations by tsc, and beside them every file that the sources read at run time.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, fix } from '../cli/find-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const folders = ['configs', 'datasets', 'env', 'reward', 'rollout', 'export', 'trainer-bridge', 'cli'];

process.exitCode = build();

function build() {
  const node = findNode();
  if (node === null) {
    console.error(fix);
    return 3;
  }
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const run = spawnSync(node, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (run.status !== 0) return 1;

  // tsc rewrites imports only; a worker's entry is named by `new URL('./worker.ts', import.meta.url)`.
  for (const path of files(dist).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(dist, path), 'utf8');
    const mended = text.replace(/(new URL\(\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g, '$1.js$2');
    if (mended !== text) writeFileSync(join(dist, path), mended);
  }
  for (const folder of folders) {
    for (const path of files(join(root, folder)).filter(isAsset))
      cpSync(join(root, folder, path), join(dist, folder, path));
  }
  return 0;
}

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function isAsset(path) {
  return (
    /\.(sql|html|css|json|txt|yaml)$|find-node\.(d\.mts|mjs)$/.test(path) &&
    !/(^|\/)(fixtures|python|node_modules)\//.test(path)
  );
}
