import type { RunConfig } from '../configs/schema.ts';
import type { Prices } from '../env/budget.ts';
import type { RunStore } from './store.ts';

/** What a run will ask of its endpoints. */
export interface Estimate {
  readonly tasks: number;
  readonly episodes: number;
  /** Episodes that are not in the store yet; the figures below are for these. */
  readonly left: number;
  readonly contextTokens: number;
  readonly texts: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** null where a price is missing. */
  readonly usd: number | null;
  /** Where the figures come from: `measured` on the episodes of this run, or `assumed`. */
  readonly basis: 'measured' | 'assumed';
  /** The same in words, for people. */
  readonly because: string;
}

/** What an untrained model is assumed to do, where nothing was measured: a few turns, the context read once in pieces. */
const assumed = { turns: 5, firstPrompt: 1_200, perTurn: 900, completion: 350, piece: 25_000, answer: 300 };

export interface EstimateInput {
  readonly config: RunConfig;
  /** Tokens of each task's context. */
  readonly contextTokens: Iterable<number>;
  readonly prices?: Prices;
  /** A run whose episodes show what one takes. */
  readonly store?: RunStore;
}

/** Tasks, texts, tokens and dollars of a run before it is played (`--dry-run`). No endpoint is asked. */
export function estimateRollout({ config, contextTokens, prices = {}, store }: EstimateInput): Estimate {
  const { group, rounds } = config.rollout;
  const sizes = [...contextTokens];
  const episodes = sizes.length * group * rounds;
  const left = episodes - (store?.finished().size ?? 0);
  const share = episodes === 0 ? 0 : left / episodes;
  const base = { tasks: sizes.length, episodes, left, contextTokens: sizes.reduce((sum, size) => sum + size, 0) };
  const measured = store ? measure(store) : null;
  if (measured) {
    const { n, texts, promptTokens, completionTokens, usd } = measured;
    const times = (figure: number) => Math.round(figure * left);
    return {
      ...base,
      texts: times(texts),
      promptTokens: times(promptTokens),
      completionTokens: times(completionTokens),
      usd: usd === null ? null : usd * left,
      basis: 'measured',
      because: `means of ${n} episodes of this run`,
    };
  }
  const total = { texts: 0, promptTokens: 0, completionTokens: 0, usd: 0 as number | null };
  const add = (kind: 'root' | 'llm', texts: number, prompt: number, completion: number): void => {
    const weight = group * rounds * share;
    total.texts += texts * weight;
    total.promptTokens += prompt * weight;
    total.completionTokens += completion * weight;
    const price = prices[kind];
    const usd = price ? ((prompt * price.prompt + completion * price.completion) / 1e6) * weight : null;
    total.usd = total.usd === null || usd === null ? null : total.usd + usd;
  };
  const { budget } = config.environment;
  for (const size of sizes) {
    const turns = Math.min(assumed.turns, budget.maxTurns);
    add(
      'root',
      turns,
      turns * assumed.firstPrompt + (assumed.perTurn * turns * (turns - 1)) / 2,
      turns * assumed.completion,
    );
    const calls =
      budget.depth === 0 ? 0 : Math.min(Math.ceil(size / assumed.piece), budget.subcalls ?? Number.POSITIVE_INFINITY);
    if (calls > 0) add('llm', calls, Math.min(size, calls * assumed.piece), calls * assumed.answer);
  }
  return {
    ...base,
    texts: Math.round(total.texts),
    promptTokens: Math.round(total.promptTokens),
    completionTokens: Math.round(total.completionTokens),
    usd: total.usd,
    basis: 'assumed',
    because: `assumed: ${assumed.turns} root turns and the context read once in pieces of ${assumed.piece.toLocaleString('en-US')} tokens; a run of one task and group 1 measures it`,
  };
}

function measure(
  store: RunStore,
): (Record<'n' | 'texts' | 'promptTokens' | 'completionTokens', number> & { usd: number | null }) | null {
  const row = store.database
    .prepare(
      `SELECT count(*) AS n, avg(texts) AS texts, avg(prompt_tokens) AS promptTokens, avg(completion_tokens) AS completionTokens,
         CASE WHEN count(usd) = count(*) THEN avg(usd) END AS usd FROM episodes WHERE void = 0`,
    )
    .get();
  if (!row || Number(row.n) === 0) return null;
  return {
    n: Number(row.n),
    texts: Number(row.texts),
    promptTokens: Number(row.promptTokens),
    completionTokens: Number(row.completionTokens),
    usd: row.usd === null ? null : Number(row.usd),
  };
}
