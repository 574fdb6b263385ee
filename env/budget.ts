import type { BudgetConfig } from '../configs/schema.ts';
import type { Usage } from './episode.ts';

/** Dollars per million tokens. */
export interface Price {
  readonly prompt: number;
  readonly completion: number;
}
export type Prices = Partial<Record<'root' | 'rlm' | 'llm' | 'judge', Price>>;

/** What was set aside for one text before it was asked for; settled with what it used. */
export interface Reservation {
  readonly maxTokens: number;
  readonly tokens: number;
  readonly usd: number;
}

type Kind = 'root' | 'rlm' | 'llm' | 'judge';
export type BudgetRefusal =
  | 'budget_depth'
  | 'budget_subcalls'
  | 'budget_fanout'
  | 'budget_tokens'
  | 'budget_usd'
  | 'budget_output';

/** A text with room for fewer tokens than this is not worth asking for. */
const leastTokens = 16;

/**
 * What one episode may use, counted over its whole tree of calls. Everything is checked *before* a call opens: a
 * reservation holds the most a text can cost until its usage is known, so concurrent children cannot overspend
 * together.
 */
export class Budget {
  readonly limits: BudgetConfig;
  readonly #prices: Prices;
  #subcalls = 0;
  #tokens = 0;
  #usd = 0;
  #output = 0;
  #reservedTokens = 0;
  #reservedUsd = 0;

  constructor(limits: BudgetConfig, prices: Prices = {}) {
    this.limits = limits;
    this.#prices = prices;
  }

  /** May a sub-call of a batch of `fanout` open at `depth`? Counts it if so. */
  openSubcall(depth: number, fanout: number): BudgetRefusal | null {
    if (depth > this.limits.depth) return 'budget_depth';
    if (this.limits.fanout !== null && fanout > this.limits.fanout) return 'budget_fanout';
    if (this.limits.subcalls !== null && this.#subcalls >= this.limits.subcalls) return 'budget_subcalls';
    this.#subcalls += 1;
    return null;
  }

  /** A sub-call that was counted but could not open after all. */
  returnSubcall(): void {
    this.#subcalls -= 1;
  }

  /** Sets aside room for one text after a prompt of `promptTokens`. */
  reserve(kind: Kind, promptTokens: number): Reservation | BudgetRefusal {
    const wanted = kind === 'llm' ? this.limits.subcallTokens : this.limits.turnTokens;
    let maxTokens = wanted;
    if (this.limits.tokens !== null) {
      maxTokens = Math.min(maxTokens, this.limits.tokens - this.#tokens - this.#reservedTokens - promptTokens);
      if (maxTokens < Math.min(leastTokens, wanted)) return 'budget_tokens';
    }
    const price = this.#prices[kind];
    if (this.limits.usd !== null) {
      const left = this.limits.usd - this.#usd - this.#reservedUsd;
      if (left <= 0) return 'budget_usd';
      if (price && price.completion > 0) {
        const affordable = Math.floor(((left * 1e6 - promptTokens * price.prompt) / price.completion) * (1 + 1e-12));
        maxTokens = Math.min(maxTokens, affordable);
        if (maxTokens < Math.min(leastTokens, wanted)) return 'budget_usd';
      }
    }
    const usd = price ? (promptTokens * price.prompt + maxTokens * price.completion) / 1e6 : 0;
    const reservation = { maxTokens, tokens: promptTokens + maxTokens, usd };
    this.#reservedTokens += reservation.tokens;
    this.#reservedUsd += reservation.usd;
    return reservation;
  }

  /** Replaces a reservation by what was used; without usage (a cancelled call) the room is given back. */
  settle(reservation: Reservation, usage?: Usage): void {
    this.#reservedTokens -= reservation.tokens;
    this.#reservedUsd -= reservation.usd;
    if (!usage) return;
    this.#tokens += usage.promptTokens + usage.completionTokens;
    this.#usd += usage.usd ?? 0;
  }

  /** Counts characters of REPL output about to be shown; returns how many of them may be. */
  showOutput(chars: number): number {
    const left = this.limits.outputChars === null ? chars : Math.max(0, this.limits.outputChars - this.#output);
    this.#output += chars;
    return Math.min(chars, left);
  }

  get outputSpent(): boolean {
    return this.limits.outputChars !== null && this.#output > this.limits.outputChars;
  }

  /** Dollars of a text by the price of its kind; null where none is known. */
  priceOf(kind: Kind, usage: Pick<Usage, 'promptTokens' | 'completionTokens'>): number | null {
    const price = this.#prices[kind];
    return price ? (usage.promptTokens * price.prompt + usage.completionTokens * price.completion) / 1e6 : null;
  }

  /** What is left, for the model: only what is capped. */
  left(): BudgetLeft {
    const { subcalls, tokens, usd, outputChars } = this.limits;
    return {
      subcalls: subcalls === null ? null : subcalls - this.#subcalls,
      tokens: tokens === null ? null : Math.max(0, tokens - this.#tokens - this.#reservedTokens),
      usd: usd === null ? null : Math.max(0, usd - this.#usd - this.#reservedUsd),
      outputChars: outputChars === null ? null : Math.max(0, outputChars - this.#output),
    };
  }
}

export interface BudgetLeft {
  readonly subcalls: number | null;
  readonly tokens: number | null;
  readonly usd: number | null;
  readonly outputChars: number | null;
}
