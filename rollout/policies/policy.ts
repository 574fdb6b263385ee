import type { InfraFailure, Message, Sampling } from '../../env/episode.ts';

/** What a policy is asked: the conversation so far, and nothing of the task. */
export interface PolicyRequest {
  readonly call: {
    readonly id: string;
    readonly kind: 'root' | 'rlm' | 'llm' | 'judge';
    readonly depth: number;
    readonly turn: number;
    readonly segment: number;
  };
  /** The whole prompt of the segment, the policy's own earlier messages included. */
  readonly messages: readonly Message[];
  /** The most tokens the text may have. */
  readonly maxTokens: number;
  /** An unsigned 32-bit number, hash(run seed, task id, index, call id): the source of every draw a policy makes. */
  readonly draw: number;
  readonly signal: AbortSignal;
  /** The last turn's sampling in this segment, so that a policy can continue in token space and check its prompt ids. */
  readonly previous?: Sampling;
}

export interface PolicyReply {
  readonly message: {
    readonly content: string;
    readonly reasoning?: string;
    readonly toolCalls?: Message['toolCalls'];
  };
  readonly sampling: Sampling;
  /**
   * Facts a policy tells about itself (`strategy: 'grep'`), kept in the record's metrics. Text stands as it is; the engine
   * adds numbers up over the episode (`token_forks: 1`).
   */
  readonly notes?: Readonly<Record<string, string | number>>;
  /** Attempts that failed before this one, by class, for the live error counts. */
  readonly retries?: Readonly<Record<string, number>>;
}

/** Whatever turns messages into text: an endpoint, a script, a recording. */
export interface Policy {
  readonly name: string;
  /** Dollars per million tokens, where they are known: budgets and live cost rest on it. */
  readonly price?: { readonly prompt: number; readonly completion: number };
  /** Rejects with a {@link PolicyError} when it has no text to give. */
  complete(request: PolicyRequest): Promise<PolicyReply>;
  close?(): Promise<void>;
}

/**
 * A text that did not come. With an infra `failure` the episode is void and tried again; with a limit
 * (`context_overflow`, `content_filter`) it is the policy's own failure and is scored.
 */
export class PolicyError extends Error {
  override name = 'PolicyError';
  readonly failure: InfraFailure | 'context_overflow' | 'content_filter';
  /** Seconds the endpoint asked to wait, where it did. */
  readonly retryAfter: number | undefined;
  /** Tries that failed before the one this error tells of, by class, for the live error counts. */
  readonly retries: Readonly<Record<string, number>>;
  constructor(
    failure: PolicyError['failure'],
    message: string,
    options: ErrorOptions & { retryAfter?: number; retries?: Readonly<Record<string, number>> } = {},
  ) {
    super(message, options);
    this.failure = failure;
    this.retryAfter = options.retryAfter;
    this.retries = options.retries ?? {};
  }
}

/**
 * An endpoint that will refuse every request alike (wrong key, no such model). The run stops with this message; no
 * episode is void for it.
 */
export class PolicyConfigError extends Error {
  override name = 'PolicyConfigError';
  readonly next: string;
  constructor(message: string, options: { next: string }) {
    super(message);
    this.next = options.next;
  }
}
