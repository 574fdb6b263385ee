/**
 * What stands between a cell and everything else, by name; docs/containment.md says of each what it stops. Production
 * has all of them. Tests take one away, through `containment/weakened-backend.ts` alone, and see its attack get through.
 */
export type Defence =
  // in the isolate, parts of its bootstrap
  | 'saved_builtins'
  | 'removed_globals'
  | 'fixed_stack_traces'
  | 'seeded_random'
  | 'virtual_clock'
  | 'fixed_buffers'
  | 'bound_names'
  | 'inside_caps'
  | 'closed_cells'
  // in the worker
  | 'cell_size'
  | 'entry_timeout'
  | 'entry_watch'
  | 'one_budget'
  | 'own_threads'
  | 'any_thrown'
  | 'poll_schema'
  | 'worker_caps'
  | 'well_formed'
  | 'heap_limit'
  // on the host
  | 'message_schema'
  | 'host_caps'
  | 'memory_watch'
  | 'hang_watch'
  | 'draining'
  | 'empty_environment'
  | 'supervisor';

/** The defences a process goes without: none, but in tests. */
export type Without = ReadonlySet<Defence>;
export const nothing: Without = new Set();
