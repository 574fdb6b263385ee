import type { Message } from '../../env/episode.ts';
import { listOf, type Column } from '../columns/schema.ts';
import { chatMessage, completionOf, promptOf, segmentsOf } from './conversation.ts';
import type { Format } from './format.ts';

const chat = listOf({
  struct: [
    { name: 'role', type: 'utf8' },
    { name: 'content', type: 'utf8' },
  ],
});

const columns: Column[] = [
  { name: 'prompt', type: chat, describe: 'Everything the root had been shown and had said before this turn' },
  { name: 'completion', type: chat, describe: 'What the root said in this turn: one assistant message' },
  { name: 'episode_id', type: 'utf8', describe: '`run/round/task/index`' },
  { name: 'group_id', type: 'utf8', describe: 'Episodes of one run, round and task share it' },
  { name: 'task_id', type: 'utf8', describe: 'Split by this, never by row' },
  { name: 'family', type: 'utf8', dictionary: true, describe: 'Generator or loader of the task' },
  {
    name: 'strategy',
    type: 'utf8',
    dictionary: true,
    describe: 'What the policy called its own plan, where it said so',
  },
  { name: 'turn', type: 'int32', describe: 'Number of the turn in the root call, from 0' },
  { name: 'turns', type: 'int32', describe: 'Turns of the root call' },
  { name: 'segment', type: 'int32', describe: 'Segment of the call; a new one carries a rewritten prompt' },
  { name: 'is_last_turn', type: 'bool', describe: 'The turn after which the episode ended' },
  { name: 'reward', type: 'float64', describe: 'Of the episode' },
  {
    name: 'stop_reason',
    type: 'utf8',
    dictionary: true,
    describe: '`answered`, or the failure the episode ended with',
  },
  { name: 'flags', type: listOf('utf8'), describe: 'What the environment noticed in the turn (`no_code`, …)' },
  { name: 'finish_reason', type: 'utf8', dictionary: true, describe: "The endpoint's own word, where it gave one" },
  { name: 'reasoning', type: 'utf8', describe: 'Thinking text of this turn, kept apart from `completion`' },
  { name: 'tool_calls', type: 'utf8', describe: 'Tool calls of this turn, JSON in the OpenAI shape' },
  { name: 'completion_tokens', type: 'int32', describe: "From the endpoint's usage; else estimated by length" },
  { name: 'source', type: 'utf8', dictionary: true, describe: '`policy`, `frozen`, `scripted` or `rationalized`' },
  { name: 'model', type: 'utf8', dictionary: true, describe: 'As the endpoint named it' },
  { name: 'dialect', type: 'utf8', dictionary: true, describe: 'How the model was told to act and finish' },
];

/**
 * The form of arXiv 2512.24601 (appendix A): one row per root turn, history → this turn. TRL's `SFTTrainer` takes
 * `prompt` and `completion` as they are and trains on the completion alone. Sub-calls are not included.
 */
export const sftTurns: Format = {
  columns: () => columns,
  rows(episode, { group }) {
    const root = episode.calls[0];
    if (!root) return [];
    return segmentsOf(root).flatMap((segment) =>
      segment.turns.map((turn, at) => {
        const number = segment.firstTurn + at;
        const message = chatMessage(completionOf(turn));
        return {
          prompt: promptOf(segment, at).map(plain),
          completion: [{ role: 'assistant', content: turn.content }],
          episode_id: episode.id,
          group_id: group.group_id,
          task_id: episode.taskId,
          family: episode.family,
          strategy: textOrNull(episode.metrics['policy_strategy']),
          turn: number,
          turns: root.turns.length,
          segment: segment.index,
          is_last_turn: number === root.turns.length - 1,
          reward: episode.reward,
          stop_reason: episode.stop.reason,
          flags: turn.flags,
          finish_reason: turn.sampling.finishReason ?? null,
          reasoning: turn.reasoning ?? null,
          tool_calls: message['tool_calls'] ? JSON.stringify(message['tool_calls']) : null,
          completion_tokens: turn.sampling.usage?.completionTokens ?? null,
          source: turn.sampling.source ?? 'policy',
          model: turn.sampling.model ?? null,
          dialect: root.dialect,
        };
      }),
    );
  },
};

function plain(message: Message): { role: string; content: string } {
  return { role: message.role, content: message.content };
}

function textOrNull(value: number | string | undefined): string | null {
  return value === undefined ? null : String(value);
}
