#!/usr/bin/env node
// The entry in plain JavaScript: a shebang finds the system's Node, which may be older than what rlm-gym runs on.
// In a clone it imports cli/main.ts, in the published package dist/cli/main.js.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findNode, fix, isNewEnough } from './find-node.mjs';

if (isNewEnough()) {
  const source = new URL('./main.ts', import.meta.url);
  const built = new URL('../dist/cli/main.js', import.meta.url);
  const { main } = await import(existsSync(source) ? source.href : built.href);
  // Not process.exit: what is still on its way to a pipe would be cut.
  process.exitCode = await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node === null) {
    console.error(fix);
    process.exitCode = 3;
  } else {
    const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
    // A terminal sends Ctrl-C to both of us, a `kill` to this one alone; the child takes two within 300 ms for one.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', (error) => {
      console.error(`${node} could not be started (${error.message}).\n${fix}`);
      process.exitCode = 3;
    });
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    });
  }
}
