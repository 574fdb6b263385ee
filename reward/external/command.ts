import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { RewardComponent } from '../components.ts';
import { failedScorer, findingOf, noAnswer, readReply, rowOf, type ScorerReply, type ScorerRow } from './row.ts';

export const commandOptionsSchema = z.strictObject({
  command: z.array(z.string().min(1)).min(1).describe('Program and arguments, e.g. [python3, scorer.py]; no shell'),
  timeoutSeconds: z.number().positive().default(30).describe('Of one row; beyond it the process is ended'),
  restarts: z.number().int().nonnegative().default(5).describe('Times it is started again after a crash, in all'),
  env: z
    .array(z.string().min(1))
    .default([])
    .describe('Names of environment variables it is given beside PATH and LANG'),
});
export type CommandOptions = z.output<typeof commandOptionsSchema>;

/**
 * A component that a program of one's own judges: JSON lines on its stdin, one a row, and a line
 * `{"id", "score", "why"?}` on its stdout for each. It is started at the first row, lives until `close`, runs with the user's
 * rights on the host (it is trusted, unlike a model's code), and sees no environment variable but PATH, LANG and those
 * named. One row is in flight at a time, so that what fails is known to be that row's: its value is null, never 0.
 */
export function commandComponent(options: CommandOptions): RewardComponent {
  const scorer = new ScorerProcess(options);
  const judge: RewardComponent = async (input) =>
    input.answer === null ? noAnswer(input) : scorer.score(rowOf(input));
  return Object.assign(judge, { close: () => scorer.close() });
}

/** Characters of one line of output; a longer one is no reply. */
const lineChars = 1_000_000;
const stderrChars = 500;
/** Time a program has to end by itself once its stdin is closed. */
const closeMs = 2_000;

class ScorerFailure extends Error {
  override name = 'ScorerFailure';
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

class ScorerProcess {
  readonly #options: CommandOptions;
  #child: Child | null = null;
  #starts = 0;
  #stderr = '';
  #line = '';
  /** The row in flight: a line for it, or why none will come. */
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  #last = '';
  /** Rows are sent one after the other. */
  #turnstile: Promise<unknown> = Promise.resolve();

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  score(row: ScorerRow): Promise<ReturnType<typeof findingOf>> {
    const scored = this.#turnstile.then(async () => {
      try {
        return findingOf(await this.#ask(row));
      } catch (error) {
        if (!(error instanceof ScorerFailure)) throw error;
        return failedScorer(`the scorer ${this.#options.command.join(' ')} failed: ${error.message}`);
      }
    });
    this.#turnstile = scored.catch(() => undefined);
    return scored;
  }

  async close(): Promise<void> {
    await this.#turnstile;
    const child = this.#child;
    if (!child) return;
    child.ref();
    const stop = new AbortController();
    child.once('close', () => stop.abort());
    child.stdin.end();
    await delay(closeMs, undefined, { signal: stop.signal }).catch(() => undefined);
    this.#kill();
  }

  async #ask(row: ScorerRow): Promise<ScorerReply> {
    const child = this.#child ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting = { resolve, reject };
    const { timeoutSeconds } = this.#options;
    const timer = setTimeout(() => this.#fail(`no reply within ${timeoutSeconds} s`), timeoutSeconds * 1_000);
    try {
      child.stdin.write(`${JSON.stringify(row)}\n`);
      const reply = readReply(await promise);
      if (typeof reply !== 'string' && reply.id === row.id) return reply;
      // What is no reply to this row may be one to another: the two sides are out of step.
      const why = typeof reply === 'string' ? reply : `it answered row ${reply.id}, not ${row.id}`;
      this.#fail(why);
      throw new ScorerFailure(why);
    } finally {
      clearTimeout(timer);
      this.#waiting = null;
    }
  }

  #start(): Child {
    const { command, env, restarts } = this.#options;
    if (this.#starts > restarts) {
      throw new ScorerFailure(`it was started ${this.#starts} times and is given up; last: ${this.#last}`);
    }
    this.#starts += 1;
    this.#stderr = '';
    this.#line = '';
    const [program, ...args] = command;
    const names = ['PATH', 'LANG', ...env];
    const child = spawn(program!, args, {
      env: Object.fromEntries(
        names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its own group, so that what it started ends with it.
      detached: true,
    });
    this.#child = child;
    // It must not keep a finished program alive; a row in flight does, by its timer.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as { unref?: () => void }).unref?.();
    const of = (listener: (text: string) => void) => {
      const decoder = new StringDecoder('utf8');
      return (bytes: Buffer) => {
        if (this.#child === child) listener(decoder.write(bytes));
      };
    };
    child.stdout.on(
      'data',
      of((text) => this.#read(text)),
    );
    child.stderr.on(
      'data',
      of((text) => (this.#stderr = (this.#stderr + text).slice(-stderrChars))),
    );
    // A program that ends before it has read everything breaks the pipe; that it ended is told by `close`.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => this.#child === child && this.#fail(error.message));
    child.once('close', (code, signal) => {
      if (this.#child === child) this.#fail(`it ended with ${signal ?? `status ${code}`}`);
    });
    return child;
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    if (this.#line.length > lineChars) return this.#fail('it wrote a line of more than 1 MB');
    for (const line of lines) {
      if (line.trim() === '') continue;
      const waiting = this.#waiting;
      if (!waiting) return this.#fail(`it wrote a line that nobody asked for: ${line.slice(0, 200)}`);
      this.#waiting = null;
      waiting.resolve(line);
    }
  }

  /** Ends the process; the row in flight is null, the next row starts it again. */
  #fail(why: string): void {
    const said = this.#stderr.trim();
    this.#last = said === '' ? why : `${why}; it said: ${said}`;
    this.#kill();
    this.#waiting?.reject(new ScorerFailure(this.#last));
    this.#waiting = null;
  }

  #kill(): void {
    const child = this.#child;
    this.#child = null;
    if (!child) return;
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
