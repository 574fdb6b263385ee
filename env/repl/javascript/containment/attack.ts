import { expect } from 'vitest';
import type { ReplLimits } from '../../repl.ts';
import type { Fight } from './arena.ts';

/** Code that broke a prototype, or tried to, and what must come of it. */
export interface Attack {
  readonly name: string;
  /** One message each. */
  readonly cells: readonly string[];
  readonly limits?: Partial<ReplLimits>;
  /** True where the worker may have to be replaced, and the neighbour carried over into another one. */
  readonly disturbs?: boolean;
  /** Throws where the attack got through. */
  readonly holds: (fight: Fight) => void;
}

/** It ended at the cell limit. */
export const stopped = ({ cells, stop }: Fight): void => {
  expect(cells[0]?.limit ?? 'none').toMatch(/^(cell_timeout|sandbox_oom)$/);
  expect(['answered', 'cell_timeout', 'sandbox_oom']).toContain(stop.reason);
};

/** Throws where an attack got through, or its neighbour or the machinery had to suffer. */
export function judge(attack: Attack, fight: Fight, undisturbed: unknown): void {
  expect(fight.stop.class, `the attack counted as ${fight.stop.reason}: ${fight.stop.message}`).not.toBe('infra');
  expect(fight.neighbour, "the neighbour's record").toEqual(undisturbed);
  if (!attack.disturbs) expect(fight.disturbances, 'REPLs that had to go on elsewhere').toBe(0);
  const waits = [...fight.waits].sort((a, b) => a - b);
  expect(waits[waits.length >> 1], 'what a neighbour waits').toBeLessThan(1_000);
  attack.holds(fight);
}
