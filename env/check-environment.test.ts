import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkEnvironment } from './check-environment.ts';
import type { Rule } from './check-environment.ts';
import { ContextStore } from './context.ts';
import type { Environment, Observation, StepResult, WaitingCall } from './environment.ts';
import { createJavaScriptBackend } from './repl/javascript/backend.ts';
import type { ReplBackend } from './repl/repl.ts';
import { createSupervisor } from './repl/supervisor.ts';
import { createRlmEnvironment } from './rlm-environment.ts';
import { code } from './test-support.ts';

let backend: ReplBackend;
let contexts: ContextStore;
beforeAll(() => {
  backend = createSupervisor(createJavaScriptBackend({ workers: 1 }));
  contexts = new ContextStore();
});
afterAll(async () => {
  await backend.close();
  contexts.close();
});

const good = (): Environment =>
  createRlmEnvironment({ backend, contexts, reward: () => ({ reward: 0.5, components: {} }) });

const play = (call: WaitingCall): string => {
  if (call.kind !== 'root') return `answer to ${call.id}`;
  return call.turn === 0
    ? code('const replies = await llm_query_batched(["one", "two"]);', 'print(replies.join())')
    : 'FINAL(a river)';
};

const check = (create: () => Environment) => checkEnvironment({ create, play });

test('the RLM environment breaks no rule', async () => {
  expect(await check(good)).toEqual([]);
});

/** A good environment with its steps and observations passed through a flaw. */
function flawed(flaw: {
  step?: (result: StepResult, env: Environment) => StepResult;
  observe?: (observation: Observation) => Observation;
  env?: (env: Environment) => Partial<Environment>;
}) {
  return (): Environment => {
    const env = good();
    const observe = flaw.observe ?? ((observation) => observation);
    const step = flaw.step ?? ((result) => result);
    const through = (result: StepResult) => step({ ...result, observation: observe(result.observation) }, env);
    return {
      async reset(options) {
        const { observation, info } = await env.reset(options);
        return { observation: observe(observation), info };
      },
      step: async (input) => through(await env.step(input)),
      episode: () => env.episode(),
      close: () => env.close(),
      ...flaw.env?.(env),
    };
  };
}

const told = (observation: Observation, text: string): Observation => ({
  ...observation,
  calls: observation.calls.map((call) =>
    call.new ? { ...call, messages: [...call.messages, { role: 'user' as const, content: text }] } : call,
  ),
});

let serial = 0;
const broken: [Rule, string, () => Environment][] = [
  [
    'step-before-reset',
    'accepts a step before reset',
    flawed({
      env: (env) => ({
        step: (input) =>
          env.step(input).catch(() => ({
            observation: { seq: 0, calls: [], cancelled: [] },
            reward: null,
            terminated: false,
            truncated: false,
            info: {},
          })),
      }),
    }),
  ],
  [
    'seed',
    'forgets its seed',
    flawed({ env: (env) => ({ reset: async (options) => ({ ...(await env.reset(options)), info: {} }) }) }),
  ],
  [
    'context-hidden',
    'shows the context',
    flawed({ observe: (observation) => told(observation, 'The context: … canary-deep-c04e …') }),
  ],
  [
    'host-only',
    'shows the task id',
    flawed({ observe: (observation) => told(observation, 'This is canary-id-b770.') }),
  ],
  ['sequence', 'skips a number', flawed({ observe: (observation) => ({ ...observation, seq: observation.seq * 2 }) })],
  [
    'new-once',
    'marks every call new',
    flawed({
      observe: (observation) => ({ ...observation, calls: observation.calls.map((call) => ({ ...call, new: true })) }),
    }),
  ],
  [
    'late-step',
    'throws for a late step',
    flawed({
      step: (result) => {
        if (result.info.late) throw new Error('too late');
        return result;
      },
    }),
  ],
  [
    'unknown-call',
    'throws for an unknown call',
    flawed({
      step: (result) => {
        if (result.info.unknownCall) throw new Error('who?');
        return result;
      },
    }),
  ],
  [
    'any-text',
    'throws for text that is no code',
    flawed({
      env: (env) => ({
        step: async (input) => {
          if (input.message === '') throw new SyntaxError('empty');
          return env.step(input);
        },
      }),
    }),
  ],
  ['reward-at-end', 'pays early', flawed({ step: (result) => ({ ...result, reward: result.reward ?? 0 }) })],
  [
    'end',
    'is both terminated and truncated',
    flawed({ step: (result) => (result.info.stop ? { ...result, terminated: true, truncated: true } : result) }),
  ],
  [
    'infra-unscored',
    'scores a void episode 0',
    flawed({ step: (result) => (result.info.stop?.class === 'infra' ? { ...result, reward: 0 } : result) }),
  ],
  ['record', 'loses its events', flawed({ env: (env) => ({ episode: () => ({ ...env.episode(), events: [] }) }) })],
  [
    'deterministic',
    'writes a serial number into the record',
    flawed({ env: (env) => ({ episode: () => ({ ...env.episode(), metrics: { serial: (serial += 1) } }) }) }),
  ],
  [
    'close',
    'cannot be closed twice',
    flawed({
      env: (env) => {
        let closed = false;
        return {
          close: async () => {
            if (closed) throw new Error('closed already');
            closed = true;
            await env.close();
          },
        };
      },
    }),
  ],
];

test.each(broken)('names %s: an environment that %s', async (rule, _how, create) => {
  expect((await check(create)).map((problem) => problem.rule)).toContain(rule);
});
