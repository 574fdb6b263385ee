import type { ReplBackend } from '../../repl.ts';
import { createSupervisor } from '../../supervisor.ts';
import type { JavaScriptBackendOptions } from '../backend.ts';
import type { Defence } from '../defences.ts';
import { openPool } from '../open-pool.ts';

export interface WeakenedBackend extends ReplBackend {
  pids(): number[];
  /** Workers that were replaced, and REPLs that were tried alone. */
  disturbances(): number;
}

/** Tests' own: a supervised backend that goes without some of its defences. Nothing exported leads here, and no config. */
export function weakenedBackend(without: readonly Defence[], options: JavaScriptBackendOptions): WeakenedBackend {
  const pool = openPool(options, {
    without: new Set(without),
    entry: new URL('./weakened-worker.ts', import.meta.url),
    args: without,
    slackMs: without.length === 0 ? 20_000 : 1_500,
  });
  if (without.includes('supervisor')) return { ...pool, disturbances: () => 0 };
  const supervisor = createSupervisor(pool);
  const { stats } = supervisor;
  return { ...supervisor, pids: () => pool.pids(), disturbances: () => stats.replays + stats.suspects };
}
