import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { taskSchema } from '../datasets/task.ts';
import { ContextStore } from '../env/context.ts';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';
import type { Bench } from './bench.ts';
import { lines } from './text.ts';

const episodes = 1_000;
const contextChars = 40_000_000;
const steps = 3;
const subcallMs = 5;
const workers = 2;

const cell = (step: number): string =>
  `\`\`\`repl\nvar part${step} = context.slice(${step * 1000}, ${step * 1000 + 200});\nprint(await llm_query(part${step}));\n\`\`\``;

/** One step of an episode, its sub-call answered after 5 ms. Returns 1 for anything but the next turn. */
async function play(env: ReturnType<typeof createRlmEnvironment>, step: number): Promise<number> {
  const asked = await env.step({ message: cell(step) });
  const child = asked.observation.calls.find((call) => call.kind === 'llm');
  if (!child) return 1;
  await sleep(subcallMs);
  const told = await env.step({ call: child.id, message: `answer ${step}` });
  return told.observation.calls[0]?.messages[0]?.content.includes(`answer ${step}`) ? 0 : 1;
}

/** Proportional set size of this process and its workers, in GB: shared pages are counted once. */
function pssGb(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1e6;
}

export const bench: Bench = {
  describe:
    '1,000 open episodes over one 40 MB context, one sub-call a step; goals: PSS <= 1.9 GB, no error, second reset <= 20 ms',
  async run(log) {
    const backend = createJavaScriptBackend({ workers, maxReplsPerWorker: episodes });
    const contexts = new ContextStore();
    const task = taskSchema.parse({
      id: 'bench',
      family: 'bench',
      query: 'q',
      context: lines(contextChars),
      answer: 'a',
    });
    const make = () => createRlmEnvironment({ backend, contexts });
    const envs = Array.from({ length: episodes }, make);
    try {
      await envs[0]!.reset({ task, seed: 0 });
      let errors = await play(envs[0]!, 0);
      const resets: number[] = [];
      for (const env of envs.slice(1, 12)) {
        const started = performance.now();
        await env.reset({ task, seed: 1 });
        await env.step({ message: '```repl\nvar first = context.length;\n```' });
        resets.push(performance.now() - started);
      }
      const opening = performance.now();
      await Promise.all(envs.slice(1).map((env, at) => env.reset({ task, seed: at + 1, identity: { index: at + 1 } })));
      for (let step = 0; step < steps; step += 1) {
        // The first episode has played its first step already.
        const left = step === 0 ? envs.slice(1) : envs;
        const results = await Promise.all(left.map((env) => play(env, step)));
        errors += results.reduce((sum, failed) => sum + failed, 0);
      }
      log(
        `${episodes} episodes, ${steps} steps each, in ${((performance.now() - opening) / 1000).toFixed(1)} s on ${backend.pids().length} workers`,
      );
      const secondReset = resets.sort((a, b) => a - b)[Math.floor(resets.length / 2)]!;
      return {
        pss_gb: pssGb([process.pid, ...backend.pids()]),
        errors,
        second_reset_ms: secondReset,
        workers: backend.pids().length,
      };
    } finally {
      await Promise.all(envs.map((env) => env.close()));
      await backend.close();
      contexts.close();
    }
  },
};
