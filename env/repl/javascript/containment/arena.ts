import type { CellRecord, Episode, Stop } from '../../../episode.ts';
import { ContextStore } from '../../../context.ts';
import type { Environment, WaitingCall } from '../../../environment.ts';
import { createRlmEnvironment } from '../../../rlm-environment.ts';
import { code, testTask } from '../../../test-support.ts';
import { residentBytes } from '../../process-usage.ts';
import type { ReplLimits } from '../../repl.ts';
import type { JavaScriptBackendOptions } from '../backend.ts';
import type { Defence } from '../defences.ts';
import { weakenedBackend, type WeakenedBackend } from './weakened-backend.ts';

/** What an attack's episode came to, and what its neighbour's did meanwhile. */
export interface Fight {
  /** The attacker's cells, in order. */
  readonly cells: readonly CellRecord[];
  readonly stop: Stop;
  readonly prompts: readonly string[];
  /** Milliseconds of each message of the attacker's. */
  readonly times: readonly number[];
  readonly cpuMs: readonly number[];
  /** The neighbour's record, `timing` left out. */
  readonly neighbour: unknown;
  /** Milliseconds the neighbour waited for each of its steps. */
  readonly waits: readonly number[];
  /** By how much the resident memory of a worker rose, MiB. */
  readonly rise: number;
  /** REPLs that had to go on in another worker, or alone. */
  readonly disturbances: number;
}

export interface ArenaOptions extends JavaScriptBackendOptions {
  readonly without?: readonly Defence[];
  readonly limits?: Partial<ReplLimits>;
  /** A fight that takes longer is given up: the attack was not contained. */
  readonly fightMs?: number;
}

export const attackLimits = { cellCpuMs: 250, cellWallMs: 4_000 };
const beats = 16;

/** One supervised backend of one worker, on which an attacker's and a neighbour's episode are played at once. */
export class Arena {
  readonly backend: WeakenedBackend;
  readonly contexts = new ContextStore();
  readonly #options: ArenaOptions;

  constructor(options: ArenaOptions = {}) {
    this.#options = options;
    const { without = [], limits: _limits, fightMs: _fightMs, ...rest } = options;
    this.backend = weakenedBackend(without, { workers: 1, ...rest });
  }

  /** Plays the neighbour alone. */
  async undisturbed(): Promise<unknown> {
    const { record } = await this.#neighbour(() => true);
    return record;
  }

  /**
   * Plays the cells as an episode's messages while the neighbour plays its own. Where the machine was too crowded to give
   * a cell its share, the episode is played again, as an engine would.
   */
  async fight(cells: readonly string[], limits: Partial<ReplLimits> = {}): Promise<Fight> {
    for (let attempt = 1; ; attempt += 1) {
      const fight = await this.#fight(cells, limits);
      if (fight.stop.reason !== 'host_overloaded' || attempt === 6) return fight;
    }
  }

