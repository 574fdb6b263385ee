import { z } from 'zod';
import { readPrompt } from '../read-prompt.ts';
import type { Policy, PolicyReply, PolicyRequest } from '../policy.ts';
import { labelStrategies } from './labels.ts';
import type { LabelView } from './labels.ts';
import { needleStrategies } from './needles.ts';
import type { NeedleView } from './needles.ts';
import { playOther } from './other.ts';
import { programStrategies } from './programs.ts';
import type { ProgramView } from './programs.ts';
import { recordStrategies } from './records.ts';
import type { RecordView } from './records.ts';
import { finish, readView } from './view.ts';
import type { View } from './view.ts';

/**
 * The strategies and how often each is drawn, by default. `grep`: search by words; `peek`: read a corner; `map`: cut into pieces and
 * ask sub-calls; `verify`: find, then check with sub-calls; `sample`: ask about a part and scale; `guess`: answer unread; `plan`:
 * give a plan as the answer; `recover`: code that throws, then a second try; `flood`: one sub-call a line until refused.
 */
export const strategyWeights = {
  grep: 3,
  peek: 1,
  map: 3,
  verify: 2,
  sample: 1,
  guess: 1,
  plan: 1,
  recover: 2,
  flood: 1,
} as const;
export type Strategy = keyof typeof strategyWeights;

const weight = z.number().nonnegative();

export const scriptedOptionsSchema = z.strictObject({
  weights: z
    .strictObject({
      grep: weight.default(strategyWeights.grep),
      peek: weight.default(strategyWeights.peek),
      map: weight.default(strategyWeights.map),
      verify: weight.default(strategyWeights.verify),
      sample: weight.default(strategyWeights.sample),
      guess: weight.default(strategyWeights.guess),
      plan: weight.default(strategyWeights.plan),
      recover: weight.default(strategyWeights.recover),
      flood: weight.default(strategyWeights.flood),
    })
    .refine((weights) => Object.values(weights).some((value) => value > 0), { message: 'at least one must be above 0' })
    .prefault({})
    .describe('How often each strategy is drawn, relative to the others; 0 leaves it out'),
  trainable: z
    .boolean()
    .default(true)
    .describe('May its texts be trained on? (They are marked as scripted either way.)'),
});
export type ScriptedOptions = z.output<typeof scriptedOptionsSchema>;

/**
 * Plays with a strategy drawn once a call. It is a pure function of (draw, messages): it keeps no state, and sees the
 * query, the facts about the context and what its own code printed, as a model does. It writes for the `javascript` dialect.
 */
export function createScriptedPolicy(options: ScriptedOptions): Policy {
  return {
    name: 'scripted',
    price: { prompt: 0, completion: 0 },
    async complete(request: PolicyRequest): Promise<PolicyReply> {
      const sampling = {
        model: 'scripted',
        source: 'scripted' as const,
        trainable: options.trainable,
        finishReason: 'stop',
      };
      if (request.call.kind === 'llm' || request.call.kind === 'judge') {
        // A weak sub-model: it can read needles off its prompt and knows no labels.
        const prompt = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
        return { message: { content: readPrompt(prompt, new Map(), { errorRate: 0, seed: 0 }) }, sampling };
      }
      const view = readView(request);
      const strategy = drawStrategy(options.weights, view.draw('strategy'));
      return { message: { content: play(view, strategy) }, sampling, notes: { strategy } };
    },
  };
}

export function drawStrategy(weights: Readonly<Record<Strategy, number>>, draw: number): Strategy {
  const names = Object.keys(strategyWeights) as Strategy[];
  const total = names.reduce((sum, name) => sum + weights[name], 0);
  let left = draw * total;
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return names.findLast((name) => weights[name] > 0)!;
}

/** More turns than any strategy plans: something it did not foresee. */
const patience = 8;

function play(view: View, strategy: Strategy): string {
  if (view.lastTurn && view.turn > 0 && view.question.kind === 'other') return finish('I do not know.');
  if (view.turn >= patience) return finish('I could not find it.');
  switch (view.question.kind) {
    case 'needles':
      return needleStrategies[strategy]!(view as NeedleView);
    case 'labels':
      return labelStrategies[strategy]!(view as LabelView);
    case 'records':
      return recordStrategies[strategy]!(view as RecordView);
    case 'program':
      return programStrategies[strategy]!(view as ProgramView);
    default:
      return playOther(view, strategy);
  }
}
