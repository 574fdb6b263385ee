import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskSchema } from '../datasets/task.ts';
import type { CallRecord, Episode, Message, Sampling, TurnRecord } from '../env/episode.ts';
import { RunStore } from '../rollout/store.ts';
import { testConfig, testEpisode } from '../rollout/test-support.ts';

/** A turn of a test episode: what was new, what was said. */
export function testTurn(content: string, messages: Message[], patch: Partial<TurnRecord> = {}): TurnRecord {
  const sampling: Sampling = {
    source: 'policy',
    model: 'm',
    finishReason: 'stop',
    usage: { promptTokens: 10, completionTokens: 4, usd: null, estimated: true },
  };
  return { segment: 0, messages, content, sampling, cells: [], flags: [], ...patch };
}

export function testCall(id: string, turns: TurnRecord[], patch: Partial<CallRecord> = {}): CallRecord {
  const dot = id.lastIndexOf('.');
  return {
    id,
    parent: dot === -1 ? null : id.slice(0, dot),
    slot: dot === -1 ? 0 : Number(id.slice(dot + 1)),
    openedBy: dot === -1 ? null : { turn: 0, cell: 0 },
    batch: null,
    kind: dot === -1 ? 'root' : 'llm',
    depth: id.split('.').length - 1,
    dialect: dot === -1 ? 'javascript' : null,
    context: null,
    segments: [{ turn: 0, reason: 'start' }],
    turns,
    status: 'answered',
    answer: 'a',
    failure: null,
    trainable: true,
    ...patch,
  };
}

/** An episode of two root turns and, if asked for, sub-calls. */
export function testCalls(said: string, subcalls: number): CallRecord[] {
  const system: Message = { role: 'system', content: 'You have a REPL.' };
  const root = testCall('0', [
    testTurn(`\`\`\`js\n// ${said}\n\`\`\``, [system, { role: 'user', content: 'What is the number?' }]),
    testTurn('FINAL("42")', [{ role: 'user', content: `output of ${said}` }]),
  ]);
  const children = Array.from({ length: subcalls }, (_, at) =>
    testCall(`0.${at + 1}`, [testTurn(`part ${at}`, [{ role: 'user', content: `read part ${at} of ${said}` }])]),
  );
  return [root, ...children];
}

export interface TestRunOptions {
  readonly tasks?: number;
  readonly group?: number;
  readonly dir?: string;
  readonly config?: object;
  /** What is special of episode `index` of task number `task`. */
  readonly episode?: (task: number, index: number) => Partial<Episode>;
}

/**
 * A run in a temporary directory: two families, rewards by index, one void and one unscored episode in each third task.
 */
export async function testRun(options: TestRunOptions = {}): Promise<RunStore> {
  const { tasks = 6, group = 4 } = options;
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'rlm-gym-run-'));
  const store = RunStore.create({
    dir,
    config: testConfig({ rollout: { group }, ...options.config }),
    info: {
      texts: [
        {
          role: 'haystack',
          hash: 'ab'.repeat(32),
          files: 3,
          chars: 900,
          packages: [{ name: 'zod', version: '4.6.7', license: 'MIT' }],
          note: 'sources',
        },
      ],
    },
  });
  store.addTasks(
    Array.from({ length: tasks }, (_, at) =>
      taskSchema.parse({
        id: `task-${at}`,
        family: at % 2 === 0 ? 'niah' : 'oolong',
        query: 'What is the number?',
        context: `text ${at} `.repeat(100),
        answer: '42',
        split: at === tasks - 1 ? 'test' : 'train',
      }),
    ),
  );
  for (const task of store.tasks()) {
    for (let index = 0; index < group; index += 1) {
      const said = `task ${task.order} episode ${index} <b>&amp;</b>`;
      const reward = index % 2 === 0 ? 1 : index / 10;
      const calls = testCalls(said, index);
      const patch: Partial<Episode> = {
        reward,
        components: { correctness: { value: reward === 1 ? 1 : 0, weight: 1 } },
        calls,
        metrics: { policy_strategy: index % 2 === 0 ? 'grep' : 'guess' },
        cost: {
          promptTokens: 100 * (index + 1),
          completionTokens: 10,
          usd: 0.001 * (index + 1),
          texts: calls.length + 1,
          rootTurns: 2,
          subcalls: index,
          cells: 2,
        },
        ...special(task.order, index),
        ...options.episode?.(task.order, index),
      };
      await store.putEpisode(testEpisode({ run: store.runId, task, index, patch }));
    }
  }
  return store;
}

function special(task: number, index: number): Partial<Episode> {
  if (task % 3 !== 0) return {};
  const unscored = { reward: null, components: {}, terminated: false };
  if (index === 1) return { ...unscored, final: null, stop: { reason: 'worker_lost', class: 'infra' } };
  if (index === 3) return { ...unscored, components: { correctness: { value: null, weight: 1, why: 'no rule' } } };
  return {};
}
