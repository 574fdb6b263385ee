import { readdirSync, readFileSync } from 'node:fs';

/** This process and everything under it, save `without` and what is under that. Linux only. */
export function processTree(without: ReadonlySet<number> = new Set()): number[] {
  const found = [process.pid];
  for (let at = 0; at < found.length; at += 1) {
    for (const child of childrenOf(found[at]!)) if (!without.has(child)) found.push(child);
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    // It ended meanwhile.
    return [];
  }
}

/** Proportional set size in MB: pages that processes share are counted once. */
export function pssMb(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids) {
    try {
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It ended meanwhile.
    }
  }
  return kilobytes / 1e3;
}

/**
 * CPU milliseconds that the processes have used: this one to the microsecond, others, and children of theirs that have
 * ended, to 10 ms.
 */
export function cpuMs(pids: readonly number[]): number {
  const own = process.cpuUsage();
  let sum = (own.user + own.system) / 1e3;
  for (const pid of pids) {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [user, system, childUser, childSystem] = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 15)
        .map(Number) as [number, number, number, number];
      sum += (childUser + childSystem + (pid === process.pid ? 0 : user + system)) * 10;
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
