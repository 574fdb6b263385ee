import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { taskSchema } from '../datasets/task.ts';
import { ContextStore } from '../env/context.ts';
import type { Environment } from '../env/environment.ts';
import type { Episode } from '../env/episode.ts';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';
import type { Bench } from './bench.ts';
import { lines } from './text.ts';

const rounds = 5;

const cell = (turn: number): string =>
  `\`\`\`repl\nvar part = context.slice(${turn * 500}, ${turn * 500 + 400});\nprint(part);\n\`\`\``;

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Plays `turns` turns and a finish; returns the record and the host's CPU for each half. */
async function play(
  env: Environment,
  chars: number,
  turns: number,
): Promise<{ episode: Episode; halves: [number, number] }> {
  const task = taskSchema.parse({
    id: `bench-${chars}`,
    family: 'bench',
    query: 'q',
    context: lines(chars),
    answer: 'a',
  });
  await env.reset({ task, seed: 1 });
  const halves: [number, number] = [0, 0];
  for (let turn = 0; turn < turns; turn += 1) {
    const before = cpu();
    await env.step({ message: cell(turn) });
    halves[turn < turns / 2 ? 0 : 1] += cpu() - before;
  }
  await env.step({ message: 'FINAL(done)' });
  return { episode: env.episode(), halves };
}

/** Bytes of the record as the store keeps it. */
const stored = (episode: Episode): number => zstdCompressSync(JSON.stringify({ ...episode, timing: {} })).length;

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

export const bench: Bench = {
  describe: 'what a turn and a record cost as an episode grows from 100 to 200 turns; goals: both ratios <= 1.2',
  async run(log) {
    const backend = createJavaScriptBackend({ workers: 1 });
    const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-bench-'));
    const contexts = new ContextStore(dir);
    const env = createRlmEnvironment({ backend, contexts, config: { budget: { maxTurns: 300 } } });
    try {
      await play(env, 200_000, 200);
      const turnRatios: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const { halves } = await play(env, 200_000, 200);
        turnRatios.push(halves[1] / halves[0]);
      }
      log(`CPU of turns 101-200 over turns 1-100: ${turnRatios.map((ratio) => ratio.toFixed(2)).join(', ')}`);
      const long = stored((await play(env, 200_000, 200)).episode);
      const short = stored((await play(env, 200_000, 100)).episode);
      const wide = stored((await play(env, 400_000, 100)).episode);
      log(`stored bytes: ${long} for 200 turns, ${short} for 100, ${wide} for 100 over a context twice as long`);
      return { turn_ratio: median(turnRatios), stored_ratio: Math.max(long / (2 * short), wide / short) };
    } finally {
      await env.close();
      await backend.close();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};
