import type { Episode } from './episode.ts';
import type { CellLimit, CellResult, ReplLimits } from './repl/repl.ts';

/** A cell of an episode, and which of its entries: 1 is its start, each hand-over of answers is one more. */
export interface CellPlace {
  readonly call: string;
  readonly turn: number;
  readonly cell: number;
  readonly entry: number;
}

/** Limits that depend on the clock or on memory; the others (code too large, too many sub-calls) replay by themselves. */
const measured: ReadonlySet<string> = new Set<CellLimit>(['cell_timeout', 'sandbox_oom', 'sandbox_killed']);

/** A cell that was within its time when it was recorded has this much more in a replay, on a slower or busier machine. */
const moreTime = 10;

/**
 * What a record knows of the cells that a limit ended, so that a replay applies the event and not the clock.
 *
 * Exact: what the model was shown of such a cell, when it ended, and what became of its sub-calls. Not exact: the
 * variables that the code was still changing when it was stopped (a counter in an endless loop). The cell runs again to
 * bring the REPL to where it was, and is stopped by this machine's clock; where later cells show such a variable, the replay
 * differs and says where.
 */
export class RecordedLimits {
  readonly #ends = new Map<string, CellResult>();
  /** Calls whose REPL went on after such a limit: only there is the clock needed again. */
  readonly #timed = new Set<string>();

  constructor(record: Episode) {
    const calls = new Map(record.calls.map((call) => [call.id, call]));
    const told = new Map<string, number>();
    for (const event of record.events) {
      if (event.type === 'message') told.set(event.call, event.turn);
      if (event.type !== 'limit' || event.cell === undefined || event.entry === undefined) continue;
      if (!measured.has(event.kind)) continue;
      const { call, cell, entry, alive = true, cancelled = [] } = event;
      const turn = told.get(call) ?? 0;
      // A cell of the environment's own (it reads a variable for FINAL_VAR) is not in the record; it shows nothing.
      const { stdout, stderr, cut, variables, finish, overwritten, hints } =
        calls.get(call)?.turns[turn]?.cells[cell] ?? unseen;
      this.#ends.set(keyOf({ call, turn, cell, entry }), {
        stdout,
        stderr,
        cut,
        variables,
        overwritten,
        cancelled,
        alive,
        cpuMs: 0,
        wallMs: 0,
        finish: finish as CellResult['finish'],
        hints: hints as CellResult['hints'],
        limit: event.kind as CellLimit,
      });
      if (alive) this.#timed.add(call);
    }
  }

  /** How the cell ended if it met a limit at this entry, else undefined. */
  endOf(place: CellPlace): CellResult | undefined {
    return this.#ends.get(keyOf(place));
  }

  /** The limits of a call's REPL in the replay. */
  limitsOf(call: string, limits: ReplLimits): ReplLimits {
    if (this.#timed.has(call)) return limits;
    return { ...limits, cellCpuMs: limits.cellCpuMs * moreTime, cellWallMs: limits.cellWallMs * moreTime };
  }
}

const keyOf = ({ call, turn, cell, entry }: CellPlace): string => `${call} ${turn} ${cell} ${entry}`;

const unseen = { stdout: '', stderr: '', cut: 0, variables: [], finish: null, overwritten: [], hints: [] };
