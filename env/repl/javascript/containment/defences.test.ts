import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { cpuMilliseconds } from '../../process-usage.ts';
import type { Defence } from '../defences.ts';
import { Arena, type ArenaOptions } from './arena.ts';
import { judge, type Attack } from './attack.ts';
import { attacks } from './attacks.ts';

/*
 * Each attack again with the defence taken away that stops it: then it must get through, or cost its neighbour something.
 * Where two defences stand one behind the other, one is enough, and both gone are not.
 */

interface Row {
  readonly without: readonly Defence[];
  readonly attack: string | Attack;
  /** How it gets through, in the words of the judgement that fails. */
  readonly because: RegExp;
  /** Taken away alone, these change nothing. */
  readonly enough?: readonly (readonly Defence[])[];
  readonly arena?: ArenaOptions;
}

const killer: Attack = {
  name: 'a cell that costs its worker',
  cells: ['const k = []; for (;;) k.push(new Array(1e5).fill(1))'],
  limits: { memoryMb: 4_000, cellCpuMs: 20_000, cellWallMs: 60_000 },
  disturbs: true,
  holds: ({ stop }) => expect(stop).toMatchObject({ reason: 'sandbox_killed', class: 'policy' }),
};
/** An attack that may end in any way, so long as nobody else notices. */
const ownFault = (name: string, ...cells: string[]): Attack => ({ name, cells, holds: () => undefined });
const forgery = ownFault(
  'a forged message',
  'Object.prototype.toJSON = function () { return { s: 1 } }; JSON.stringify = () => "1"; String.prototype.slice = () => "]}x"; 1',
  '1 + 1',
);
const endless: Attack = {
  name: 'an endless builtin',
  cells: ['let b = 3n ** 3_000_000n; for (;;) b = b * b;'],
  limits: { cellCpuMs: 200, cellWallMs: 800 },
  holds: ({ stop }) => expect(stop.class).toBe('policy'),
};
/** `limits.test.ts` shows that it is kept; a crowded machine may need several tries. */
const keepsState: Attack = {
  name: 'the state that a loop leaves',
  cells: ['var kept = 1; for (;;);', 'print(kept)'],
  holds: ({ cells }) => expect(cells[1]?.stdout).toBe('1\n'),
};
const burning: Attack = {
  name: 'many entries, each short of the limit',
  cells: ['for (let i = 0; i < 200; i++) { await llm_query("s"); let k = 0; while (k++ < 5e6); }'],
  limits: { cellCpuMs: 200 },
  holds: ({ cells }) => expect(cells[0]?.limit).toBe('cell_timeout'),
};
const many = 'an output, an answer and an error of millions of characters';

