import { ReplError, type ReplBackend } from '../repl.ts';
import { WorkerPool } from '../worker-pool.ts';
import type { JavaScriptBackendOptions } from './backend.ts';
import { nothing, type Without } from './defences.ts';
import { workerMessageSchema, type HostMessage, type WorkerMessage } from './messages.ts';
import { RemoteRepl } from './remote-repl.ts';
import { WorkerSandbox, type SandboxFound } from './worker-sandbox.ts';

const mebibyte = 2 ** 20;

/** What tests may change; see `defences.ts`. */
export interface Weakness {
  readonly without: Without;
  /** The worker's entry and its arguments. */
  readonly entry: URL;
  readonly args: readonly string[];
  /** Wall time an operation may take beyond its cell's own, before its worker counts as hung. */
  readonly slackMs: number;
}

const fix = 'install bubblewrap and allow it user namespaces, or set environment.repl.sandbox to "auto"';

export interface JavaScriptBackend extends ReplBackend {
  /** Of the workers that run now. */
  pids(): number[];
  /** What its workers are started in; the first call starts one. */
  sandbox(): Promise<SandboxFound>;
}

/** A backend over a pool of workers; {@link createJavaScriptBackend} is the public door to it. */
export function openPool(
  options: JavaScriptBackendOptions,
  { without, entry, args, slackMs }: Weakness = production,
): JavaScriptBackend {
  const { workers = null, maxReplsPerWorker = 250, workerRssMb, onWorkerMessage, sandbox: asked = 'auto' } = options;
  const inherited = without.has('empty_environment') ? process.env : {};
  const sandbox = new WorkerSandbox(asked, { entry, args, env: { ...inherited, TZ: 'UTC', LANG: 'C.UTF-8' } });
  const pool = new WorkerPool<HostMessage, WorkerMessage>({
    workers,
    maxPerWorker: maxReplsPerWorker,
    spawn: () => sandbox.spawn(),
    parse: (message) =>
      without.has('message_schema') ? (message as WorkerMessage) : workerMessageSchema.parse(message),
    tenantOf: (message) => ('repl' in message ? message.repl : null),
    stuckThreads: (message) => (message.type === 'stuck' && !without.has('draining') ? message.threads : null),
    // 1.3 MiB an idle isolate was measured; a context passes through memory three times while it is read.
    budgetBytes(repls, contextBytes) {
      if (without.has('memory_watch')) return Infinity;
      return workerRssMb === undefined
        ? (200 + repls * 4 + 1024) * mebibyte + 5 * contextBytes
        : workerRssMb * mebibyte;
    },
    onSend: onWorkerMessage,
  });
  let nextId = 1;
  let closed = false;
  return {
    language: 'javascript',
    async open(replOptions) {
      const { kind, why } = await sandbox.find(replOptions.context.path);
      if (asked === 'bubblewrap' && kind === 'none') throw new ReplError('bug', `no bubblewrap: ${why}; ${fix}`);
      if (closed) {
        sandbox.close();
        throw new ReplError('worker_lost', 'the REPL backend is closed; make a new one');
      }
      const id = nextId;
      nextId += 1;
      return new RemoteRepl(id, replOptions, pool, {
        slackMs: without.has('hang_watch') ? Infinity : slackMs,
        capped: !without.has('host_caps'),
      });
    },
    async close() {
      closed = true;
      sandbox.close();
      await pool.close();
    },
    pids: () => pool.pids(),
    sandbox: () => sandbox.find(),
  };
}

const production: Weakness = {
  without: nothing,
  entry: new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url),
  args: [],
  slackMs: 20_000,
};
