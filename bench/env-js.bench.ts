import { ContextStore } from '../env/context.ts';
import type { Environment } from '../env/environment.ts';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';
import { taskSchema } from '../datasets/task.ts';
import type { Bench } from './bench.ts';
import { lines } from './text.ts';

/** Turns an episode is given before the next one begins, as a long real one would have. */
const turns = 200;

const trivial = (): string => '```repl\n1\n```';
/** A slice and a regex over a 1 MB context, a declaration, 200 characters printed: another cell each step. */
const real = (step: number): string => {
  const from = (step * 7919) % 900_000;
  return `\`\`\`repl\nconst part${step} = context.slice(${from}, ${from + 20_000});\nconst keys = part${step}.match(/key-\\d*${step % 10}\\b/g) ?? [];\nprint(part${step}.slice(${step % 100}, ${(step % 100) + 180}) + ' ' + keys.length);\n\`\`\``;
};

/** Two episodes to warm up, then as many as `seconds` hold. */
async function stepsPerSecond(
  env: Environment,
  context: string,
  message: (step: number) => string,
  seconds: number,
): Promise<number> {
  const task = taskSchema.parse({ id: 'bench', family: 'bench', query: 'q', context, answer: 'a' });
  let steps = 0;
  let spent = 0;
  for (let episode = 0; spent < seconds * 1000; episode += 1) {
    await env.reset({ task, seed: 1 });
    await env.step({ message: trivial() });
    const started = performance.now();
    for (let turn = 0; turn < turns; turn += 1) {
      const { info } = await env.step({ message: message(episode * turns + turn) });
      if (info.stop) throw new Error(`the episode ended: ${info.stop.reason} ${info.stop.message ?? ''}`);
    }
    if (episode < 2) continue;
    steps += turns;
    spent += performance.now() - started;
  }
  return (steps * 1000) / spent;
}

/** Steps through `env.step` and one worker process, one episode at a time, record on. */
export const bench: Bench = {
  describe: 'env.step with JavaScript cells, one worker, one episode; goal: 5,000 trivial steps a second',
  async run(log) {
    const backend = createJavaScriptBackend({ workers: 1 });
    const contexts = new ContextStore();
    const env = createRlmEnvironment({ backend, contexts, config: { budget: { maxTurns: turns + 10 } } });
    try {
      const context = lines(1_000_000);
      const trivialRate = await stepsPerSecond(env, context, trivial, 5);
      log(`trivial cells: ${Math.round(trivialRate)} steps/s`);
      const realRate = await stepsPerSecond(env, context, real, 5);
      return { trivial_steps_per_s: trivialRate, steps_per_s: realRate };
    } finally {
      await env.close();
      await backend.close();
      contexts.close();
    }
  },
};
