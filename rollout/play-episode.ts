import type { Task } from '../datasets/task.ts';
import type { Environment, Observation, StepInput, StepResult, WaitingCall } from '../env/environment.ts';
import type { Episode, InfraFailure, Message, Sampling } from '../env/episode.ts';
import { ReplError } from '../env/repl/repl.ts';
import { estimateTokens } from '../env/tokens.ts';
import { drawOf, episodeSeed } from './episode-id.ts';
import type { EpisodePlace } from './episode-id.ts';
import type { PolicySet } from './policies/policies.ts';
import { PolicyConfigError, PolicyError } from './policies/policy.ts';
import type { Policy, PolicyReply, PolicyRequest } from './policies/policy.ts';
import { isDiskError } from './store-error.ts';

export interface PlayOptions {
  readonly environment: Environment;
  readonly policies: PolicySet;
  readonly task: Task;
  readonly place: EpisodePlace;
  readonly runSeed: number;
  /** Wall time of the episode; null: no cap. */
  readonly wallSeconds: number | null;
  /** Ends the attempt at once; it leaves no record. */
  readonly signal: AbortSignal;
  /** Told of each text that came, for live counts. */
  readonly onText?: (text: TextFacts) => void;
  /** Told of each failed request, those that a policy's own retry mended included. */
  readonly onError?: (failure: string) => void;
}

export interface TextFacts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly usd: number | null;
}

/** How one attempt ended: with a record, or by a failure of the infrastructure (with what there is of a record). */
export type Attempt =
  | { readonly episode: Episode; readonly failure: null }
  | { readonly episode: Episode | null; readonly failure: InfraFailure; readonly message: string };

/** Beyond the wall limit, the environment has this long to end the episode it was told to end. */
const graceMs = 60_000;

/** A call's conversation, in the segment it is in. */
interface Conversation {
  segment: number;
  messages: Message[];
  previous: Sampling | undefined;
}

/**
 * Plays one attempt at one episode: asks the policy of each waiting call's kind for a text, tells the environment, and
 * aborts what it no longer wants, until the episode stops. Rejects only for what must end the whole run: a policy that is
 * set up wrong, a full disk, or `signal`.
 */
export async function playEpisode(options: PlayOptions): Promise<Attempt> {
  const player = new Player(options);
  try {
    return await player.play();
  } finally {
    player.abortAll();
  }
}

class Player {
  readonly #options: PlayOptions;
  readonly #calls = new Map<string, Conversation>();
  readonly #requests = new Map<string, AbortController>();
  /** Numbers out of the policies' notes, added up over the episode. */
  readonly #tallies: Record<string, number> = {};
  readonly #started = performance.now();
  #modelMs = 0;
  readonly #ended = Promise.withResolvers<Attempt>();
  #over = false;

  constructor(options: PlayOptions) {
    this.#options = options;
  }

