import type { Task } from '../datasets/task.ts';
import type { Environment, Observation, StepResult, WaitingCall } from './environment.ts';
import { episodeSchema } from './episode.ts';
import type { Episode } from './episode.ts';

/** A rule of the interface that an environment breaks. */
export interface Problem {
  readonly rule: Rule;
  readonly message: string;
}

/** The rules in the words of `Environment`'s docstring. */
export type Rule =
  | 'step-before-reset'
  | 'seed'
  | 'first-observation'
  | 'context-hidden'
  | 'host-only'
  | 'sequence'
  | 'new-once'
  | 'late-step'
  | 'unknown-call'
  | 'any-text'
  | 'reward-at-end'
  | 'end'
  | 'infra-unscored'
  | 'record'
  | 'deterministic'
  | 'close';

export interface CheckOptions {
  /** Makes a fresh environment; called several times, each is closed. */
  readonly create: () => Environment;
  /** Writes the text of a waiting call so that the episode ends by an answer within `maxSteps`. */
  readonly play: (call: WaitingCall) => string;
  /** @default 64 */
  readonly maxSteps?: number;
}

const secrets = {
  answer: 'canary-answer-5f1c',
  id: 'canary-id-b770',
  metadata: 'canary-meta-91d2',
  deep: 'canary-deep-c04e',
};

/** A task whose host-only fields, and the middle of whose context, carry words that may be in no message. */
function canaryTask(): Task {
  const filler = 'The river ran past the mill and the road ran past the river. '.repeat(200);
  return {
    id: secrets.id,
    family: 'check',
    query: 'What does the text speak of?',
    context: `${filler}${secrets.deep}. ${filler}`,
    answer: secrets.answer,
    answerType: 'text',
    scorer: 'exact',
    split: 'train',
    metadata: { note: secrets.metadata },
  };
}

/**
 * Plays a few short episodes and names every rule of the interface that the environment breaks; none means that it
 * holds as far as a play can show. As Gymnasium's `check_env` (Farama-Foundation/Gymnasium utils/env_checker.py).
 */
export async function checkEnvironment(options: CheckOptions): Promise<Problem[]> {
  const found = new Map<Rule, string>();
  const report = (rule: Rule, message: string) => {
    if (!found.has(rule)) found.set(rule, message);
  };
  const checks = [beforeReset, wholeEpisode, oddTexts, infraFault, deterministic];
  for (const check of checks) {
    const env = options.create();
    try {
      await check(env, options, report);
    } catch (error) {
      report('any-text', `${check.name} threw: ${messageOf(error)}`);
    } finally {
      await env.close().catch((error: unknown) => report('close', `close threw: ${messageOf(error)}`));
    }
  }
  return [...found].map(([rule, message]) => ({ rule, message }));
}

type Report = (rule: Rule, message: string) => void;

async function beforeReset(env: Environment, _options: CheckOptions, report: Report): Promise<void> {
  const early = await env.step({ message: 'hello' }).then(
    () => true,
    () => false,
  );
  if (early) report('step-before-reset', 'step before reset must reject');
}

/** One episode to its end, every observation looked at; then late steps, and closing twice. */
async function wholeEpisode(env: Environment, options: CheckOptions, report: Report): Promise<void> {
  const { observation, info } = await env.reset({ task: canaryTask(), seed: 11 });
  if (info.seed !== 11) report('seed', `reset was given seed 11 and returned ${String(info.seed)} in info.seed`);
  checkFirst(observation, report);
  const watcher = new Watcher(report);
  watcher.see(observation);
  const unknown = await env.step({ call: 'no-such-call', message: 'hello' }).catch(() => null);
  if (!unknown) report('unknown-call', 'a step to an unknown call must return an observation, not throw');
  else watcher.see(unknown.observation);
  let last: StepResult | null = null;
  for (let steps = 0; steps < (options.maxSteps ?? 64) && !last?.info.stop; steps += 1) {
    const call = watcher.next();
    if (!call) break;
    last = await env.step({ call: call.id, turn: call.turn, message: options.play(call) });
    if (last.reward !== null && !last.info.stop) report('reward-at-end', 'reward must be null until the episode ends');
    watcher.see(last.observation);
    if (call.kind !== 'root') await lateStep(env, call, report, watcher);
  }
  if (!last?.info.stop)
    return report('end', `no info.stop after ${options.maxSteps ?? 64} steps; is \`play\` able to finish?`);
  if (last.terminated === last.truncated) report('end', 'an ended episode is either terminated or truncated');
  if (last.observation.calls.length > 0) report('end', 'no call may wait once the episode has ended');
  await lateStep(env, { id: '0', turn: 0 }, report, watcher);
  checkRecord(env.episode(), report);
  await env.close();
  await env.close();
}

/** Keeps what observations have shown, and holds each new one against it. */
class Watcher {
  readonly #report: Report;
  readonly #shown = new Set<string>();
  readonly #told = new Set<string>();
  #waiting: WaitingCall[] = [];
  #seq = -1;

  constructor(report: Report) {
    this.#report = report;
  }

  get seq(): number {
    return this.#seq;
  }

  next(): WaitingCall | undefined {
    return this.#waiting.at(-1);
  }

