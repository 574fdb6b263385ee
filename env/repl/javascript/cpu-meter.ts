import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** An entry into an isolate while it is being measured. */
export interface Measured {
  readonly startedAt: number;
  cpuMs: number;
  /** Up to when `cpuMs` is counted: the wall clock and the process's CPU clock at that time. */
  countedAt: number;
  countedCpu: number;
}

const longMs = 100;
const shortMs = 5;
const cores = availableParallelism();

/**
 * CPU time of entries into isolates. isolated-vm's own `timeout` and `cpuTime` are wall time, and which thread runs an
 * isolate cannot be asked. So a short entry is charged its wall time or what the whole process used meanwhile, whichever
 * is less; entries longer than 100 ms are compute-bound (nothing inside can wait), so those in flight share evenly what
 * the busiest threads used (`/proc/self/task/…/schedstat`), or, where there is no /proc, what the process used. Never
 * more than wall time.
 */
export class CpuMeter {
  readonly #inFlight = new Set<Measured>();
  #threads: Map<string, number> | null = null;
  #runnable = 0;
  #runnableAt = -Infinity;
  #cpu = 0;
  #cpuAt = -Infinity;

  enter(): Measured {
    const now = performance.now();
    const measured = { startedAt: now, cpuMs: 0, countedAt: now, countedCpu: this.#processCpu(now, shortMs) };
    this.#inFlight.add(measured);
    return measured;
  }

  leave(measured: Measured): void {
    this.#inFlight.delete(measured);
    const now = performance.now();
    const wall = now - measured.startedAt;
    if (wall < shortMs) measured.cpuMs = wall;
    else this.#charge(measured, now, Infinity);
    if (this.#inFlight.size === 0) this.#threads = null;
  }

  /** Called about every 50 ms while entries are in flight. */
  tick(): void {
    const now = performance.now();
    const long = [...this.#inFlight].filter((measured) => now - measured.startedAt >= longMs);
    if (long.length === 0) {
      this.#threads = null;
      return;
    }
    const before = this.#threads;
    this.#threads = readThreads();
    const used: number[] = [];
    if (before && this.#threads) {
      for (const [thread, cpu] of this.#threads) used.push(cpu - (before.get(thread) ?? 0));
      used.sort((a, b) => b - a);
    }
    const busiest = used.slice(0, long.length);
    const share = busiest.length > 0 ? busiest.reduce((sum, cpu) => sum + cpu, 0) / long.length : Infinity;
    for (const measured of long) this.#charge(measured, now, share);
  }

  #charge(measured: Measured, now: number, share: number): void {
    const cpu = this.#processCpu(now, 1);
    measured.cpuMs += Math.max(0, Math.min(now - measured.countedAt, cpu - measured.countedCpu, share));
    measured.countedAt = now;
    measured.countedCpu = cpu;
  }

  /** The process's CPU clock, at most `age` ms old: reading it costs as much as a small cell. */
  #processCpu(now: number, age: number): number {
    if (now - this.#cpuAt > age) {
      this.#cpuAt = now;
      this.#cpu = processCpuMs();
    }
    return this.#cpu;
  }

  /**
   * By how much wall time is expected to exceed CPU time just now, from 1.1 to 2: runnable threads of the machine, or
   * entries in flight, for each core.
   */
  stretch(): number {
    const now = performance.now();
    if (now - this.#runnableAt > 20) {
      this.#runnableAt = now;
      this.#runnable = runnableThreads();
    }
    const crowd = Math.max(this.#runnable, this.#inFlight.size + 1) / cores;
    return Math.min(2, 1.1 * Math.max(1, crowd));
  }
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function readThreads(): Map<string, number> | null {
  try {
    const threads = new Map<string, number>();
    const main = String(process.pid);
    for (const thread of readdirSync('/proc/self/task')) {
      if (thread === main) continue;
      const text = readOrEmpty(`/proc/self/task/${thread}/schedstat`);
      const nanoseconds = Number.parseInt(text, 10);
      if (Number.isFinite(nanoseconds)) threads.set(thread, nanoseconds / 1e6);
    }
    return threads;
  } catch {
    return null;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The machine's runnable threads now (`/proc/loadavg`, fourth field); 0 where that is not told. */
function runnableThreads(): number {
  const running = /(\d+)\/\d+/.exec(readOrEmpty('/proc/loadavg'))?.[1];
  return running ? Number(running) : 0;
}
