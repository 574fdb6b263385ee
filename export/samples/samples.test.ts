import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallRecord, Episode, Message, TurnRecord } from '../../env/episode.ts';
import { testCall, testCalls, testTurn } from '../test-run.ts';
import { advantages } from '../../reward/advantages.ts';
import { formats } from '../formats.ts';
import { groupFacts } from '../groups.ts';
import type { Row } from '../columns/schema.ts';
import { BatchBuilder } from '../columns/batch.ts';

const group = groupFacts({ id: 'r/0/t', size: 4, group: advantages([0, null, 0.5, 1]), member: 2 });
const context = { group, gamma: 0.5 };
const user = (content: string): Message => ({ role: 'user', content });

function episode(calls: CallRecord[], patch: Partial<Episode> = {}): Episode {
  return {
    schema: 1,
    id: 'r/0/t/2',
    run: 'r',
    round: 0,
    taskId: 't',
    family: 'niah',
    index: 2,
    seed: 1,
    query: 'q',
    dialect: 'javascript',
    context: { hash: 'h', type: 'string', chars: 1, tokens: 1, lines: 1, documents: null },
    events: [],
    calls,
    final: null,
    stop: { reason: 'answered', class: 'answer' },
    terminated: true,
    truncated: false,
    reward: 0.5,
    components: { correctness: { value: 0.5, weight: 1 }, format: { value: null, weight: 0.1 } },
    metrics: { policy_strategy: 'grep' },
    cost: { promptTokens: 1, completionTokens: 1, usd: null, texts: 1, rootTurns: 1, subcalls: 0, cells: 0 },
    timing: {},
    ...patch,
  };
}

function rowsOf(name: string, one: Episode): Row[] {
  const format = formats.get(name).make;
  const rows = format.rows(one, context);
  // Each row fits its columns, and names no other.
  const batch = new BatchBuilder(format.columns(['correctness', 'format']));
  for (const row of rows) batch.append(row);
  return rows;
}

describe('sft-turns', () => {
  test('one row per root turn: history, then this turn; sub-calls are not in it', () => {
    const rows = rowsOf('sft-turns', episode(testCalls('x', 2)));
    expect(rows).toHaveLength(2);
    const [first, second] = rows as [Row, Row];
    const opening = [
      { role: 'system', content: 'You have a REPL.' },
      { role: 'user', content: 'What is the number?' },
    ];
    expect(first).toMatchObject({
      prompt: opening,
      completion: [{ role: 'assistant', content: '```js\n// x\n```' }],
      turn: 0,
      turns: 2,
      is_last_turn: false,
      reward: 0.5,
      strategy: 'grep',
    });
    expect(second).toMatchObject({
      prompt: [
        ...opening,
        { role: 'assistant', content: '```js\n// x\n```' },
        { role: 'user', content: 'output of x' },
      ],
      completion: [{ role: 'assistant', content: 'FINAL("42")' }],
      turn: 1,
      is_last_turn: true,
    });
  });

  test('a new segment begins a new history', () => {
    const root = testCall('0', [
      testTurn('a', [user('one')]),
      testTurn('b', [user('summary')], { segment: 1 }),
      testTurn('c', [user('three')], { segment: 1 }),
    ]);
    const prompts = rowsOf('sft-turns', episode([root])).map((row) =>
      (row['prompt'] as Message[]).map((message) => message.content),
    );
    expect(prompts).toEqual([['one'], ['summary'], ['summary', 'b', 'three']]);
  });

  test('thinking and tool calls are columns of their own', () => {
    const toolCalls = [{ id: 'c1', name: 'execute', arguments: '{"code":"1"}' }];
    const [row] = rowsOf(
      'sft-turns',
      episode([testCall('0', [testTurn('', [user('q')], { reasoning: 'hm', toolCalls })])]),
    );
    expect(row).toMatchObject({ reasoning: 'hm', completion: [{ role: 'assistant', content: '' }] });
    expect(JSON.parse(String(row!['tool_calls']))).toEqual([
      { id: 'c1', type: 'function', function: { name: 'execute', arguments: '{"code":"1"}' } },
    ]);
  });
});

