import type { Bench } from './bench.ts';
import { createEngineRunner, type Measured } from './engine-run.ts';
import { startServer } from './openai-server.ts';
import { median } from './process-tree.ts';

const rounds = 5;
/** Enough for about two seconds each on a slow core; a group of 16 tasks divides them. */
const episodes = { 1: 160, 32: 640, 256: 1_280 } as const;
type Concurrency = keyof typeof episodes;

export const bench: Bench = {
  describe:
    '4-turn episodes with a sub-call, store on, HTTP, 2 workers; goals: CPU a turn at 256 <= 0.65 ms, 256 over 32 >= 0.9, 0 failed',
  async run(log) {
    const server = await startServer();
    const runner = createEngineRunner({ baseURL: server.url('engine'), without: new Set([server.pid]) });
    const seen: Record<Concurrency, Measured[]> = { 1: [], 32: [], 256: [] };
    let failed = 0;
    try {
      // The first run forks the workers and compiles; it is not counted, but its failures are.
      for (let round = -1; round < rounds; round += 1) {
        // Levels take turns, and every other round the other way, so that a noisy minute meets them all.
        const levels: Concurrency[] = round % 2 === 0 ? [1, 32, 256] : [256, 32, 1];
        for (const concurrency of levels) {
          const measured = await runner.play({ episodes: episodes[concurrency], concurrency });
          failed += measured.failed;
          if (round < 0) continue;
          seen[concurrency].push(measured);
          log(
            `round ${round + 1}, ${String(concurrency).padStart(3)} at once: ${measured.turnsPerSecond.toFixed(0)} turns/s, ${measured.cpuMsPerTurn.toFixed(3)} CPU ms a turn (host ${measured.hostMsPerTurn.toFixed(3)})`,
          );
        }
      }
      const last = await runner.play({ episodes: episodes[256], concurrency: 256, memory: true });
      const of = (concurrency: Concurrency, key: keyof Measured) => median(seen[concurrency].map((one) => one[key]));
      return {
        turns_per_s_1: of(1, 'turnsPerSecond'),
        turns_per_s_32: of(32, 'turnsPerSecond'),
        turns_per_s_256: of(256, 'turnsPerSecond'),
        ratio_256_32: median(seen[256].map((one, at) => one.turnsPerSecond / seen[32][at]!.turnsPerSecond)),
        cpu_ms_per_turn_1: of(1, 'cpuMsPerTurn'),
        cpu_ms_per_turn_32: of(32, 'cpuMsPerTurn'),
        cpu_ms_per_turn_256: of(256, 'cpuMsPerTurn'),
        host_ms_per_turn_256: of(256, 'hostMsPerTurn'),
        failed: failed + last.failed,
        pss_mb: last.pssMb,
      };
    } finally {
      await runner.close();
      server.close();
    }
  },
};
