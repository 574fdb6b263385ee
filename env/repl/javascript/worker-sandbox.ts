import { fork, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { dirname } from 'node:path';
import { parentOf } from '../process-usage.ts';
import { fileURLToPath } from 'node:url';
import {
  bubblewrapArguments,
  findBubblewrap,
  ownBinary,
  packageFileOf,
  packagesOf,
  type Visible,
} from '../bubblewrap.ts';
import type { SpawnedWorker } from '../worker-process.ts';

/** `auto`: bubblewrap where it works, none elsewhere. */
export type Sandbox = 'auto' | 'bubblewrap' | 'none';

export interface SandboxFound {
  readonly kind: 'bubblewrap' | 'none';
  /** Why it is not bubblewrap. */
  readonly why: string | null;
}

interface WorkerCommand {
  readonly entry: URL;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const flags = ['--no-node-snapshot', '--no-harmony-temporal'];
const startMs = 20_000;

/** Starts the workers of one backend, inside bubblewrap or plainly. */
export class WorkerSandbox {
  readonly #asked: Sandbox;
  readonly #command: WorkerCommand;
  readonly #folders = new Set<string>();
  #found: Promise<SandboxFound> | null = null;
  #kind: SandboxFound['kind'] = 'none';
  /** The worker that showed that the sandbox works; the pool's first. */
  #spare: SpawnedWorker | null = null;

  constructor(asked: Sandbox, command: WorkerCommand) {
    this.#asked = asked;
    this.#command = command;
  }

  /** Finds out, once, which sandbox workers are started in; `context`: a file that they shall see. */
  async find(context?: string): Promise<SandboxFound> {
    if (context !== undefined) this.#folders.add(dirname(context));
    this.#found ??= this.#find();
    return this.#found;
  }

  spawn(): SpawnedWorker {
    const spare = this.#spare;
    this.#spare = null;
    if (spare?.child.connected) return spare;
    return this.#kind === 'bubblewrap' ? this.#wrapped() : this.#plain();
  }

  /** Ends a worker that was started and never used. */
  close(): void {
    this.#spare?.kill();
    this.#spare = null;
  }

  async #find(): Promise<SandboxFound> {
    if (this.#asked === 'none') return { kind: 'none', why: 'it was not asked for' };
    const why = await this.#try();
    if (why === null) {
      this.#kind = 'bubblewrap';
      return { kind: 'bubblewrap', why: null };
    }
    return { kind: 'none', why };
  }

  /** Starts a worker inside bubblewrap: null where it came up, else what went wrong. */
  async #try(): Promise<string | null> {
    if (process.platform !== 'linux') return 'bubblewrap is there on Linux alone';
    if (findBubblewrap() === null) return 'bwrap is not installed';
    const worker = this.#wrapped();
    const { child } = worker;
    let said = '';
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const onText = (text: Buffer) => {
      said = (said + String(text)).slice(-2_000);
    };
    const onMessage = () => resolve(null);
    const onEnd = () =>
      resolve(
        said
          .trim()
          .split('\n')
          .find((line) => line.trim() !== '') ?? 'bwrap ended',
      );
    const timer = setTimeout(() => resolve(`no worker came up in it within ${startMs / 1_000} s`), startMs);
    child.stderr?.on('data', onText);
    child.once('message', onMessage).once('close', onEnd).once('error', onEnd);
    const why = await promise;
    clearTimeout(timer);
    child.stderr?.off('data', onText);
    child.off('message', onMessage).off('close', onEnd).off('error', onEnd);
    if (why === null) this.#spare = { ...worker, ready: true };
    else {
      child.on('error', () => undefined);
      worker.kill();
    }
    return why;
  }

  #plain(): SpawnedWorker {
    const { entry, args, env } = this.#command;
    const child = fork(fileURLToPath(entry), args, {
      execPath: process.execPath,
      execArgv: flags,
      env,
      ...common,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    return { child, ready: false, pid: () => child.pid ?? 0, kill: () => child.kill('SIGKILL'), sees: () => true };
  }

  #wrapped(): SpawnedWorker {
    const { entry, args, env } = this.#command;
    const folders = new Set(this.#folders);
    const ours = needs(entry);
    const child = fork(fileURLToPath(entry), args, {
      execPath: findBubblewrap() ?? 'bwrap',
      execArgv: [
        ...bubblewrapArguments({ ...ours, paths: [...ours.paths, ...folders] }, 4),
        process.execPath,
        ...flags,
      ],
      env,
      ...common,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    });
    const pid = pidFrom(child);
    // Its wrapper reaps it and ends; without the wrapper it would be nobody's.
    const kill = () => {
      if (pid() > 0 && parentOf(pid()) === child.pid) process.kill(pid(), 'SIGKILL');
      else child.kill('SIGKILL');
    };
    return { child, ready: false, pid, kill, sees: (path) => folders.has(dirname(path)) };
  }
}

const common = { cwd: '/', serialization: 'advanced', detached: true } as const;

/** What bubblewrap tells of the process it started: `{"child-pid": 123, …}`. */
function pidFrom(child: ChildProcess): () => number {
  let told = '';
  let pid = 0;
  const info = child.stdio[4] as Readable | null | undefined;
  info?.on('data', (text: Buffer) => {
    told += String(text);
    pid = Number(/"child-pid":\s*(\d+)/.exec(told)?.[1] ?? 0);
  });
  info?.on('error', () => undefined);
  (info as { unref?: () => void } | null | undefined)?.unref?.();
  return () => pid;
}

const known = new Map<string, Visible>();

/** What a worker must be able to read: Node, our own code, the packages it uses. */
function needs(entry: URL): Visible {
  const found = known.get(entry.href);
  if (found) return found;
  const code = fileURLToPath(new URL('..', import.meta.url));
  const packages = packagesOf(entry, ['isolated-vm', 'acorn', 'magic-string', 'zod']);
  const visible = {
    paths: [...ownBinary(), code.replace(/\/$/, ''), ...packageFileOf(entry), ...packages.paths],
    links: packages.links,
  };
  known.set(entry.href, visible);
  return visible;
}
