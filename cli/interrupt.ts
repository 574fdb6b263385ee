/** Two signals, one for the first Ctrl-C (finish what is under way) and one for the second (stop now). */
export interface Interrupt {
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  release(): void;
}

/** A terminal and a parent may both deliver the same Ctrl-C; two this close together are one. */
const sameMs = 300;

export function onInterrupt(tell: (text: string) => void, now: () => number = Date.now): Interrupt {
  const drain = new AbortController();
  const stop = new AbortController();
  let last = Number.NEGATIVE_INFINITY;
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const listener = () => {
    if (now() - last < sameMs) return;
    last = now();
    if (!drain.signal.aborted) {
      tell('Stopping: no new episodes; those under way are finished. Ctrl-C again stops at once.');
      drain.abort();
    } else {
      tell('Stopping at once.');
      stop.abort();
      // Should even that hang, the next one ends the process.
      release();
    }
  };
  const release = () => {
    for (const signal of signals) process.off(signal, listener);
  };
  for (const signal of signals) process.on(signal, listener);
  return { drain: drain.signal, stop: stop.signal, release };
}
