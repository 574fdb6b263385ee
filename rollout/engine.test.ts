import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Environment, RewardFunction } from '../env/environment.ts';
import { episodeSchema } from '../env/episode.ts';
import type { Episode } from '../env/episode.ts';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';
import { code, testTask } from '../env/test-support.ts';
import { rollout } from './engine.ts';
import type { RolloutOptions, RolloutSummary } from './engine.ts';
import { functionPolicy } from './policies/function-policy.ts';
import { createOpenAiPolicy } from './policies/openai.ts';
import { openAiOptionsSchema } from './policies/openai-options.ts';
import type { PolicySet } from './policies/policies.ts';
import { PolicyConfigError, PolicyError } from './policies/policy.ts';
import type { Policy, PolicyRequest } from './policies/policy.ts';
import { fails, garbage, half, nothing, says, silence, startEndpoint } from './policies/test-endpoint.ts';
import type { Answer, SeenRequest } from './policies/test-endpoint.ts';
import { progressLine } from './progress.ts';
import { RunStore } from './store.ts';
import { testConfig } from './test-support.ts';

const canary = 'sk-canary-fedcba9876543210';
let backend: ReturnType<typeof createJavaScriptBackend>;
let dir: string;
let store: RunStore;
beforeAll(() => {
  backend = createJavaScriptBackend({ workers: 1 });
});
afterAll(() => backend.close());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rlm-gym-engine-'));
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

const reward: RewardFunction = ({ task, answer }) => {
  const value = answer === task.answer ? 1 : 0;
  return { reward: value, components: { correctness: { value, weight: 1 } } };
};

const all = (policy: Policy): PolicySet => ({ root: policy, rlm: policy, llm: policy });
const answers = functionPolicy(() => 'FINAL(42)');

/** A run of `tasks` × `group` episodes over the real environment. */
async function play(
  policies: PolicySet,
  options: {
    config?: object;
    tasks?: number;
    group?: number;
    createEnvironment?: () => Environment;
    rollout?: Partial<RolloutOptions>;
  } = {},
): Promise<RolloutSummary> {
  const { tasks = 2, group = 2, config = {} } = options;
  const { rollout: settings, ...rest } = config as { rollout?: object };
  const full = testConfig({ ...rest, rollout: { group, attempts: 2, concurrency: 4, ...settings } });
  store = RunStore.create({ dir, config: full });
  store.addTasks(Array.from({ length: tasks }, (_, at) => testTask({ id: `t${at}`, context: `needle ${at}: 42\n` })));
  const createEnvironment =
    options.createEnvironment ??
    (() => createRlmEnvironment({ backend, contexts: store.contexts, reward, config: full.environment }));
  return rollout({ store, policies, createEnvironment, backoffMs: 1, ...options.rollout });
}

const episodes = (): Episode[] => [...store.episodes()];

async function withEndpoint<Value>(
  answer: (request: SeenRequest, n: number) => Answer,
  work: (policy: Policy) => Promise<Value>,
  options: object = {},
): Promise<Value> {
  const endpoint = await startEndpoint(answer);
  const parsed = openAiOptionsSchema.parse({
    baseURL: endpoint.baseURL,
    model: 'm',
    maxRetries: 1,
    backoffSeconds: 0.01,
    timeoutSeconds: 0.4,
    ...options,
  });
  const policy = createOpenAiPolicy(parsed, { env: { OPENAI_API_KEY: canary } });
  try {
    return await work(policy);
  } finally {
    await policy.close?.();
    await endpoint.close();
  }
}