  async play(): Promise<Attempt> {
    const { wallSeconds, signal } = this.#options;
    signal.throwIfAborted();
    const abort = () => this.#fail(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    const timers: NodeJS.Timeout[] = [];
    if (wallSeconds !== null) {
      const ms = wallSeconds * 1_000;
      timers.push(setTimeout(() => void this.#tell({ limit: { kind: 'wall' } }), ms));
      timers.push(setTimeout(() => this.#stuck(ms + graceMs), ms + graceMs));
    }
    try {
      void this.#open();
      return await this.#ended.promise;
    } finally {
      this.#over = true;
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  async #open(): Promise<void> {
    const { environment, task, place, runSeed } = this.#options;
    const { run, round, index } = place;
    try {
      const seed = episodeSeed(runSeed, place);
      const { observation } = await environment.reset({ task, seed, identity: { run, round, index } });
      if (this.#over) return;
      // A budget without room for a first text ends an episode in its reset.
      if (observation.calls.length === 0) this.#finish();
      else this.#follow(observation);
    } catch (error) {
      this.#broken(error);
    }
  }

  abortAll(): void {
    for (const controller of this.#requests.values()) controller.abort();
    this.#requests.clear();
  }

  #follow(observation: Observation): void {
    for (const id of observation.cancelled) {
      this.#requests.get(id)?.abort();
      this.#requests.delete(id);
    }
    for (const call of observation.calls) if (call.new && !this.#requests.has(call.id)) void this.#answer(call);
  }

  /** One text for one waiting call. */
  async #answer(call: WaitingCall): Promise<void> {
    const conversation = this.#conversation(call);
    const controller = new AbortController();
    this.#requests.set(call.id, controller);
    const to = { call: call.id, turn: call.turn };
    const started = performance.now();
    let input: StepInput;
    try {
      const policy = this.#options.policies[call.kind];
      if (!policy) throw new PolicyError('judge_error', 'the config names no judge policy');
      const reply = await policy.complete(this.#request(call, conversation, controller.signal));
      if (controller.signal.aborted) return;
      input = { ...to, ...this.#received(call, conversation, policy, reply) };
    } catch (error) {
      if (controller.signal.aborted) return;
      if (error instanceof PolicyConfigError) return this.#fail(error);
      input = { ...to, ...this.#noText(error) };
    } finally {
      this.#modelMs += performance.now() - started;
      if (this.#requests.get(call.id) === controller) this.#requests.delete(call.id);
    }
    await this.#tell(input);
  }

  #conversation(call: WaitingCall): Conversation {
    let conversation = this.#calls.get(call.id);
    if (!conversation || conversation.segment !== call.segment) {
      conversation = { segment: call.segment, messages: [], previous: undefined };
      this.#calls.set(call.id, conversation);
    }
    conversation.messages.push(...call.messages);
    return conversation;
  }

  #request(call: WaitingCall, { messages, previous }: Conversation, signal: AbortSignal): PolicyRequest {
    const { id, kind, depth, turn, segment, maxTokens } = call;
    const { runSeed, place } = this.#options;
    return {
      call: { id, kind, depth, turn, segment },
      messages: [...messages],
      maxTokens,
      draw: drawOf(runSeed, place, id),
      signal,
      ...(previous ? { previous } : {}),
    };
  }

  #received(
    call: WaitingCall,
    conversation: Conversation,
    policy: Policy,
    reply: PolicyReply,
  ): Omit<StepInput, 'call'> {
    const { message, notes = {}, retries = {} } = reply;
    this.#earlierTries(retries);
    const sampling = { ...reply.sampling, usage: usageOf(conversation, policy, reply), maxTokens: call.maxTokens };
    conversation.messages.push({ role: 'assistant', ...message });
    conversation.previous = sampling;
    this.#options.onText?.(sampling.usage);
    const told: Record<string, string | number> = {};
    for (const [key, value] of Object.entries(notes)) {
      if (typeof value === 'number') this.#tallies[key] = (this.#tallies[key] ?? 0) + value;
      else told[key] = value;
    }
    return { message, sampling, notes: { ...told, ...this.#tallies } };
  }

  /** Tells of tries that failed before the last one. */
  #earlierTries(retries: Readonly<Record<string, number>>): void {
    for (const [failure, times] of Object.entries(retries)) {
      for (let time = 0; time < times; time += 1) this.#options.onError?.(failure);
    }
  }

  #noText(error: unknown): Pick<StepInput, 'fault' | 'limit'> {
    if (!(error instanceof PolicyError)) {
      this.#options.onError?.('bug');
      return { fault: { class: 'bug', message: describe(error) } };
    }
    const { failure, message, retries } = error;
    this.#earlierTries(retries);
    this.#options.onError?.(failure);
    if (failure === 'context_overflow' || failure === 'content_filter') return { limit: { kind: failure, message } };
    return { fault: { class: failure, message } };
  }

  async #tell(input: StepInput): Promise<void> {
    if (this.#over) return;
    let result: StepResult;
    try {
      result = await this.#options.environment.step(input);
    } catch (error) {
      return this.#broken(error);
    }
    if (this.#over) return;
    if (result.info.stop) return this.#finish();
    this.#follow(result.observation);
  }

  #finish(): void {
    const episode = this.#record();
    if (!episode) return;
    const { stop } = episode;
    if (stop.class !== 'infra') return this.#end({ episode, failure: null });
    this.#end({ episode, failure: stop.reason as InfraFailure, message: stop.message ?? stop.reason });
  }

  /** The environment itself failed: that is never the policy's doing. */
  #broken(error: unknown): void {
    if (isDiskError(error)) return this.#fail(error as Error);
    const failure = error instanceof ReplError ? error.failure : 'bug';
    this.#options.onError?.(failure);
    this.#end({ episode: null, failure, message: describe(error) });
  }

  #stuck(ms: number): void {
    this.#options.onError?.('host_overloaded');
    const message = `the environment did not end the episode within ${Math.round(ms / 1_000)} s`;
    this.#end({ episode: null, failure: 'host_overloaded', message });
  }

  #record(): Episode | null {
    try {
      const episode = this.#options.environment.episode();
      episode.timing.wallMs = Math.round(performance.now() - this.#started);
      episode.timing.modelMs = Math.round(this.#modelMs);
      return episode;
    } catch (error) {
      this.#broken(error);
      return null;
    }
  }

  #end(attempt: Attempt): void {
    this.#over = true;
    this.#ended.resolve(attempt);
  }

  #fail(error: Error): void {
    this.#over = true;
    this.#ended.reject(error);
  }
}

/** What the policy reported, or estimates by length; dollars by the policy's price where it told none. */
function usageOf({ messages }: Conversation, policy: Policy, reply: PolicyReply): NonNullable<Sampling['usage']> {
  const usage = reply.sampling.usage ?? {
    promptTokens: estimateTokens(messages.reduce((bytes, { content }) => bytes + Buffer.byteLength(content), 0)),
    completionTokens: estimateTokens(reply.message.content) + estimateTokens(reply.message.reasoning ?? ''),
    usd: null,
    estimated: true,
  };
  if (usage.usd !== null || !policy.price) return usage;
  const { prompt, completion } = policy.price;
  return { ...usage, usd: (usage.promptTokens * prompt + usage.completionTokens * completion) / 1e6 };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const frame = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '));
  return `${error.name}: ${error.message}${frame ? ` (${frame.trim()})` : ''}`;
}