describe('rl', () => {
  test('children first, root last; judge calls and calls without a text make no rows', () => {
    const one = testCall('0.1', [testTurn('sub', [user('s')])], { kind: 'rlm', dialect: 'javascript' });
    const grandchild = testCall('0.1.1', [testTurn('leaf', [user('l')])]);
    const silent = testCall('0.2', [], { status: 'cancelled' });
    const judge = testCall('0.3', [testTurn('yes', [user('is it 42?')])], { kind: 'judge', trainable: false });
    const root = testCall('0', [testTurn('a', [user('q')]), testTurn('b', [user('p')], { segment: 1 })]);
    const rows = rowsOf('rl', episode([root, one, silent, judge, grandchild]));
    expect(rows.map((row) => [row['call_id'], row['segment'], row['row_in_episode'], row['is_last_step']])).toEqual([
      ['0.1.1', 0, 0, false],
      ['0.1', 0, 1, false],
      ['0', 0, 2, false],
      ['0', 1, 3, true],
    ]);
    expect(rows.map((row) => [row['kind'], row['depth'], row['parent_call_id'], row['rows_in_episode']])).toEqual([
      ['llm', 2, '0.1', 4],
      ['rlm', 1, '0', 4],
      ['root', 0, null, 4],
      ['root', 0, null, 4],
    ]);
  });

  test('rewards, returns and advantages; null components stay null', () => {
    const root = testCall('0', [
      testTurn('a', [user('q')]),
      testTurn('b', [user('o')]),
      testTurn('c', [user('p')], { segment: 1 }),
    ]);
    const rows = rowsOf('rl', episode([root]));
    expect(rows[0]).toMatchObject({ turn_reward: [0, 0], turn_return: [0.125, 0.25], gamma: 0.5 });
    expect(rows[1]).toMatchObject({ turn_reward: [0.5], turn_return: [0.5], reward: 0.5 });
    expect(rows[0]).toMatchObject({ reward_correctness: 0.5, reward_format: null, adv_mean: 0, adv_rloo: 0 });
    expect(rows[0]).toMatchObject({
      group_id: 'r/0/t',
      group_size: 4,
      group_scored: 3,
      rollout_index: 2,
      group_mean: 0.5,
    });
  });

  test('unscored episodes and told faults make no rows', () => {
    expect(rowsOf('rl', episode(testCalls('x', 1), { reward: null }))).toEqual([]);
    expect(rowsOf('rl', episode(testCalls('x', 1), { metrics: { subcall_faults: 1 } }))).toEqual([]);
  });

  test('tokens are null and marked rerendered where a turn has no ids or a prompt does not extend the last', () => {
    const known = { promptIds: [1, 2], ids: [3, 4], logprobs: [-1, -2] };
    const cases: TurnRecord['sampling'][][] = [
      [known, {}],
      [known, { promptIds: [1, 2, 3, 9, 5], ids: [6], logprobs: [-1] }],
      [known, { promptIds: [1, 2, 3], ids: [6], logprobs: [-1] }],
    ];
    for (const samplings of cases) {
      const turns = samplings.map((sampling) => testTurn('a', [user('q')], { sampling }));
      const [row] = rowsOf('rl', episode([testCall('0', turns)]));
      expect(row).toMatchObject({
        input_ids: null,
        loss_mask: null,
        logprobs: null,
        turn_start: null,
        token_source: 'rerendered',
      });
    }
    const [row] = rowsOf(
      'rl',
      episode([testCall('0', [testTurn('a', [user('q')], { sampling: { ...known, logprobs: undefined } })])]),
    );
    expect(row).toMatchObject({ input_ids: [1, 2, 3, 4], logprobs: null, token_source: 'sampled' });
  });

  test('messages hold the segment whole, in the OpenAI shape', () => {
    const [row] = rowsOf('rl', episode([testCall('0', [testTurn('a', [user('q')], { reasoning: 'hm' })])]));
    expect(JSON.parse(String(row!['messages']))).toEqual([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a', reasoning_content: 'hm' },
    ]);
  });
});

