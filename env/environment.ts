import type { Task } from '../datasets/task.ts';
import type { Episode, InfraFailure, Message, Sampling, Stop } from './episode.ts';

export interface ResetOptions {
  readonly task: Task;
  /** Non-negative integer; returned in `info`. Equal seeds and messages give equal episodes. */
  readonly seed: number;
  /** Who this episode is, for its record. Defaults: run `local`, round 0, index 0. */
  readonly identity?: { readonly run?: string; readonly round?: number; readonly index?: number };
}

/** What is told to the environment: a call's message, that its endpoint failed for good, or that a limit ran out. */
export interface StepInput {
  /** Defaults to the root call. */
  readonly call?: string;
  /** The turn the message is for; where it is given and is not the call's current turn, the step counts as late. */
  readonly turn?: number;
  /** The `seq` of the last observation the caller has read; defaults to the last one returned. */
  readonly seen?: number;
  readonly message?:
    | string
    | { readonly content: string; readonly reasoning?: string; readonly toolCalls?: Message['toolCalls'] };
  readonly fault?: { readonly class: InfraFailure; readonly message?: string };
  /** `wall` ends the episode; `context_overflow`, `content_filter` and `length` are told of one call. */
  readonly limit?: {
    readonly kind: 'wall' | 'context_overflow' | 'content_filter' | 'length';
    readonly message?: string;
  };
  readonly sampling?: Sampling;
  /** What the policy tells about itself, kept in the record's metrics (`policy_<key>`; the root's only). */
  readonly notes?: Readonly<Record<string, string | number>>;
}

/** A call that waits for a model's text. */
export interface WaitingCall {
  readonly id: string;
  readonly parent: string | null;
  readonly kind: 'root' | 'rlm' | 'llm' | 'judge';
  /** The root has 0. */
  readonly depth: number;
  /** Number of the text it waits for, from 0. */
  readonly turn: number;
  readonly segment: number;
  /** Why a segment that begins here began. */
  readonly reason?: string;
  /**
   * The messages new to its segment: they follow the policy's own last message. A new segment carries its whole
   * prompt. Empty where `new` is false.
   */
  readonly messages: readonly Message[];
  /** Tokens the budget reserved for the text; a text may not have more. */
  readonly maxTokens: number;
  /** False for a call that was in an observation the caller has read. */
  readonly new: boolean;
}

export interface Observation {
  /** Number of events applied so far. */
  readonly seq: number;
  /** Every call that waits for a message. */
  readonly calls: readonly WaitingCall[];
  /** Calls that no longer want a message, each told once: abort what runs for them. */
  readonly cancelled: readonly string[];
}

export interface StepResult {
  readonly observation: Observation;
  /** null until the episode ends, and for good where it could not be scored. */
  readonly reward: number | null;
  /** The episode ended by an answer. */
  readonly terminated: boolean;
  /** The episode ended by a budget, a turn limit or a time limit. */
  readonly truncated: boolean;
  readonly info: StepInfo;
}

export interface StepInfo {
  /** Present once the episode has ended, also where it is neither terminated nor truncated (a failure of the infrastructure). */
  readonly stop?: Stop;
  /** True for a step that changed nothing: its call was finished, cancelled or at another turn. */
  readonly late?: boolean;
  readonly [key: string]: unknown;
}

/**
 * One environment plays one episode at a time over one task. It never calls a model: it says which calls wait for a
 * model's text, and is told the texts.
 *
 * ```ts
 * let { observation } = await env.reset({ task, seed: 7 });
 * for (;;) {
 *   const call = observation.calls[0]!;
 *   const step = await env.step({ call: call.id, message: await model(call) });
 *   if (step.info.stop) break;
 *   observation = step.observation;
 * }
 * const episode = env.episode();
 * ```
 *
 * **Order.** `step` is an ordered intake of events, numbered by `seq`, applied one at a time in the order they came.
 * Steps to different calls may overlap. Given the task, the seed and the same events in the same order, the episode's
 * record is the same outside `timing`.
 *
 * **Errors.** `step` throws for a misuse of the interface alone (before `reset`, after `close`, neither message nor
 * fault nor limit). Whatever a model wrote is an observation and a counter, never an exception. A step after the
 * episode's end, or to a call that is finished, cancelled or at another turn, changes nothing (`info.late`).
 *
 * **Judges.** Where the reward needs them, the root's end opens calls of kind `judge` (`judge.1`, `judge.2`, …, without a
 * parent, never trainable). They wait like any other call, after the sandbox is closed; the episode ends with the last of
 * their texts. A fault of a judge, or the wall limit while one is waited for, ends it as `judge_error`, unscored.
 *
 * **End.** An answer ends an episode as terminated; a budget, a turn limit or a time limit as truncated. Both are
 * scored. A failure of the infrastructure is neither and is not scored: `reward` stays null.
 */
export interface Environment {
  /** Begins a new episode; an unfinished one is thrown away. */
  reset(options: ResetOptions): Promise<{ observation: Observation; info: Record<string, unknown> }>;
  step(input: StepInput): Promise<StepResult>;
  /** The record of the episode, complete once it has ended. */
  episode(): Episode;
  /** Frees the sandbox. May be called more than once. */
  close(): Promise<void>;
}

/** What a scorer found. `score` null: it could not be judged (which is not 0); `why` says so. */
export interface Score {
  readonly score: number | null;
  readonly parsed?: string;
  readonly why?: string;
}

/** What a reward function is given once the sandbox is closed. */
export interface Outcome {
  readonly task: Task;
  /** The final answer, capped; null where there is none. */
  readonly answer: string | null;
  /** The record so far: `reward` null, `components` empty. */
  readonly episode: Episode;
  /** What judges said, by the id of the question; a question that got no text is not in it. */
  readonly judged?: ReadonlyMap<string, string>;
}

/** What a judge is to be asked. */
export interface JudgeQuestion {
  /** Unique among the questions of one episode, e.g. the component's name. */
  readonly id: string;
  readonly messages: readonly Message[];
}

export type Judgement = Pick<Episode, 'reward' | 'components'>;

/**
 * Judges an ended episode on the host; see `reward/rubric.ts` for the one that ships. A function that needs judges says
 * what to ask them: the environment opens a call of kind `judge` for each question, and calls the function when all have
 * a text. It may hold processes or connections; whoever made it closes it.
 */
export interface RewardFunction {
  (outcome: Outcome): Promise<Judgement> | Judgement;
  readonly questions?: (outcome: Outcome) => readonly JudgeQuestion[];
  readonly close?: () => Promise<void>;
}
