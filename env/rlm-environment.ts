import { environmentConfigSchema } from '../configs/schema.ts';
import type { EnvironmentConfig, EnvironmentConfigInput } from '../configs/schema.ts';
import type { Task } from '../datasets/task.ts';
import { Budget } from './budget.ts';
import type { Prices } from './budget.ts';
import type { ContextStore } from './context.ts';
import { dialectNamed } from './dialects/dialects.ts';
import { recordOf } from './episode-record.ts';
import type { Identity } from './episode-record.ts';
import type { Episode, Message } from './episode.ts';
import type {
  Environment,
  Judgement,
  Observation,
  Outcome,
  ResetOptions,
  RewardFunction,
  StepInput,
  StepResult,
} from './environment.ts';
import type { ReplBackend } from './repl/repl.ts';
import { RecordedLimits } from './recorded-limits.ts';
import type { RlmCall } from './rlm-call.ts';
import { RlmEpisode } from './rlm-episode.ts';

export interface RlmEnvironmentOptions {
  /** Opens the REPLs; shared by many environments, closed by its owner. */
  readonly backend: ReplBackend;
  /** Where contexts lie; shared, closed by its owner. */
  readonly contexts: ContextStore;
  /** Judges the ended episode on the host. Without it every reward is null. */
  readonly reward?: RewardFunction;
  /** Dialect, budget, limits of the REPL and what is done about early finishes; see `configs/schema.ts`. */
  readonly config?: EnvironmentConfigInput;
  /** Dollars per million tokens, by kind of call; needed for a dollar budget to be checked before a call opens. */
  readonly prices?: Prices;
  /** For a replay: the record whose limits inside cells are applied in place of this machine's clock and memory. */
  readonly recorded?: Episode;
}

/** A misuse of the interface: a step before `reset`, or one that tells nothing. */
export class EnvironmentError extends Error {
  override name = 'EnvironmentError';
}

/** The RLM environment (arXiv 2512.24601): the context is a REPL variable, sub-calls are calls of their own. */
export function createRlmEnvironment(options: RlmEnvironmentOptions): Environment {
  const config = environmentConfigSchema.parse(options.config ?? {});
  const dialect = dialectNamed(config.dialect);
  if (dialect.language !== options.backend.language) {
    throw new EnvironmentError(
      `dialect "${dialect.name}" needs a ${dialect.language} REPL, not a ${options.backend.language} one`,
    );
  }
  return new RlmEnvironment(options, config);
}

interface Game {
  readonly task: Task;
  readonly identity: Identity;
  readonly episode: RlmEpisode;
  readonly notes: Record<string, string | number>;
  /** Steps that came to a call that wanted none; depends on timing, so it stands there. */
  lateSteps: number;
  /** `seq` of the last observation given out. */
  returned: number;
  /** Question → the call that asks a judge; null until the episode has stopped. */
  judges: Map<string, RlmCall> | null;
  record: Episode | null;
}

class RlmEnvironment implements Environment {
  readonly #options: RlmEnvironmentOptions;
  readonly #config: EnvironmentConfig;
  #game: Game | null = null;
  /** Steps are applied one after the other, in the order they came. */
  #turnstile: Promise<unknown> = Promise.resolve();

  constructor(options: RlmEnvironmentOptions, config: EnvironmentConfig) {
    this.#options = options;
    this.#config = config;
  }

