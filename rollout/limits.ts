import type { RunConfig } from '../configs/schema.ts';

/** The caps of a run, one a line, for its start; what has none says so. */
export function limitLines(config: RunConfig): string[] {
  const { budget, repl } = config.environment;
  const { concurrency, attempts, haltAfter, haltKilled } = config.rollout;
  const cap = (value: number | null, unit: string, plain = 'no cap'): string =>
    value === null ? plain : `${value.toLocaleString('en-US')} ${unit}`;
  return [
    `an episode: ${[
      cap(budget.maxTurns, 'turns'),
      `depth ${budget.depth}`,
      `sub-calls ${cap(budget.subcalls, 'in all')}`,
      `a batch ${cap(budget.fanout, 'sub-calls')}`,
      `tokens ${cap(budget.tokens, 'in all')}`,
      `dollars ${cap(budget.usd, 'in all')}`,
      `wall time ${cap(budget.wallSeconds, 's')}`,
      `output ${cap(budget.outputChars, 'characters')}`,
    ].join(', ')}`,
    `a text: ${cap(budget.turnTokens, 'tokens')}, of a sub-call ${cap(budget.subcallTokens, 'tokens')}`,
    `a cell: ${repl.cellCpuMs} ms of CPU, ${repl.cellWallMs} ms of wall time, ${repl.memoryMb} MB, ${cap(repl.outputChars, 'characters shown')}`,
    `the run: ${concurrency} episodes at once, ${attempts} attempts where infrastructure fails, ${
      haltAfter === null ? 'no stop for void episodes' : `stops after ${haltAfter} void episodes in a row`
    }, ${
      haltKilled === null
        ? 'no stop for killed sandboxes'
        : `stops when more than ${Math.round(100 * haltKilled)} % kill their sandbox`
    }, dollars no cap`,
  ];
}
