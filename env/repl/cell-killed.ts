import type { CellResult } from './repl.ts';

/** The end of a cell that killed its sandbox: nothing of it is known but the sub-calls it left open. */
export function cellKilled(cancelled: readonly number[]): CellResult {
  return {
    stdout: '',
    stderr: '',
    cut: 0,
    variables: [],
    finish: null,
    cancelled,
    overwritten: [],
    hints: [],
    limit: 'sandbox_killed',
    alive: false,
    cpuMs: 0,
    wallMs: 0,
  };
}
