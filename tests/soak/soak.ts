import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { mix } from '../../env/seed.ts';

/** A long trial. `npm run soak -- NAME` runs it whole; a test beside it runs it small. */
export interface Soak {
  readonly describe: string;
  /** How many of what it does (kills, episodes), unless `--count` says otherwise. */
  readonly count: number;
  run(options: SoakOptions): Promise<SoakResult>;
}

export interface SoakOptions {
  readonly count: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

export interface SoakResult {
  /** What does not hold, one a line; empty where all does. */
  readonly broken: readonly string[];
  readonly figures: Readonly<Record<string, number | string>>;
}

export const root = resolve(import.meta.dirname, '../..');
export const cli = join(root, 'cli/rlm-gym.mjs');

/** Numbers in [0, 1): the n-th of a seed is always the same, whatever else was drawn. */
export function draws(seed: number): (name: string, at: number) => number {
  return (name, at) => mix('soak', seed, name, at) / 2 ** 32;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line of the product, under way. Ended by SIGKILL after `limitMs`, so that no trial hangs. */
export function startCli(
  argv: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly limitMs?: number; readonly execArgv?: readonly string[] } = {},
): { readonly pid: number; readonly ended: Promise<Ended>; kill(signal?: NodeJS.Signals): void } {
  const { env = { PATH: process.env.PATH }, limitMs = 300_000, execArgv = [] } = options;
  const child = spawn(process.execPath, [...execArgv, cli, ...argv], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const ended = new Promise<Ended>((done) => {
    child.on('close', (status, signal) => {
      clearTimeout(limit);
      done({ status, signal, stdout, stderr });
    });
  });
  return { pid: child.pid ?? 0, ended, kill: (signal = 'SIGKILL') => void child.kill(signal) };
}

/** Processes under one, itself not among them, whose command line matches. Linux only. */
export function descendants(pid: number, command: RegExp): number[] {
  const found: number[] = [];
  const todo = [pid];
  for (let parent = todo.pop(); parent !== undefined; parent = todo.pop()) {
    const children = read(`/proc/${parent}/task/${parent}/children`).split(' ').filter(Boolean).map(Number);
    todo.push(...children);
    found.push(...children.filter((child) => command.test(read(`/proc/${child}/cmdline`).replaceAll('\0', ' '))));
  }
  return found;
}

/** A REPL worker itself, not the wrapper that may have started it. */
export const workerCommand = /^\S*node\S* .*repl\/javascript\/worker\.[jt]s/;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
