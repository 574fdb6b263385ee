import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ReplError, type ReplBackend } from '../repl.ts';
import { WorkerPool } from '../worker-pool.ts';
import { workerMessageSchema, type HostMessage, type WorkerMessage } from './messages.ts';
import { RemoteRepl } from './remote-repl.ts';

export interface JavaScriptBackendOptions {
  /** Worker processes; null (the default): one a core. None is forked before the first cell. */
  readonly workers?: number | null;
  /** REPLs one worker takes before the next is used. */
  readonly maxReplsPerWorker?: number;
  /** Resident MiB one worker may have; by default from its REPLs and contexts, with 1 GiB to spare. */
  readonly workerRssMb?: number;
  /** Sees every message that is sent to a worker. For tests. */
  readonly onWorkerMessage?: (message: unknown) => void;
}

const mebibyte = 2 ** 20;

/**
 * REPLs of JavaScript in isolated-vm isolates, many to a worker process. Needs npm packages alone; what is contained and
 * what is not is told in this folder's README.
 */
export function createJavaScriptBackend(options: JavaScriptBackendOptions = {}): ReplBackend & { pids(): number[] } {
  const { workers = null, maxReplsPerWorker = 250, workerRssMb, onWorkerMessage } = options;
  const pool = new WorkerPool<HostMessage, WorkerMessage>({
    workers,
    maxPerWorker: maxReplsPerWorker,
    spawn,
    parse: (message) => workerMessageSchema.parse(message),
    tenantOf: (message) => (message.type === 'stuck' ? null : message.repl),
    stuckThreads: (message) => (message.type === 'stuck' ? message.threads : null),
    // 1.3 MiB an idle isolate was measured; a context passes through memory three times while it is read.
    budgetBytes: (repls, contextBytes) =>
      workerRssMb === undefined ? (200 + repls * 4 + 1024) * mebibyte + 5 * contextBytes : workerRssMb * mebibyte,
    onSend: onWorkerMessage,
  });
  let nextId = 1;
  let closed = false;
  return {
    language: 'javascript',
    async open(replOptions) {
      if (closed) throw new ReplError('worker_lost', 'the REPL backend is closed; make a new one');
      const id = nextId;
      nextId += 1;
      return new RemoteRepl(id, replOptions, pool);
    },
    async close() {
      closed = true;
      await pool.close();
    },
    pids: () => pool.pids(),
  };
}

function spawn() {
  const entry = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  return fork(fileURLToPath(new URL(entry, import.meta.url)), [], {
    execPath: process.execPath,
    execArgv: ['--no-node-snapshot', '--no-harmony-temporal'],
    env: { TZ: 'UTC', LANG: 'C.UTF-8' },
    cwd: '/',
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}
