import { z } from 'zod';
import { Registry } from '../configs/registry.ts';
import type { Outcome } from '../env/environment.ts';
import type { Message } from '../env/episode.ts';
import { commandComponent, commandOptionsSchema } from './external/command.ts';
import { httpComponent, httpOptionsSchema } from './external/http.ts';
import { judgeComponent, judgeOptionsSchema } from './external/judge.ts';

/** One component's finding. `value` null: it could not be judged, which is not 0. */
export interface Finding {
  readonly value: number | null;
  readonly why?: string;
  readonly parsed?: string;
}

export interface ComponentInput extends Outcome {
  /** What the task's scorer found; 0 where there is no answer. Made once an episode. */
  readonly correctness: Finding;
  /** What the judge said to this component's question, where it has one. */
  readonly verdict?: string;
}

/** Judges one aspect of an ended episode. */
export interface RewardComponent {
  (input: ComponentInput): Finding | Promise<Finding>;
  /** What a judge must be asked first; null for nothing. A pure function of the outcome. */
  question?(outcome: Outcome): readonly Message[] | null;
  close?(): Promise<void>;
}

const none = z.strictObject({});
const costOptions = (full: number, unit: string) =>
  z.strictObject({ full: z.number().positive().default(full).describe(`${unit} at which the component is -1`) });

/** A cost falls on correct answers alone: on wrong ones it would teach to give up early. */
const costs = ['cost_tokens', 'cost_calls', 'cost_usd'] as const;
export const isCost = (name: string): boolean => (costs as readonly string[]).includes(name);

/** The reward components that ship; `rewardFunctions.add` registers one of your own, `make` gets its parsed options. */
export const rewardFunctions = new Registry<(options: never) => RewardComponent>('reward component')
  .add('correctness', {
    describe: "What the task's scorer says, in [0, 1]; 0 without an answer",
    options: none,
    make: () => (input) => input.correctness,
  })
  .add('format', {
    describe:
      'Share of root turns without a flagged slip, in [0, 1]; 0 unless the episode ended by an answer. Keep its weight small',
    options: none,
    make: () => format,
  })
  .add('cost_tokens', {
    describe: '-correctness × prompt and completion tokens / full, not below -correctness',
    options: costOptions(1_000_000, 'Tokens'),
    make: (options: { full: number }) => (input) =>
      cost(input, input.episode.cost.promptTokens + input.episode.cost.completionTokens, options.full),
  })
  .add('cost_calls', {
    describe: '-correctness × model texts (root turns and sub-calls) / full, not below -correctness',
    options: costOptions(200, 'Texts'),
    make: (options: { full: number }) => (input) => cost(input, input.episode.cost.texts, options.full),
  })
  .add('cost_usd', {
    describe: '-correctness × dollars / full, not below -correctness; null where a price is not known',
    options: costOptions(1, 'Dollars'),
    make: (options: { full: number }) => (input) => cost(input, input.episode.cost.usd, options.full),
  })
  .add('command', {
    describe: 'What a program of your own says, in [0, 1]: JSON lines on its stdin and stdout',
    options: commandOptionsSchema,
    make: commandComponent,
  })
  .add('http', {
    describe: 'What an HTTP endpoint of your own says, in [0, 1]',
    options: httpOptionsSchema,
    make: httpComponent,
  })
  .add('judge', {
    describe: 'What the `judge` policy says of the answer, in [0, 1]',
    options: judgeOptionsSchema,
    make: judgeComponent,
  });

function format({ episode }: ComponentInput): Finding {
  if (episode.stop.class !== 'answer') return { value: 0, why: `ended by ${episode.stop.reason}, not by an answer` };
  const turns = episode.calls.find((call) => call.kind === 'root')?.turns ?? [];
  const flags = turns.flatMap((turn) => turn.flags);
  const flagged = turns.filter((turn) => turn.flags.length > 0).length;
  if (flagged === 0) return { value: 1 };
  return { value: 1 - flagged / turns.length, why: `flagged: ${[...new Set(flags)].join(', ')}` };
}

function cost({ correctness }: ComponentInput, used: number | null, full: number): Finding {
  // Asked before correctness: an unknown price must not depend on whether the answer was right.
  if (used === null)
    return {
      value: null,
      why: 'no price is known for some text; set prices for the policy, or leave this component out',
    };
  if (correctness.value === null) return { value: null, why: 'correctness could not be judged' };
  const value = -correctness.value * Math.min(1, used / full);
  return { value: value === 0 ? 0 : value };
}