  async #fight(cells: readonly string[], limits: Partial<ReplLimits>): Promise<Fight> {
    let over = false;
    const disturbedBefore = this.backend.disturbances();
    const ready = Promise.withResolvers<void>();
    const neighbour = this.#neighbour(() => over, ready.resolve);
    void neighbour.catch(() => undefined);
    const rss = new RssWatch(this.backend);
    const attacker = this.#environment({ ...attackLimits, ...this.#options.limits, ...limits });
    const late = timer(this.#options.fightMs ?? 20_000);
    try {
      await Promise.race([ready.promise, neighbour]);
      rss.begin();
      const attack = await Promise.race([this.#attack(attacker, cells), late.over]);
      over = true;
      const { record, waits } = await Promise.race([neighbour, late.over]);
      const disturbances = this.backend.disturbances() - disturbedBefore;
      return { ...attack, neighbour: record, waits, rise: rss.end(), disturbances };
    } finally {
      over = true;
      late.cancel();
      rss.end();
      void attacker.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await this.backend.close();
    this.contexts.close();
  }

  #environment(repl: Partial<ReplLimits>): Environment {
    const { backend, contexts } = this;
    const budget = { depth: 2, maxTurns: 40, subcalls: null };
    return createRlmEnvironment({ backend, contexts, config: { repl, budget, finishUnseen: 'accept' } });
  }

  async #attack(
    env: Environment,
    cells: readonly string[],
  ): Promise<Pick<Fight, 'cells' | 'stop' | 'prompts' | 'times' | 'cpuMs'>> {
    const prompts: string[] = [];
    const times: number[] = [];
    let turn = 0;
    let started = 0;
    const said = (call: WaitingCall): string => {
      if (call.kind !== 'root') {
        const prompt = String(call.messages.at(-1)?.content);
        prompts.push(prompt);
        return `reply to ${prompt.slice(0, 100)}`;
      }
      if (turn > 0) times.push(performance.now() - started);
      started = performance.now();
      turn += 1;
      return turn <= cells.length ? code(cells[turn - 1] ?? '') : 'FINAL(done)';
    };
    await play(env, 'attacked', said, () => {
      times.push(performance.now() - started);
    });
    const episode = env.episode();
    await env.close();
    return {
      cells: (episode.calls[0]?.turns ?? []).flatMap((played) => played.cells),
      stop: episode.stop ?? { reason: 'open', class: 'infra' },
      prompts,
      times,
      cpuMs: (episode.timing.cells as { cpuMs: number }[]).map(({ cpuMs }) => cpuMs),
    };
  }

  /** A play with state, draws, the clock, sub-calls, a batch, a race and a child with a REPL; `beats` of its turns meanwhile. */
  async #neighbour(isOver: () => boolean, ready?: () => void): Promise<{ record: unknown; waits: number[] }> {
    const env = this.#environment({});
    const waits: number[] = [];
    const script = [
      'const words = context.split(" "); let n = words.length; print(n, Math.random(), Date.now())',
      'const r = await llm_query("first " + n); const kept = [r]; print(r)',
      'const both = await llm_query_batched(["a", "b"]); kept.push(...both); print(both.join())',
      ...Array.from(
        { length: beats },
        (_, at) => `n += 1; kept.push(await llm_query("beat " + n)); print(${at}, n, kept.length, Math.random())`,
      ),
      'const first = await Promise.race([llm_query("x"), llm_query("y")]); const c = await rlm_query("child of " + n); print(first, c)',
      'print(kept.join("|").length, new Date().toISOString(), words.join()); FINAL([n, c, first].join())',
    ];
    let turn = 0;
    const said = async (call: WaitingCall): Promise<string> => {
      if (call.kind === 'llm') return `reply to ${String(call.messages.at(-1)?.content)}`;
      if (call.kind === 'rlm') return code('FINAL(context + " " + Math.random())');
      if (turn === 3) ready?.();
      if (turn > 3 && turn < 3 + beats && !isOver()) await sleep(40);
      if (turn === 3 + beats) while (!isOver()) await sleep(10);
      turn += 1;
      return code(script[turn - 1] ?? '');
    };
    await play(env, 'calm words of the neighbour', said, undefined, waits);
    const record = { ...env.episode(), timing: null };
    await env.close();
    return { record, waits };
  }
}

async function play(
  env: Environment,
  context: string,
  said: (call: WaitingCall) => string | Promise<string>,
  onEnd?: () => void,
  waits: number[] = [],
): Promise<Episode> {
  const { observation } = await env.reset({ task: testTask({ context }), seed: 1 });
  const queue = [...observation.calls];
  for (let steps = 0; steps < 3_000 && queue.length > 0; steps += 1) {
    const call = queue.shift();
    if (!call) break;
    const message = await said(call);
    const started = performance.now();
    const step = await env.step({ call: call.id, turn: call.turn, message });
    waits.push(performance.now() - started);
    queue.push(...step.observation.calls.filter((waiting) => waiting.new));
    if (step.info.stop) break;
  }
  onEnd?.();
  return env.episode();
}

/** The highest resident memory of any one worker. */
class RssWatch {
  readonly #backend: WeakenedBackend;
  #timer: NodeJS.Timeout | null = null;
  #before = 0;
  #highest = 0;

  constructor(backend: WeakenedBackend) {
    this.#backend = backend;
  }

  begin(): void {
    this.#before = this.#read();
    this.#timer = setInterval(() => this.#read(), 20);
  }

  end(): number {
    this.#read();
    if (this.#timer) clearInterval(this.#timer);
    return (this.#highest - this.#before) / 2 ** 20;
  }

  #read(): number {
    const bytes = Math.max(0, ...this.#backend.pids().map((pid) => residentBytes(pid) ?? 0));
    this.#highest = Math.max(this.#highest, bytes);
    return bytes;
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function timer(ms: number): { over: Promise<never>; cancel: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  void promise.catch(() => undefined);
  const handle = setTimeout(() => reject(new Error(`not over after ${ms} ms`)), ms);
  return { over: promise, cancel: () => clearTimeout(handle) };
}