/** A random call tree with tokens: every turn's prompt extends the last one of its segment. */
const tree = fc
  .array(
    fc.record({
      parent: fc.nat(),
      trainable: fc.boolean(),
      turns: fc.array(
        fc.record({
          newSegment: fc.boolean(),
          added: fc.integer({ min: 1, max: 4 }),
          ids: fc.array(fc.nat(999), { minLength: 1, maxLength: 5 }),
        }),
        { maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((drawn) => {
    const ids: string[] = [];
    const opened = new Map<string, number>();
    return drawn.map(({ parent, trainable, turns }, at) => {
      let id = '0';
      if (at > 0) {
        const above = ids[parent % ids.length]!;
        opened.set(above, (opened.get(above) ?? 0) + 1);
        id = `${above}.${opened.get(above)}`;
      }
      ids.push(id);
      let segment = 0;
      let before: number[] = [];
      const records = turns.map((turn, number) => {
        if (turn.newSegment && number > 0) {
          segment += 1;
          before = [];
        }
        const promptIds = [...before, ...Array.from({ length: turn.added }, (_, n) => 1000 + n)];
        before = [...promptIds, ...turn.ids];
        const logprobs = turn.ids.map((token) => -token / 8);
        return testTurn('t', [user('m')], { segment, sampling: { promptIds, ids: turn.ids, logprobs } });
      });
      return testCall(id, records, { trainable });
    });
  });

test('every sampled token is owned once: spans of a call, in order, are its sampled tokens', () => {
  fc.assert(
    fc.property(tree, (calls) => {
      const rows = rowsOf('rl', episode(calls));
      for (const call of calls) {
        const own = rows.filter((row) => row['call_id'] === call.id);
        const owned: number[] = [];
        const logprobs: number[] = [];
        const bySpans: number[] = [];
        for (const row of own) {
          const ids = row['input_ids'] as number[];
          const mask = row['loss_mask'] as Uint8Array;
          const known = row['logprobs'] as Float32Array;
          expect([mask.length, known.length]).toEqual([ids.length, ids.length]);
          expect(row['prompt_length']).toBe(mask.indexOf(1));
          mask.forEach((bit, at) => {
            if (bit === 1) owned.push(ids[at]!);
            if (bit === 1) logprobs.push(known[at]!);
            else expect(known[at]).toBe(0);
          });
          const ends = row['turn_end'] as number[];
          (row['turn_start'] as number[]).forEach((start, at) => bySpans.push(...ids.slice(start, ends[at])));
        }
        const sampled = call.turns.flatMap((turn) => turn.sampling.ids!);
        expect(owned).toEqual(sampled);
        expect(bySpans).toEqual(sampled);
        expect(logprobs).toEqual(sampled.map((token) => -token / 8));
      }
    }),
    { numRuns: 200, seed: 5 },
  );
});

test('loss weights: mean 1 over the rows that own loss, 0 elsewhere, and each token of an episode weighs the same', () => {
  fc.assert(
    fc.property(tree, (calls) => {
      const rows = rowsOf('rl', episode(calls)) as Record<string, number | boolean>[];
      const trainable = rows.filter((row) => row['trainable'] === true);
      const owners = trainable.length > 0 ? trainable : rows;
      for (const row of rows)
        if (!owners.includes(row)) expect(row).toMatchObject({ loss_weight: 0, row_trainable_tokens: 0 });
      if (owners.length === 0) return;
      const sum = owners.reduce((total, row) => total + Number(row['loss_weight']), 0);
      expect(sum / owners.length).toBeCloseTo(1, 12);
      const perToken = owners.map((row) => Number(row['loss_weight']) / Number(row['row_trainable_tokens']));
      for (const one of perToken) expect(one).toBeCloseTo(perToken[0]!, 12);
      const tokens = owners.reduce((total, row) => total + Number(row['row_trainable_tokens']), 0);
      for (const row of rows) expect(row['episode_trainable_tokens']).toBe(tokens);
    }),
    { numRuns: 200, seed: 6 },
  );
});

test('advantages are over the scored members of the group, dropped ones included', () => {
  expect(groupFacts({ id: 'g', size: 4, group: advantages([0, null, 0.5, 1]), member: 3 })).toMatchObject({
    group_size: 4,
    group_scored: 3,
    group_mean: 0.5,
    group_uniform: false,
    adv_mean: 0.5,
    adv_rloo: 0.75,
  });
  expect(() => groupFacts({ id: 'g', size: 4, group: advantages([1]), member: -1 })).toThrow(/no member/);
});
