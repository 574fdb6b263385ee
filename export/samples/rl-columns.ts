import { listOf, type Column } from '../columns/schema.ts';

/** Name of a rubric component's column. */
export function componentColumn(component: string): string {
  return `reward_${component.replace(/[^A-Za-z0-9_]+/g, '_')}`;
}

/** Columns of the `rl` format. The names are fixed: a later version adds, and renames none. */
export function rlColumns(components: readonly string[]): Column[] {
  return [...identity, ...tokens, ...turns, ...reward(components), ...weight, ...state];
}

const word = { type: 'utf8', dictionary: true } as const;

const identity: Column[] = [
  { name: 'episode_id', type: 'utf8', describe: '`run/round/task/index`' },
  { name: 'round', type: 'int32', describe: 'Which pass over the task' },
  { name: 'group_id', type: 'utf8', describe: 'Episodes of one run, round and task share it' },
  { name: 'group_size', type: 'int32', describe: 'Episodes asked for in the group' },
  { name: 'group_scored', type: 'int32', describe: 'Episodes of the group with a reward; advantages are over these' },
  { name: 'rollout_index', type: 'int32', describe: "Which of the group's episodes" },
  { name: 'task_id', type: 'utf8', describe: 'Split by this, never by row' },
  { name: 'family', ...word, describe: 'Generator or loader of the task' },
  { name: 'call_id', type: 'utf8', describe: '`0` is the root; the n-th sub-call of call X is `X.n`' },
  { name: 'parent_call_id', type: 'utf8', describe: 'null for the root' },
  { name: 'kind', ...word, describe: '`root`, `rlm` or `llm`' },
  { name: 'depth', type: 'int32', describe: '0 for the root' },
  { name: 'segment', type: 'int32', describe: 'Stretch of the call in which every prompt extends the last one' },
  { name: 'row_in_episode', type: 'int32', describe: 'From 0; children first, root last' },
  { name: 'rows_in_episode', type: 'int32' },
  { name: 'is_last_step', type: 'bool', describe: "The episode's last row: the root's last segment" },
];

const tokens: Column[] = [
  { name: 'input_ids', type: listOf('int32'), describe: 'Last prompt and text of the segment; null where unknown' },
  { name: 'loss_mask', type: listOf('uint8'), describe: '1 on sampled tokens, end-of-turn token included' },
  { name: 'prompt_length', type: 'int32', describe: 'Tokens before the first sampled one' },
  { name: 'logprobs', type: listOf('float32'), describe: 'Natural log, one a token; 0.0 where the mask is 0' },
  { name: 'logprobs_mode', ...word, describe: '`raw` (before temperature and truncation) or `processed`' },
  { name: 'temperature', type: 'float64' },
  { name: 'top_p', type: 'float64' },
  { name: 'top_k', type: 'int32' },
  { name: 'min_p', type: 'float64' },
  {
    name: 'kept_tokens',
    type: listOf(listOf('int32')),
    describe: 'Ids the sampling mask allowed, one list a sampled token, in order',
  },
  { name: 'routed_experts', type: 'utf8', describe: 'JSON, one entry a turn, as the server gave them' },
  { name: 'token_source', ...word, describe: '`sampled`: ids as the model saw them; `rerendered`: not known' },
];

const turns: Column[] = [
  { name: 'turn_start', type: listOf('int32'), describe: "Each turn's first sampled token in `input_ids`" },
  { name: 'turn_end', type: listOf('int32'), describe: 'One past its last' },
  { name: 'turn_finish_reason', type: listOf('utf8') },
  { name: 'turn_reward', type: listOf('float64'), describe: "The episode's reward on the call's last turn, else 0" },
  { name: 'turn_return', type: listOf('float64'), describe: 'gamma^(turns of the call left) × reward' },
  { name: 'gamma', type: 'float64' },
  { name: 'turn_policy_start', type: listOf('utf8'), describe: 'Version of the weights when the text was begun' },
  { name: 'turn_policy_end', type: listOf('utf8'), describe: '… and when it was finished' },
];

function reward(components: readonly string[]): Column[] {
  return [
    { name: 'reward', type: 'float64', describe: 'Of the episode; null is not scored, which is not 0' },
    ...components.map<Column>((component) => ({
      name: componentColumn(component),
      type: 'float64',
      describe: `Rubric component \`${component}\`, before its weight`,
    })),
    { name: 'adv_mean', type: 'float64', describe: 'reward − group mean (Dr. GRPO)' },
    { name: 'adv_grpo_std_pop', type: 'float64', describe: '… over the population standard deviation' },
    { name: 'adv_grpo_std_sample', type: 'float64', describe: '… over the sample standard deviation' },
    { name: 'adv_rloo', type: 'float64', describe: 'reward − mean of the others' },
    { name: 'group_mean', type: 'float64' },
    { name: 'group_uniform', type: 'bool', describe: 'All scored members have one reward: nothing to learn from' },
  ];
}

const weight: Column[] = [
  { name: 'episode_trainable_tokens', type: 'int64', describe: 'Sum of `row_trainable_tokens` over the episode' },
  { name: 'row_trainable_tokens', type: 'int64', describe: 'Sampled tokens; from usage where ids are unknown' },
  { name: 'subsample_weight', type: 'float64', describe: '1 unless rows of the episode were left out' },
  { name: 'loss_weight', type: 'float64', describe: 'Mean 1 over the rows of an episode that own loss; see above' },
];

const state: Column[] = [
  { name: 'stop_reason', ...word, describe: '`answered`, or the failure the episode ended with' },
  { name: 'terminated', type: 'bool', describe: 'Ended by an answer' },
  { name: 'truncated', type: 'bool', describe: 'Ended by a budget, turn or time limit' },
  { name: 'trainable', type: 'bool', describe: 'false for frozen and scripted texts' },
  { name: 'source', ...word, describe: '`policy`, `rationalized`, `scripted` or `frozen`' },
  { name: 'model', ...word, describe: 'As the endpoint named it' },
  { name: 'tokenizer_hash', ...word },
  { name: 'chat_template_hash', ...word },
  { name: 'dialect', ...word, describe: 'null for a call without a REPL' },
  { name: 'messages', type: 'utf8', describe: 'JSON, OpenAI chat shape: the segment whole, texts included' },
  { name: 'tools', type: 'utf8', describe: 'JSON; null where the dialect has none' },
];
