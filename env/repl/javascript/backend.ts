import { openPool, type JavaScriptBackend } from './open-pool.ts';
import type { Sandbox } from './worker-sandbox.ts';

export interface JavaScriptBackendOptions {
  /** Worker processes; null (the default): one a core. None is forked before the first cell. */
  readonly workers?: number | null;
  /** REPLs one worker takes before the next is used. */
  readonly maxReplsPerWorker?: number;
  /** Resident MiB one worker may have; by default from its REPLs and contexts, with 1 GiB to spare. */
  readonly workerRssMb?: number;
  /** What workers are started in; `auto`: bubblewrap where it works. @default 'auto' */
  readonly sandbox?: Sandbox;
  /** Sees every message that is sent to a worker. For tests. */
  readonly onWorkerMessage?: (message: unknown) => void;
}

/**
 * REPLs of JavaScript in isolated-vm isolates, many to a worker process. Needs npm packages alone; what is contained and
 * what is not is told in docs/containment.md.
 */
export function createJavaScriptBackend(options: JavaScriptBackendOptions = {}): JavaScriptBackend {
  return openPool(options);
}