  async reset({
    task,
    seed,
    identity = {},
  }: ResetOptions): Promise<{ observation: Observation; info: Record<string, unknown> }> {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new EnvironmentError(`seed must be a non-negative integer, not ${seed}`);
    await this.close();
    const { backend, contexts, prices } = this.#options;
    const { budget, dialect, finishUnseen, planAsAnswer, onSubcallFault } = this.#config;
    const { workers: _workers, sandbox: _sandbox, ...limits } = this.#config.repl;
    const who: Identity = {
      run: identity.run ?? 'local',
      round: identity.round ?? 0,
      index: identity.index ?? 0,
      seed,
    };
    const episode = new RlmEpisode({
      query: task.query,
      context: contexts.prepare(task.context, task),
      contexts,
      index: who.index,
      dialect: dialectNamed(dialect),
      backend,
      limits,
      budget: new Budget(budget, prices),
      finishUnseen,
      planAsAnswer,
      onSubcallFault,
      recorded: this.#options.recorded ? new RecordedLimits(this.#options.recorded) : null,
    });
    const game: Game = {
      task,
      identity: who,
      episode,
      notes: {},
      lateSteps: 0,
      returned: -1,
      judges: null,
      record: null,
    };
    this.#game = game;
    if (episode.stop) await this.#settle(game);
    return { observation: this.#observe(game, -1), info: { seed, episodeId: this.episode().id } };
  }

  step(input: StepInput): Promise<StepResult> {
    const game = this.#game;
    if (!game) return Promise.reject(new EnvironmentError('call reset({ task, seed }) before step'));
    const told = [input.message, input.fault, input.limit].filter((part) => part !== undefined).length;
    if (told !== 1) return Promise.reject(new EnvironmentError('a step tells one of message, fault and limit'));
    const step = this.#turnstile.then(() => this.#apply(game, input));
    this.#turnstile = step.catch(() => undefined);
    return step;
  }

  episode(): Episode {
    const game = this.#game;
    if (!game) throw new EnvironmentError('there is no episode before reset({ task, seed })');
    if (game.record) return game.record;
    const { lateSteps } = game;
    return recordOf(game.episode, game.task, game.identity, { notes: game.notes, timing: { lateSteps } });
  }

  async close(): Promise<void> {
    await this.#turnstile;
    await this.#game?.episode.close();
  }

  async #apply(game: Game, input: StepInput): Promise<StepResult> {
    const { episode } = game;
    const seen = input.seen ?? game.returned;
    const id = input.call ?? '0';
    const call = episode.calls.get(id);
    const wall = input.limit?.kind === 'wall';
    if (
      game.record ||
      (call && !wall && (call.waitingSince === null || (input.turn !== undefined && input.turn !== call.turn)))
    ) {
      game.lateSteps += 1;
      return this.#result(game, seen, { late: true });
    }
    if (!call) {
      episode.unknown(id);
      return this.#result(game, seen, { unknownCall: id, problem: `no call "${id}" was ever opened in this episode` });
    }
    if (input.message !== undefined) {
      if (id === '0' && input.notes)
        for (const [key, value] of Object.entries(input.notes)) game.notes[`policy_${key}`] = value;
      await episode.message(call, messageOf(input.message), input);
    } else if (input.fault) await episode.fault(call, input.fault.class, input.fault.message);
    else if (input.limit) await episode.limit(call, input.limit.kind, input.limit.message);
    if (episode.stop) await this.#settle(game);
    return this.#result(game, seen, {});
  }

  /** Closes the sandbox, asks the judges there are, and scores once all have answered. */
  async #settle(game: Game): Promise<void> {
    const { episode } = game;
    const { reward } = this.#options;
    let problem: unknown = null;
    if (!game.judges) {
      await episode.close();
      game.judges = new Map();
      try {
        const asked = episode.stop?.class === 'infra' ? [] : (reward?.questions?.(this.#outcome(game)) ?? []);
        for (const { id, messages } of asked) game.judges.set(id, episode.judge(game.judges.size + 1, messages));
      } catch (error) {
        problem = error;
      }
    }
    if (episode.waiting.size > 0) return;
    const outcome = this.#outcome(game);
    const record = outcome.episode;
    game.record = record;
    if (record.stop.class === 'infra' || !reward) return;
    try {
      if (problem !== null) throw problem;
      Object.assign(record, scoreOf(await reward(outcome)));
    } catch (error) {
      record.components = {
        error: { value: null, weight: 0, why: error instanceof Error ? error.message : String(error) },
      };
    }
  }

  #outcome(game: Game): Outcome {
    const episode = this.episode();
    const judged = new Map<string, string>();
    for (const [id, { record }] of game.judges ?? []) if (record.answer !== null) judged.set(id, record.answer);
    return { task: game.task, answer: episode.final?.answer ?? null, episode, judged };
  }

  #result(game: Game, seen: number, extra: Record<string, unknown>): StepResult {
    const { record } = game;
    const observation = this.#observe(game, seen);
    if (record) record.timing.lateSteps = game.lateSteps;
    return {
      observation,
      reward: record?.reward ?? null,
      terminated: record?.terminated ?? false,
      truncated: record?.truncated ?? false,
      info: record ? { ...extra, stop: record.stop } : extra,
    };
  }

  #observe(game: Game, seen: number): Observation {
    const { episode } = game;
    game.returned = episode.seq;
    return {
      seq: episode.seq,
      calls: Array.from(episode.waiting, (call) => call.waiting(seen)),
      cancelled: episode.takeCancelled(),
    };
  }
}

const scoreOf = ({ reward, components }: Judgement): Judgement => ({ reward, components });

function messageOf(message: NonNullable<StepInput['message']>): Message {
  if (typeof message === 'string') return { role: 'assistant', content: message.toWellFormed() };
  const { content, reasoning, toolCalls } = message;
  return {
    role: 'assistant',
    content: content.toWellFormed(),
    ...(reasoning === undefined ? {} : { reasoning: reasoning.toWellFormed() }),
    ...(toolCalls === undefined ? {} : { toolCalls }),
  };
}
