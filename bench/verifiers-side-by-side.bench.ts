import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Bench } from './bench.ts';
import { createEngineRunner } from './engine-run.ts';
import { startServer } from './openai-server.ts';
import { median } from './process-tree.ts';

const rounds = 5;
const concurrency = 256;
const ourEpisodes = 1_280;
const theirEpisodes = 512;

interface TheirRound {
  readonly turnsPerSecond: number;
  readonly cpuMsPerTurn: number;
  readonly failed: number;
  readonly failure: string;
}

export const bench: Bench = {
  describe:
    '3-turn episodes at 256 at once: ours (REPL and store on) and verifiers 0.4 (no REPL) on one server; goal: ratio >= 4',
  async run(log) {
    const python = findPython(log);
    const server = await startServer();
    const verifiers = startVerifiers(python, server.url('talk'));
    const runner = createEngineRunner({
      baseURL: server.url('repl'),
      without: new Set([server.pid, verifiers.pid]),
    });
    const ours: number[] = [];
    const theirs: number[] = [];
    const ourCpu: number[] = [];
    const theirCpu: number[] = [];
    let failed = 0;
    try {
      // They take turns, one idle while the other plays; the first round of each warms up.
      for (let round = -1; round < rounds; round += 1) {
        const mine = await runner.play({ episodes: round < 0 ? 320 : ourEpisodes, concurrency });
        const other = await verifiers.play(round < 0 ? concurrency : theirEpisodes, concurrency);
        if (other.failed > 0) log(`verifiers: ${other.failed} failed: ${other.failure}`);
        failed += mine.failed + other.failed;
        if (round < 0) continue;
        ours.push(mine.turnsPerSecond);
        theirs.push(other.turnsPerSecond);
        ourCpu.push(mine.cpuMsPerTurn);
        theirCpu.push(other.cpuMsPerTurn);
        log(
          `round ${round + 1}: ours ${mine.turnsPerSecond.toFixed(0)} turns/s (${mine.cpuMsPerTurn.toFixed(2)} CPU ms each), verifiers ${other.turnsPerSecond.toFixed(0)} (${other.cpuMsPerTurn.toFixed(2)})`,
        );
      }
      return {
        ours_256: median(ours),
        verifiers_256: median(theirs),
        ratio_256: median(ours.map((rate, at) => rate / theirs[at]!)),
        ours_cpu_ms_per_turn: median(ourCpu),
        verifiers_cpu_ms_per_turn: median(theirCpu),
        failed,
      };
    } finally {
      await runner.close();
      verifiers.close();
      server.close();
    }
  },
};

/** The Python that has verifiers; made when first needed. */
function findPython(log: (line: string) => void): string {
  const script = join(import.meta.dirname, '../scripts/venv.mjs');
  const made = spawnSync(process.execPath, [script, 'bench'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const path = made.stdout.trim().split('\n').at(-1) ?? '';
  if (made.status !== 0 || path === '') throw new Error('no Python with verifiers; the lines above say what to do');
  log(`verifiers 0.4.0 runs with ${path}`);
  return path;
}

function startVerifiers(python: string, url: string) {
  const script = join(import.meta.dirname, 'python/verifiers_side.py');
  const child = spawn(python, [script, url], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, RLM_GYM_BENCH_KEY: 'none' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('verifiers ended; what it wrote above says why');
    return JSON.parse(value);
  };
  const ready = next();
  // Told where it is awaited.
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    async play(episodes: number, atOnce: number): Promise<TheirRound> {
      await ready;
      child.stdin.write(`${episodes} ${atOnce}\n`);
      return (await next()) as TheirRound;
    },
    close: () => void child.kill('SIGKILL'),
  };
}
