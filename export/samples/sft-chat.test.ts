import { expect, test } from 'vitest';
import type { CallRecord, Episode, Message } from '../../env/episode.ts';
import { advantages } from '../../reward/advantages.ts';
import { BatchBuilder } from '../columns/batch.ts';
import type { Row } from '../columns/schema.ts';
import { groupFacts } from '../groups.ts';
import { testCall, testTurn } from '../test-run.ts';
import { sftChat } from './sft-chat.ts';

const group = groupFacts({ id: 'r/0/t', size: 1, group: advantages([1]), member: 0 });
const user = (content: string): Message => ({ role: 'user', content });

function rowsOf(calls: CallRecord[]): Row[] {
  const episode = {
    id: 'r/0/t/0',
    taskId: 't',
    family: 'niah',
    reward: 1,
    stop: { reason: 'answered', class: 'answer' },
    metrics: { policy_strategy: 'grep' },
    calls,
  } as unknown as Episode;
  const rows = sftChat.rows(episode, { group, gamma: 1 });
  const batch = new BatchBuilder(sftChat.columns([]));
  for (const row of rows) batch.append(row);
  return rows;
}

const root = (trainable = true) =>
  testCall('0', [testTurn('look', [{ role: 'system', content: 's' }, user('q')]), testTurn('FINAL', [user('out')])], {
    trainable,
  });

test('the whole conversation is one row, and only what the model said is flagged', () => {
  const [row, ...more] = rowsOf([root()]);
  expect(more).toEqual([]);
  expect(row).toMatchObject({
    messages: [
      { role: 'system', content: 's' },
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'look' },
      { role: 'user', content: 'out' },
      { role: 'assistant', content: 'FINAL' },
    ],
    train: [0, 0, 1, 0, 1],
    reasoning: [null, null, null, null, null],
    tools: null,
    train_messages: 2,
    turns: 2,
    call_id: '0',
    kind: 'root',
    strategy: 'grep',
    reward: 1,
  });
});

test('trainable sub-calls are rows, frozen ones and judges are not; a frozen root shows what it said unflagged', () => {
  const child = (id: string, trainable: boolean) => testCall(id, [testTurn('part', [user('read')])], { trainable });
  const judge = testCall('judge.1', [testTurn('yes', [user('right?')])], {
    kind: 'judge',
    trainable: false,
    parent: null,
  });
  const rows = rowsOf([root(false), child('0.1', true), child('0.2', false), judge]);
  expect(rows.map((row) => [row['call_id'], row['train'], row['train_messages']])).toEqual([
    ['0', [0, 0, 0, 0, 0], 0],
    ['0.1', [0, 1], 1],
  ]);
});

test('where nothing is trainable (demonstrations), all that models said is flagged', () => {
  const rows = rowsOf([root(false), testCall('0.1', [testTurn('part', [user('read')])], { trainable: false })]);
  expect(rows.map((row) => row['train'])).toEqual([
    [0, 0, 1, 0, 1],
    [0, 1],
  ]);
});

test('each segment is a row with its own prompt; thinking and tool calls stand beside their message', () => {
  const toolCalls = [{ id: 'c', name: 'execute', arguments: '{}' }];
  const turns = [
    testTurn('a', [user('one')], { reasoning: 'hm' }),
    testTurn('b', [user('summary')], { segment: 1, toolCalls }),
    testTurn('c', [{ role: 'tool', content: 'out', toolCallId: 'c' }], { segment: 1 }),
  ];
  const rows = rowsOf([testCall('0', turns)]);
  expect(rows.map((row) => [row['segment'], row['train']])).toEqual([
    [0, [0, 1]],
    [1, [0, 1, 0, 1]],
  ]);
  expect(rows[0]!['reasoning']).toEqual([null, 'hm']);
  expect(JSON.parse((rows[1]!['tool_calls'] as string[])[1]!)).toMatchObject([{ id: 'c', type: 'function' }]);
});
