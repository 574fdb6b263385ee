/** Where a run stands, as the engine tells it. */
export interface Progress {
  /** Episodes of the run. */
  readonly total: number;
  /** In the store, those of earlier starts included. */
  readonly done: number;
  /** In the store when this start began. */
  readonly before: number;
  readonly running: number;
  /** Ended by this start without a score, because infrastructure failed every attempt. */
  readonly void: number;
  /** Scored by this start, and the mean of their rewards. Void episodes are not in it. */
  readonly scored: number;
  readonly meanReward: number | null;
  readonly texts: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** null once a text without a known price has come. */
  readonly usd: number | null;
  /** Failed requests and attempts by class; those that a retry mended are in it. */
  readonly errors: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Counts what the engine meets; `snapshot` is what is shown. */
export class ProgressCounter {
  readonly #total: number;
  readonly #before: number;
  readonly #now: () => number;
  readonly #started: number;
  readonly #errors: Record<string, number> = {};
  #played = 0;
  #void = 0;
  #scored = 0;
  #rewards = 0;
  #texts = 0;
  #promptTokens = 0;
  #completionTokens = 0;
  #usd: number | null = 0;
  running = 0;

  constructor(total: number, before: number, now: () => number = () => performance.now()) {
    this.#total = total;
    this.#before = before;
    this.#now = now;
    this.#started = now();
  }

  text(facts: { readonly promptTokens: number; readonly completionTokens: number; readonly usd: number | null }): void {
    this.#texts += 1;
    this.#promptTokens += facts.promptTokens;
    this.#completionTokens += facts.completionTokens;
    this.#usd = this.#usd === null || facts.usd === null ? null : this.#usd + facts.usd;
  }

  error(failure: string): void {
    this.#errors[failure] = (this.#errors[failure] ?? 0) + 1;
  }

  episode(outcome: { readonly reward: number | null; readonly void: boolean }): void {
    this.#played += 1;
    if (outcome.void) this.#void += 1;
    if (outcome.reward === null) return;
    this.#scored += 1;
    this.#rewards += outcome.reward;
  }

  snapshot(): Progress {
    return {
      total: this.#total,
      done: this.#before + this.#played,
      before: this.#before,
      running: this.running,
      void: this.#void,
      scored: this.#scored,
      meanReward: this.#scored === 0 ? null : this.#rewards / this.#scored,
      texts: this.#texts,
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      usd: this.#usd,
      errors: { ...this.#errors },
      seconds: (this.#now() - this.#started) / 1_000,
    };
  }
}

/** One line: done of total, rate, time left, reward, dollars spent and to come, tokens, errors by class. */
export function progressLine(progress: Progress): string {
  const { total, done, before, seconds, usd } = progress;
  const played = done - before;
  const rate = seconds > 0 ? played / seconds : 0;
  const left = total - done;
  const parts = [`${done}/${total} episodes`];
  if (played > 0) parts.push(rate >= 0.1 ? `${rate.toFixed(1)}/s` : `${(rate * 60).toFixed(1)}/min`);
  if (left > 0) parts.push(played > 0 ? `${duration(left / rate)} left` : `${progress.running} running`);
  else parts.push(duration(seconds));
  if (progress.meanReward !== null) parts.push(`reward ${progress.meanReward.toFixed(3)} (n=${progress.scored})`);
  parts.push(`${quantity(progress.promptTokens)} + ${quantity(progress.completionTokens)} tokens`);
  if (usd === null) parts.push('$ unknown');
  else
    parts.push(
      played > 0 && left > 0 && usd > 0
        ? `$${money(usd)} of ~$${money((usd / played) * (total - before))}`
        : `$${money(usd)}`,
    );
  if (progress.void > 0) parts.push(`${progress.void} void`);
  const errors = Object.entries(progress.errors).sort(([a], [b]) => (a < b ? -1 : 1));
  if (errors.length > 0) parts.push(`errors: ${errors.map(([name, count]) => `${name} ${count}`).join(', ')}`);
  return parts.join(' · ');
}

export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Where there is a terminal, one line that is redrawn twice a second; elsewhere a plain line every ten seconds. */
export class ProgressPrinter {
  readonly #output: ProgressOutput;
  readonly #everyMs: number;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(output: ProgressOutput, options: { readonly everyMs?: number; readonly now?: () => number } = {}) {
    this.#output = output;
    this.#everyMs = options.everyMs ?? (output.isTTY ? 500 : 10_000);
    this.#now = options.now ?? (() => performance.now());
  }

  update(progress: Progress): void {
    const now = this.#now();
    if (now - this.#last < this.#everyMs) return;
    this.#last = now;
    this.#draw(progress);
  }

  /** The last line, whatever the time; a terminal's line is kept. */
  end(progress: Progress): void {
    this.#draw(progress);
    if (this.#output.isTTY) this.#output.write('\n');
    this.#drawn = false;
  }

  /** A line of text above the one that is redrawn. */
  note(text: string): void {
    this.#output.write(`${this.#drawn ? '\r\u001b[K' : ''}${text}\n`);
    this.#drawn = false;
  }

  #draw(progress: Progress): void {
    const line = progressLine(progress);
    if (!this.#output.isTTY) {
      this.#output.write(`${line}\n`);
      return;
    }
    this.#output.write(`\r\u001b[K${line.slice(0, Math.max(20, (this.#output.columns ?? 120) - 1))}`);
    this.#drawn = true;
  }
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

export function quantity(count: number): string {
  if (count < 10_000) return String(count);
  if (count < 1e6) return `${(count / 1e3).toFixed(0)}K`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(2)}G`;
}

export function money(usd: number): string {
  return usd === 0 || usd >= 0.1 ? usd.toFixed(2) : usd.toFixed(4);
}