describe('a rollout', () => {
  test('plays tasks × group × rounds, each once, in records that fit the schema', async () => {
    const summary = await play(all(answers), { config: { rollout: { rounds: 2 } } });
    expect(summary).toMatchObject({
      ended: 'finished',
      total: 8,
      done: 8,
      void: 0,
      scored: 8,
      meanReward: 1,
      errors: {},
    });
    const ids = episodes().map((episode) => episodeSchema.parse(episode).id);
    const { runId } = store;
    expect(ids.slice(0, 4)).toEqual([`${runId}/0/t0/0`, `${runId}/0/t0/1`, `${runId}/1/t0/0`, `${runId}/1/t0/1`]);
    expect(new Set(ids).size).toBe(8);
    expect(new Set(episodes().map((episode) => episode.seed)).size).toBe(8);
    expect(episodes()[0]?.timing).toMatchObject({
      attempt: 1,
      wallMs: expect.any(Number),
      modelMs: expect.any(Number),
    });
  });

  test('gives each call its own conversation, draw and policy, and estimates tokens where none are told', async () => {
    const seen: PolicyRequest[] = [];
    const root = functionPolicy((request) => {
      seen.push(request);
      return request.call.turn === 0
        ? code('const found = await llm_query_batched(["a", "b"]);', 'print(found.join("+"));')
        : `FINAL(${/^(x.*)$/m.exec(request.messages.at(-1)!.content)?.[1]})`;
    });
    const llm = functionPolicy((request) => {
      seen.push(request);
      return `x${request.messages[0]!.content}`;
    });
    await play({ root, rlm: root, llm }, { tasks: 1, group: 1 });
    expect(episodes()[0]?.final?.answer).toBe('xa+xb');
    expect(seen.map(({ call }) => `${call.kind} ${call.id} ${call.turn}`)).toEqual([
      'root 0 0',
      'llm 0.1 0',
      'llm 0.2 0',
      'root 0 1',
    ]);
    expect(seen.map(({ messages }) => messages.map(({ role }) => role[0]).join(''))).toEqual(['su', 'u', 'u', 'suau']);
    expect(new Set(seen.map(({ draw }) => draw)).size).toBe(3);
    const turn = episodes()[0]?.calls[0]?.turns[0];
    expect(turn?.sampling.usage).toMatchObject({ estimated: true, usd: 0 });
    expect(turn?.sampling.usage?.promptTokens).toBeGreaterThan(100);
  });

  test('adds numbers in notes up and keeps texts', async () => {
    const root = functionPolicy(({ call }) => ({
      message: { content: call.turn < 2 ? code('print(1)') : 'FINAL(42)' },
      sampling: {},
      notes: { strategy: `s${call.turn}`, token_forks: 1 },
    }));
    await play(all(root), { tasks: 1, group: 1 });
    expect(episodes()[0]?.metrics).toMatchObject({ policy_strategy: 's2', policy_token_forks: 3 });
  });

  test('aborts the requests of calls that the code no longer waits for', async () => {
    const aborted: string[] = [];
    const root = functionPolicy(({ call }) => {
      if (call.turn === 0) return code('await Promise.race([llm_query("slow"), llm_query("quick")]);', 'print(1);');
      // While the episode still goes on: its end aborts whatever is left anyway.
      expect(aborted).toEqual(['slow']);
      return 'FINAL(42)';
    });
    const llm = functionPolicy(
      ({ messages, signal }) =>
        new Promise<string>((resolve) => {
          if (messages[0]!.content === 'quick') return resolve('ok');
          signal.addEventListener('abort', () => aborted.push('slow'));
        }),
    );
    const summary = await play({ root, rlm: root, llm }, { tasks: 1, group: 1 });
    expect(summary.meanReward).toBe(1);
    expect(episodes()[0]?.calls.map(({ status }) => status)).toEqual(['answered', 'cancelled', 'answered']);
  });

  test('goes on where it was, and plays nothing twice', async () => {
    const drain = new AbortController();
    let asked = 0;
    const counted = functionPolicy(() => {
      asked += 1;
      if (asked === 3) drain.abort();
      return 'FINAL(42)';
    });
    const first = await play(all(counted), {
      tasks: 5,
      config: { rollout: { concurrency: 1 } },
      rollout: { drain: drain.signal },
    });
    expect(first).toMatchObject({ ended: 'drained', done: 3, total: 10 });
    store.close();
    const second = await play(all(counted), { tasks: 5, config: { rollout: { concurrency: 4 } } });
    expect(second).toMatchObject({ ended: 'finished', before: 3, done: 10, scored: 7 });
    expect(asked).toBe(10);
  });

  test('stopped at once leaves no record of what was under way', async () => {
    const stop = new AbortController();
    const hangs = functionPolicy(({ call }) => {
      if (call.turn === 0) return code('print(1)');
      setTimeout(() => stop.abort(), 20);
      return new Promise<string>(() => undefined);
    });
    const summary = await play(all(hangs), { rollout: { signal: stop.signal } });
    expect(summary).toMatchObject({ ended: 'aborted', done: 0, void: 0 });
    expect(store.attempts()).toEqual([]);
  });

  test('ends an episode whose wall time is over as truncated, scored by what it has', async () => {
    const hangs = functionPolicy(() => new Promise<string>(() => undefined));
    await play(all(hangs), { tasks: 1, group: 1, config: { environment: { budget: { wallSeconds: 0.1 } } } });
    expect(episodes()[0]).toMatchObject({
      stop: { reason: 'budget_wall', class: 'policy' },
      truncated: true,
      reward: 0,
    });
  });

  test('refuses a second engine on the same run, and a run without tasks', async () => {
    await play(all(answers));
    const release = store.lockWriter();
    const other = RunStore.open(dir);
    await expect(
      rollout({ store: other, policies: all(answers), createEnvironment: () => ({}) as Environment }),
    ).rejects.toMatchObject({
      problem: 'locked',
    });
    other.close();
    release();
    rmSync(dir, { recursive: true });
    await expect(play(all(answers), { tasks: 0 })).rejects.toMatchObject({ problem: 'missing' });
  });
});

