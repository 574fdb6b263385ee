// Plain JavaScript that any Node from 20 on can read: it runs before we know which Node we have.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The oldest major version that is tested; isolated-vm's prebuilt binary and `.ts` without a flag both hang on it. */
export const neededMajor = 26;

export const fix = [
  `rlm-gym needs Node ${neededMajor} or newer; this is Node ${process.versions.node}, and the one that npm brings was not found.`,
  'Its install script did not run (npm --ignore-scripts, or npm 12 without consent). One of these mends it:',
  '  npm install                               (in a clone: package.json allows the script by name)',
  '  npm install --allow-scripts=node rlm-gym  (in a project of yours, npm 12)',
  `  use Node ${neededMajor} yourself, e.g.: nvm install ${neededMajor} && nvm use ${neededMajor}`,
].join('\n');

export function isNewEnough(version = process.versions.node) {
  return Number(version.split('.')[0]) >= neededMajor;
}

/** The path of a Node that is new enough: this one, or the one the npm package `node` brought; null where neither is. */
export function findNode() {
  if (isNewEnough()) return process.execPath;
  try {
    const root = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const path = join(root, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
