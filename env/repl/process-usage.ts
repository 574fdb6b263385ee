import { readFileSync } from 'node:fs';

const pageBytes = 4096;

/** Resident bytes of a process (`/proc/PID/statm`); null where that cannot be read. */
export function residentBytes(pid: number): number | null {
  const pages = read(`/proc/${pid}/statm`)?.split(' ')[1];
  return pages === undefined ? null : Number(pages) * pageBytes;
}

/** CPU milliseconds a process has used (`/proc/PID/stat`, at 100 ticks a second); null where that cannot be read. */
export function cpuMilliseconds(pid: number): number | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The pid of a process's parent; null where it is gone. */
export function parentOf(pid: number): number | null {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