describe('an endpoint that fails', () => {
  test.each<[string, Answer, string]>([
    ['429', fails(429), 'rate_limited'],
    ['500', fails(500), 'upstream_5xx'],
    ['garbage', garbage, 'upstream_5xx'],
    ['nothing', nothing, 'network'],
    ['half an answer', half, 'network'],
    ['silence', silence, 'upstream_timeout'],
  ])('with %s voids the episode in its class; nothing gets reward 0', async (_, answer, failure) => {
    const summary = await withEndpoint(
      () => answer,
      (policy) => play(all(policy), { tasks: 1 }),
    );
    expect(summary).toMatchObject({ ended: 'finished', void: 2, voidInStore: 2, scored: 0, meanReward: null });
    for (const episode of episodes()) {
      expect(episodeSchema.parse(episode)).toMatchObject({ reward: null, terminated: false, truncated: false });
      expect(episode.stop).toMatchObject({ class: 'infra', reason: failure });
      expect(store.attempts(episode.id).map((failed) => [failed.attempt, failed.failure])).toEqual([
        [1, failure],
        [2, failure],
      ]);
    }
  });

  test('in every way now and then ends with every episode scored by its answer', async () => {
    const bad = [fails(429, 'slow', { 'retry-after': '0.05' }), fails(500), garbage, nothing, half];
    const summary = await withEndpoint(
      (_, n) => (n % 3 === 0 ? bad[(n / 3) % bad.length]! : says('FINAL(42)')),
      (policy) => play(all(policy), { tasks: 5, group: 4, config: { rollout: { attempts: 6 } } }),
      { maxRetries: 2 },
    );
    expect(summary).toMatchObject({ ended: 'finished', done: 20, void: 0, scored: 20, meanReward: 1 });
    expect(Object.keys(summary.errors).toSorted()).toEqual(expect.arrayContaining(['network', 'upstream_5xx']));
  });

  test('in a sub-call voids the episode, and tells the class', async () => {
    const root = functionPolicy(() => code('print(await llm_query("x"))'));
    await withEndpoint(
      () => fails(503),
      (llm) => play({ root, rlm: root, llm }, { tasks: 1, group: 1 }),
    );
    expect(episodes()[0]).toMatchObject({ reward: null, stop: { class: 'infra', reason: 'upstream_5xx' } });
  });

  test('with a prompt that is too long is the policy’s own failure, scored', async () => {
    await withEndpoint(
      () => fails(400, 'maximum context length is 8', {}, 'context_length_exceeded'),
      (policy) => play(all(policy), { tasks: 1, group: 1 }),
    );
    expect(episodes()[0]).toMatchObject({ reward: 0, stop: { class: 'policy', reason: 'context_overflow' } });
    expect(store.attempts()).toEqual([]);
  });

  test('with a refused key stops the run at once, keeps what is done, and shows the key nowhere', async () => {
    const shown: string[] = [];
    const error: unknown = await withEndpoint(
      (_, n) =>
        n < 5
          ? n === 1 || n === 2
            ? fails(500, `who is ${canary}?`)
            : says('FINAL(42)')
          : fails(401, `wrong key ${canary}`),
      (policy) =>
        play(all(policy), {
          tasks: 50,
          config: { rollout: { concurrency: 1 } },
          rollout: { onProgress: (progress) => shown.push(progressLine(progress)) },
        }).catch((caught: unknown) => caught),
    );
    expect(error).toBeInstanceOf(PolicyConfigError);
    expect((error as PolicyConfigError).next).toContain('OPENAI_API_KEY');
    expect(store.finished().size).toBe(3);
    expect([...store.episodes({ void: true })]).toEqual([]);
    store.close();
    const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(1);
    const stored = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('');
    const again = RunStore.open(dir, { readOnly: true });
    const attempts = again.attempts();
    expect(attempts[0]?.message).toContain('who is [key]?');
    const records = JSON.stringify([...again.episodes(), ...attempts, again.config]);
    again.close();
    for (const text of [stored, records, shown.join('\n'), inspect(error, { depth: 9, showHidden: true })]) {
      expect(text).not.toContain(canary);
    }
  });

  test('for every episode halts the run after so many in a row', async () => {
    const down = functionPolicy(() => {
      throw new PolicyError('network', 'connection refused');
    });
    const config = { rollout: { haltAfter: 3, attempts: 1, concurrency: 1 } };
    const summary = await play(all(down), { tasks: 20, config });
    expect(summary).toMatchObject({ ended: 'halted', void: 3, total: 40 });
    expect(summary.problem?.message).toContain('network: connection refused');
    expect(summary.problem?.next).toContain('--retry-void');
    store.close();
    const after = await play(all(answers), { tasks: 20, config, rollout: { retryVoid: true } });
    expect(after).toMatchObject({ ended: 'finished', done: 40, voidInStore: 0, meanReward: 1 });
  });
});

