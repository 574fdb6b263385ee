import type { CallRecord, Message, TurnRecord } from '../../env/episode.ts';
import { listOf, type Column } from '../columns/schema.ts';
import { chatMessage, common, completionOf, segmentsOf, type Segment } from './conversation.ts';
import type { Format } from './format.ts';

const columns: Column[] = [
  {
    name: 'messages',
    type: listOf({
      struct: [
        { name: 'role', type: 'utf8' },
        { name: 'content', type: 'utf8' },
      ],
    }),
    describe: 'The whole conversation: what the model was shown and what it said',
  },
  { name: 'train', type: listOf('uint8'), describe: 'One a message: 1 on what is to be learnt, 0 on what was shown' },
  { name: 'reasoning', type: listOf('utf8'), describe: 'Thinking text, one a message; null where there is none' },
  {
    name: 'tool_calls',
    type: listOf('utf8'),
    describe: 'Tool calls, one a message, JSON in the OpenAI shape; null where there are none',
  },
  { name: 'tools', type: 'utf8', describe: 'The tools the model was shown, JSON; null where the dialect has none' },
  { name: 'train_messages', type: 'int32', describe: 'How many messages of the row are to be learnt' },
  { name: 'episode_id', type: 'utf8', describe: '`run/round/task/index`' },
  { name: 'group_id', type: 'utf8', describe: 'Episodes of one run, round and task share it' },
  { name: 'task_id', type: 'utf8', describe: 'Split by this, never by row' },
  { name: 'family', type: 'utf8', dictionary: true, describe: 'Generator or loader of the task' },
  { name: 'strategy', type: 'utf8', dictionary: true, describe: 'What the policy called its own plan' },
  { name: 'call_id', type: 'utf8', describe: '`0` is the root; the n-th sub-call of call X is `X.n`' },
  { name: 'parent_call_id', type: 'utf8', describe: 'null for the root' },
  { name: 'kind', type: 'utf8', dictionary: true, describe: '`root`, `rlm` or `llm`' },
  { name: 'depth', type: 'int32', describe: '0 for the root' },
  { name: 'segment', type: 'int32', describe: 'Stretch of the call in which every prompt extends the last one' },
  { name: 'turns', type: 'int32', describe: 'Texts of the model in this row' },
  { name: 'reward', type: 'float64', describe: 'Of the episode' },
  { name: 'stop_reason', type: 'utf8', dictionary: true, describe: '`answered`, or how the episode failed' },
  { name: 'source', type: 'utf8', dictionary: true, describe: '`policy`, `frozen`, `scripted` or `rationalized`' },
  { name: 'model', type: 'utf8', dictionary: true, describe: 'As the endpoint named it' },
  { name: 'dialect', type: 'utf8', dictionary: true, describe: 'How the model was told to act and finish' },
];

/**
 * Whole conversations, one row a segment of a call, with a flag a message that says what is to be learnt: the texts of
 * trainable calls (of all calls where the episode has no trainable one, as in scripted demonstrations). The root comes
 * first; of the sub-calls only those with something to learn are rows; judges never are.
 *
 * TRL does not read `train`: a dataset with `messages` is trained on in full unless its chat template marks what the
 * assistant said; see docs/cli/export.md.
 */
export const sftChat: Format = {
  columns: () => columns,
  rows(episode, { group }) {
    const calls = episode.calls.filter((call) => call.kind !== 'judge');
    const anyTrainable = calls.some((call) => call.trainable);
    return calls.flatMap((call) => {
      const learns = call.trainable || !anyTrainable;
      if (call.parent !== null && !learns) return [];
      return segmentsOf(call).map((segment) => ({
        ...conversationOf(segment, learns),
        tools: null,
        train_messages: learns ? segment.turns.length : 0,
        episode_id: episode.id,
        group_id: group.group_id,
        task_id: episode.taskId,
        family: episode.family,
        strategy: episode.metrics['policy_strategy'] === undefined ? null : String(episode.metrics['policy_strategy']),
        ...placeOf(call),
        segment: segment.index,
        turns: segment.turns.length,
        reward: episode.reward,
        stop_reason: episode.stop.reason,
        source: common(segment.turns, (turn: TurnRecord) => turn.sampling.source ?? 'policy'),
        model: common(segment.turns, (turn: TurnRecord) => turn.sampling.model),
        dialect: call.dialect,
      }));
    });
  },
};

function conversationOf(segment: Segment, learns: boolean) {
  const said = segment.turns.flatMap((turn) => [
    ...turn.messages.map((message) => ({ message, train: 0 })),
    { message: completionOf(turn), train: learns ? 1 : 0 },
  ]);
  const toolCalls = (message: Message): string | null => {
    const calls = chatMessage(message)['tool_calls'];
    return calls === undefined ? null : JSON.stringify(calls);
  };
  return {
    messages: said.map(({ message: { role, content } }) => ({ role, content })),
    train: said.map(({ train }) => train),
    reasoning: said.map(({ message }) => message.reasoning ?? null),
    tool_calls: said.map(({ message }) => toolCalls(message)),
  };
}

const placeOf = (call: CallRecord) => ({
  call_id: call.id,
  parent_call_id: call.parent,
  kind: call.kind,
  depth: call.depth,
});
