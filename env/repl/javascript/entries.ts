import type { CpuMeter, Measured } from './cpu-meter.ts';

/** One entry into an isolate, as the worker's ticker watches it. */
export interface Entry {
  readonly measured: Measured;
  /** On `performance.now()`: by then V8 should have ended it. */
  readonly deadline: number;
  /** Used up when the entry alone has used this much CPU. */
  readonly cpuMs: number;
  /** When its isolate was disposed, by the watch or because its REPL closed. */
  disposedAt: number | null;
  readonly dispose: () => void;
  /** Tells who waits for it that its thread cannot be stopped. */
  readonly giveUp: () => void;
}

/** V8's timer may be late by this much before the isolate is disposed. */
const graceMs = 300;
/** A disposed isolate's thread that is not back after this is stuck. */
const disposeMs = 500;

/** Called about every 50 ms: ends what V8 did not end, or what used too much CPU, and gives up stuck threads. */
export function watchEntries(entries: ReadonlySet<Entry>, meter: CpuMeter): void {
  meter.tick();
  const now = performance.now();
  for (const entry of entries) {
    if (entry.disposedAt === null) {
      if (now > entry.deadline + graceMs || entry.measured.cpuMs > entry.cpuMs) {
        entry.disposedAt = now;
        entry.dispose();
      }
    } else if (now > entry.disposedAt + disposeMs) entry.giveUp();
  }
}