test('a run whose episodes kill their sandboxes is halted', async () => {
  const createEnvironment = (): Environment => {
    const inner = createRlmEnvironment({ backend, contexts: store.contexts, reward });
    return {
      reset: (options) => inner.reset(options),
      step: (input) => inner.step(input),
      close: () => inner.close(),
      episode: () => ({ ...inner.episode(), metrics: { sandbox_killed: 1 } }),
    };
  };
  const summary = await play(all(answers), { tasks: 40, createEnvironment, config: { rollout: { concurrency: 1 } } });
  expect(summary).toMatchObject({ ended: 'halted', done: 50 });
  expect(summary.problem?.message).toBe('50 of 50 episodes killed their sandbox');
});

describe('what breaks beside the endpoint', () => {
  test('a policy that throws is a bug of ours, never reward 0', async () => {
    const broken = functionPolicy(() => {
      throw new TypeError('x is not a function');
    });
    await play(all(broken), { tasks: 1, group: 1 });
    expect(episodes()[0]).toMatchObject({ reward: null, stop: { class: 'infra', reason: 'bug' } });
    expect(store.attempts()[0]?.message).toContain('x is not a function');
  });

  test('an environment that throws leaves a void record that fits the schema', async () => {
    const broken = {
      reset: () => Promise.reject(new Error('no reset')),
      step: () => Promise.reject(new Error('no step')),
      episode: () => {
        throw new Error('no episode');
      },
      close: () => Promise.reject(new Error('no close')),
    } as Environment;
    await play(all(answers), { tasks: 1, group: 1, createEnvironment: () => broken });
    expect(episodeSchema.parse(episodes()[0])).toMatchObject({ reward: null, stop: { reason: 'bug', class: 'infra' } });
  });

  test('a full disk ends the run; no episode is void for it', async () => {
    const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' });
    const environment = { reset: () => Promise.reject(full), close: () => Promise.resolve() } as unknown as Environment;
    await expect(play(all(answers), { createEnvironment: () => environment })).rejects.toMatchObject({
      problem: 'disk',
    });
    expect(episodes()).toEqual([]);
  });

  test('a worker that is killed costs its episodes one attempt each', async () => {
    const own = createJavaScriptBackend({ workers: 1 });
    let killed = false;
    const root = functionPolicy(({ call, messages }) => {
      if (call.turn === 0) return code('const value = context.trim().split(": ")[1];', 'print(value)');
      if (!killed) {
        killed = true;
        for (const pid of own.pids()) process.kill(pid, 'SIGKILL');
        return code('print(value)');
      }
      return `FINAL(${/^(\d+)$/m.exec(messages.at(-1)!.content)?.[1]})`;
    });
    const summary = await play(all(root), {
      tasks: 3,
      config: { rollout: { attempts: 3 } },
      createEnvironment: () => createRlmEnvironment({ backend: own, contexts: store.contexts, reward }),
    });
    await own.close();
    expect(summary).toMatchObject({ ended: 'finished', void: 0, scored: 6, meanReward: 1 });
    const failures = store.attempts().map(({ failure }) => failure);
    expect(failures.length).toBeGreaterThan(0);
    expect(new Set(failures)).toEqual(new Set(['worker_lost']));
  });
});
