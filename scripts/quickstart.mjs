// `npm run quickstart`: the main job by its own verbs, each shown as you would type it. Arguments are handed to every
// verb that reads a config, e.g. `npm run quickstart -- --run runs/try --set rollout.group=2`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode, fix } from '../cli/find-node.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const config = 'configs/quickstart.yaml';
process.exitCode = main(process.argv.slice(2));

function main(extra) {
  const node = findNode();
  if (node === null) {
    console.error(fix);
    return 3;
  }
  const steps = [
    ['tasks', 'Make the tasks: questions over long texts, with answers only the host knows'],
    ['rollout', 'Roll out: scripted policies write code, the REPL runs it, each answer is scored'],
    ['export', 'Keep the good episodes and write them as Parquet'],
    ['report', 'Sum it up in one HTML file'],
  ];
  for (const [index, [verb, what]] of steps.entries()) {
    console.log(`${index === 0 ? '' : '\n'}── ${index + 1}/${steps.length} ${what}`);
    console.log(`$ rlm-gym ${[verb, config, ...extra].join(' ')}`);
    const run = spawnSync(node, [join(root, 'cli/rlm-gym.mjs'), verb, config, ...extra], {
      cwd: root,
      stdio: 'inherit',
    });
    if (run.status !== 0) return run.status ?? 1;
  }
  return 0;
}