const rows: readonly Row[] = [
  { without: ['saved_builtins'], attack: 'eval-hook-throws-proxy', because: /limit|cell_timeout|length/ },
  { without: ['removed_globals'], attack: 'weakref-sees-gc', because: /functionfunction/ },
  { without: ['fixed_stack_traces'], attack: 'a prepareStackTrace that loops', because: /cell_timeout/ },
  { without: ['seeded_random'], attack: 'a draw and a clock', because: /neighbour/ },
  { without: ['virtual_clock'], attack: 'clock-leaks', because: /neighbour/ },
  { without: ['fixed_buffers'], attack: 'resizable-arraybuffer', because: /allocation failed/ },
  { without: ['bound_names'], attack: 'names overwritten', because: /stdout: ''/ },
  { without: ['inside_caps'], attack: 'a flood of sub-calls', because: /too_many_requests/ },
  { without: ['closed_cells'], attack: 'late-output-from-old-cell', because: /LATE/ },
  { without: ['cell_size'], attack: 'parser-quadratic-lets', because: /cell_too_large/ },
  { without: ['entry_timeout'], attack: keepsState, because: /expected undefined/ },
  { without: ['entry_watch'], attack: endless, because: /had to go on elsewhere/ },
  { without: ['one_budget'], attack: burning, because: /null/, enough: [[]] },
  { without: ['own_threads'], attack: 'a long loop and what its neighbour waits', because: /to be less than 1000/ },
  { without: ['any_thrown'], attack: 'reject-null', because: /had to go on elsewhere/ },
  {
    without: ['saved_builtins', 'poll_schema'],
    attack: forgery,
    because: /had to go on elsewhere|infra|bug/,
    enough: [['saved_builtins'], ['poll_schema']],
  },
  {
    without: ['inside_caps', 'worker_caps'],
    attack: many,
    because: /had to go on elsewhere/,
    enough: [['inside_caps'], ['worker_caps']],
  },
  { without: ['inside_caps', 'worker_caps', 'host_caps'], attack: many, because: /to be less than 20200/ },
  { without: ['well_formed'], attack: 'lone-surrogates', because: /had to go on elsewhere/, enough: [['host_caps']] },
  { without: ['well_formed', 'host_caps'], attack: 'lone-surrogates', because: /\\ud800|expected '/ },
  {
    without: ['heap_limit'],
    attack: 'a heap that grows',
    because: /had to go on elsewhere/,
    arena: { workerRssMb: 300 },
  },
  {
    without: ['heap_limit', 'memory_watch'],
    attack: { ...killer, limits: { cellCpuMs: 700 }, holds: ({ rise }) => expect(rise).toBeLessThan(500) },
    because: /to be less than 500/,
    enough: [['memory_watch'], ['heap_limit']],
    arena: { workerRssMb: 300 },
  },
  {
    without: ['entry_watch', 'hang_watch'],
    attack: { ...endless, disturbs: true },
    because: /not over after/,
    arena: { fightMs: 6_000 },
  },
  {
    without: ['supervisor'],
    attack: killer,
    because: /worker_lost/,
    enough: [[]],
    arena: { workerRssMb: 450 },
  },
];

function attackOf(attack: string | Attack): Attack {
  if (typeof attack !== 'string') return attack;
  const found = attacks.find(({ name }) => name === attack);
  if (!found) throw new Error(`no attack is named "${attack}"`);
  return found;
}

let undisturbed: unknown;
beforeAll(async () => {
  const calm = new Arena();
  undisturbed = await calm.undisturbed();
  await calm.close();
});

/** `contained`, or in which words the judgement failed. */
async function outcome(attack: Attack, without: readonly Defence[], options?: ArenaOptions): Promise<string> {
  const arena = new Arena({ workerRssMb: 2_500, ...options, without });
  try {
    judge(attack, await arena.fight(attack.cells, attack.limits), undisturbed);
    return 'contained';
  } catch (error) {
    return `${String(error)} ${error instanceof Error && 'actual' in error ? inspect(error.actual) : ''}`;
  } finally {
    await arena.close();
  }
}

describe('an attack gets through without the defence that stops it', () => {
  test.each(rows.map((row) => ({ ...row, attack: attackOf(row.attack), named: row.without.join(' and ') })))(
    '$named: $attack.name',
    { retry: 2, timeout: 120_000 },
    async ({ without, attack, because, arena }) => {
      expect(await outcome(attack, without, arena)).toMatch(because);
    },
  );

  test.each(
    rows.flatMap(({ attack, arena, enough = [] }) =>
      enough.map((without) => ({
        attack: attackOf(attack),
        arena,
        without,
        named: without.length === 0 ? 'nothing' : without.join(),
      })),
    ),
  )('$attack.name is stopped with $named gone', { retry: 2, timeout: 120_000 }, async ({ without, attack, arena }) => {
    expect(await outcome(attack, without, arena)).toBe('contained');
  });

  test.skipIf(process.platform !== 'linux')(
    'draining: a thread that burns goes on burning (Linux only: /proc)',
    async () => {
      const arena = new Arena({ without: ['draining'] });
      await arena.fight(endless.cells, endless.limits);
      const used = () => arena.backend.pids().reduce((sum, pid) => sum + (cpuMilliseconds(pid) ?? 0), 0);
      const before = used();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(used() - before).toBeGreaterThan(100);
      await arena.close();
    },
  );

  test.skipIf(process.platform !== 'linux')(
    "empty_environment: a worker has the host's (Linux only: /proc)",
    async () => {
      process.env['RLM_GYM_CANARY'] = 'canary';
      const seen = await Promise.all(
        [[], ['empty_environment'] as const].map(async (without) => {
          const arena = new Arena({ without });
          await arena.undisturbed();
          const environment = arena.backend.pids().map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
          await arena.close();
          return environment.join().includes('canary');
        }),
      );
      delete process.env['RLM_GYM_CANARY'];
      expect(seen).toEqual([false, true]);
    },
  );
});