  see(observation: Observation): void {
    if (observation.seq < this.#seq) this.#report('sequence', `seq went back from ${this.#seq} to ${observation.seq}`);
    if (observation.seq > this.#seq + 1)
      this.#report('sequence', `one event moved seq from ${this.#seq} to ${observation.seq}`);
    this.#seq = observation.seq;
    const before = this.#waiting;
    this.#waiting = observation.calls.map((call) => {
      const key = `${call.id}@${call.turn}`;
      const known = this.#shown.has(key);
      this.#shown.add(key);
      if (call.new === known)
        this.#report(
          'new-once',
          `call ${call.id} turn ${call.turn} was ${known ? 'shown before and is marked new' : 'never shown and is not marked new'}`,
        );
      if (call.new && call.messages.length === 0)
        this.#report('new-once', `call ${call.id} is new and has no messages`);
      if (!call.new && call.messages.length > 0)
        this.#report('new-once', `call ${call.id} is not new and repeats its messages`);
      if (!(call.maxTokens > 0)) this.#report('first-observation', `call ${call.id} has maxTokens ${call.maxTokens}`);
      checkHidden(JSON.stringify(call.messages), call.kind, this.#report);
      return call.new ? call : (before.find((old) => old.id === call.id) ?? call);
    });
    for (const id of observation.cancelled) {
      if (this.#told.has(id)) this.#report('new-once', `call ${id} was listed as cancelled twice`);
      this.#told.add(id);
    }
  }
}

function checkFirst({ seq, calls }: Observation, report: Report): void {
  const [root] = calls;
  if (seq !== 0) report('sequence', `the first observation has seq ${seq}, not 0`);
  if (calls.length !== 1 || !root)
    return report('first-observation', `the first observation lists ${calls.length} calls, not the root alone`);
  if (root.kind !== 'root' || root.parent !== null || root.depth !== 0 || root.turn !== 0 || !root.new) {
    report('first-observation', 'the first call must be a new root at turn 0, depth 0, without a parent');
  }
}

function checkHidden(text: string, kind: WaitingCall['kind'], report: Report): void {
  if (text.includes(secrets.deep)) report('context-hidden', 'a message holds text from the middle of the context');
  // A judge is asked once the policy has ended, and may be told what is right.
  const gold = kind === 'judge' ? [] : [secrets.answer];
  for (const secret of [...gold, secrets.id, secrets.metadata]) {
    if (text.includes(secret)) report('host-only', `a message holds "${secret}", which must not leave the host`);
  }
}

async function lateStep(
  env: Environment,
  call: { readonly id: string; readonly turn: number },
  report: Report,
  watcher: Watcher,
): Promise<void> {
  const before = JSON.stringify({ ...env.episode(), timing: null });
  const late = await env.step({ call: call.id, turn: call.turn, message: 'too late' }).catch(() => null);
  if (!late) return report('late-step', `a step to the finished call ${call.id} must return, not throw`);
  if (late.observation.seq !== watcher.seq || JSON.stringify({ ...env.episode(), timing: null }) !== before) {
    report('late-step', `a step to the finished call ${call.id} changed the episode`);
  }
}

function checkRecord(episode: Episode, report: Report): void {
  const parsed = episodeSchema.safeParse(episode);
  if (!parsed.success)
    return report(
      'record',
      `the record does not fit its schema: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`,
    );
  const texts = episode.calls.reduce((sum, call) => sum + call.turns.length, 0);
  const told = episode.events.filter((event) => event.type === 'message').length;
  if (texts !== told) report('record', `the record has ${texts} texts and ${told} message events`);
  if (episode.events.some((event, at) => event.seq !== at + 1))
    report('sequence', 'the events of the record are not numbered 1, 2, 3, …');
}

const odd = [
  '',
  ' ',
  '\u0000',
  '```',
  '```repl',
  '```repl\n```',
  '```repl\n)]}\n```',
  'FINAL(',
  'FINAL_VAR(nothing_of_that_name)',
  '\ud800',
  '`'.repeat(10_000),
];

/** Whatever a model writes is an observation, never an exception. */
async function oddTexts(env: Environment, _options: CheckOptions, report: Report): Promise<void> {
  for (const text of odd) {
    await env.reset({ task: canaryTask(), seed: 1 });
    const step = await env
      .step({ message: text })
      .catch((error: unknown) =>
        report('any-text', `step threw for ${JSON.stringify(text.slice(0, 40))}: ${messageOf(error)}`),
      );
    if (step && step.info.stop?.class === 'infra')
      report('any-text', `${JSON.stringify(text.slice(0, 40))} was taken for a failure of the infrastructure`);
  }
}

/** A failure of the infrastructure is neither terminated nor truncated, and is not scored. */
async function infraFault(env: Environment, _options: CheckOptions, report: Report): Promise<void> {
  await env.reset({ task: canaryTask(), seed: 1 });
  const step = await env.step({ fault: { class: 'upstream_5xx' } });
  if (step.reward !== null || env.episode().reward !== null)
    report('infra-unscored', `a void episode has reward ${String(step.reward)}, not null`);
  if (step.terminated || step.truncated) report('infra-unscored', 'a void episode is neither terminated nor truncated');
  if (!step.info.stop) report('infra-unscored', 'a void episode must say so in info.stop');
}

/** Equal task, seed and messages give equal records. */
async function deterministic(env: Environment, options: CheckOptions, report: Report): Promise<void> {
  const records: string[] = [];
  for (const _ of [0, 1]) {
    let { observation } = await env.reset({ task: canaryTask(), seed: 3 });
    for (let steps = 0; steps < (options.maxSteps ?? 64); steps += 1) {
      const call = observation.calls.find((waiting) => waiting.new) ?? observation.calls[0];
      if (!call) break;
      const step = await env.step({ call: call.id, message: options.play(call) });
      if (step.info.stop) break;
      observation = step.observation;
    }
    records.push(JSON.stringify({ ...env.episode(), timing: null }));
  }
  if (records[0] !== records[1]) report('deterministic', 'two plays of the same messages gave different records');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
