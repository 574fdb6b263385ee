import { bootstrapParts, bootstrapSource, type BootstrapParts } from '../inside/bootstrap.ts';
import type { Without } from '../defences.ts';

const leaveOut = '() => undefined';

/** What a bootstrap looks like that lacks a defence. */
const weaker: Record<string, (parts: BootstrapParts) => Partial<BootstrapParts>> = {
  saved_builtins: ({ primordials }) => ({ primordials: `() => (${String(liveBuiltins)})((${primordials})())` }),
  removed_globals: () => ({ removeGlobals: leaveOut }),
  fixed_stack_traces: () => ({ fixStackTraces: leaveOut }),
  seeded_random: () => ({ seedRandom: leaveOut }),
  virtual_clock: () => ({ setClock: leaveOut }),
  fixed_buffers: () => ({ fixBuffers: leaveOut }),
  bound_names: ({ names }) => ({
    names: `(P) => ({ ...(${names})(P), restore: () => '' })`,
  }),
  inside_caps: ({ output, subcalls, mailbox }) => ({
    output: `(P, cell, format) => (${output})(P, cell, format, 1e9)`,
    subcalls: `(P, cell, format, pending) => (${subcalls})(P, cell, format, pending, ${uncapped})`,
    mailbox: `(P, make, limits, ...rest) => (${mailbox})(P, make, ${uncapped}, ...rest)`,
  }),
  // To what an earlier cell left running, the REPL looks as if its cell still ran.
  closed_cells: ({ subcalls }) => ({
    subcalls: `(P, cell, ...rest) => (${subcalls})(P, (${String(openCell)})(cell), ...rest)`,
  }),
};

const uncapped =
  '({ outputChars: 1e9, answerChars: 1e9, requestsPerCell: 1e9, promptChars: 1e9, promptCharsPerCell: 1e12 })';

export function weakenedBootstrap(without: Without): string {
  let parts = bootstrapParts;
  for (const defence of without) parts = { ...parts, ...weaker[defence]?.(parts) };
  return bootstrapSource(parts);
}

/** Builtins as they are at the time of a call: whatever model code has made of them. */
function liveBuiltins(saved: Record<string, unknown>) {
  const live = {
    // oxlint-disable-next-line no-eval -- the isolate's own, as the real one
    indirectEval: (code: string) => (0, globalThis.eval)(code),
    stringify: (value: unknown) => JSON.stringify({ value }).slice(9, -1),
    slice: (text: string, ...range: number[]) => text.slice(...range),
    indexOf: (text: string, ...rest: [string]) => text.indexOf(...rest),
    keys: (value: object) => Object.keys(value),
    ownKeys: (value: object) => Reflect.ownKeys(value),
    newMarks: () => {
      const marks = new Map<object, unknown>();
      return { get: (key: object) => marks.get(key), set: (key: object, value: unknown) => marks.set(key, value) };
    },
  };
  return { ...saved, ...live };
}

function openCell(cell: { number: number; limit: string; forgotten: boolean }) {
  return {
    __proto__: cell,
    get phase() {
      return 'running';
    },
    set limit(value: string) {
      cell.limit = value;
    },
    get limit() {
      return cell.limit;
    },
    set forgotten(value: boolean) {
      cell.forgotten = value;
    },
    get forgotten() {
      return cell.forgotten;
    },
  };
}
