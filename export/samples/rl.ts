import type { CallRecord, Episode, TurnRecord } from '../../env/episode.ts';
import { estimateTokens } from '../../env/tokens.ts';
import type { Row } from '../columns/schema.ts';
import { chatMessage, common, completionOf, promptOf, segmentsOf, type Segment } from './conversation.ts';
import type { Format, SampleContext } from './format.ts';
import { componentColumn, rlColumns } from './rl-columns.ts';
import { segmentTokens } from './rl-tokens.ts';

/** A told fault of a sub-call (`onSubcallFault: 'tell'`) makes an episode unfit for reinforcement learning. */
export function rlRefusal(episode: Episode): string | null {
  if (episode.reward === null) return 'unscored';
  if (Number(episode.metrics['subcall_faults'] ?? 0) > 0) return 'subcall_fault';
  return null;
}

/**
 * Reinforcement-learning rows: one segment of one call. Children come before their parents and the root's last segment
 * last, as trainers expect that hand the last row's advantage to the rows before it. Judge calls make no rows. An
 * episode that {@link rlRefusal} names makes none at all.
 *
 * Sub-calls inherit the episode's reward, as in NovaSky-AI/SkyRL examples/train/rlm.
 *
 * `loss_weight = subsample_weight × n × row_trainable_tokens / episode_trainable_tokens`, n being the episode's rows
 * that own loss: with a loss that is the mean over a row's tokens, every sampled token of an episode weighs the same,
 * and the mean weight is 1. Rows that own loss are the trainable ones; where an episode has none (scripted
 * demonstrations), all of them. Other rows have 0.
 */
export const rl: Format = {
  columns: rlColumns,
  refuses: rlRefusal,
  rows(episode, context) {
    if (rlRefusal(episode) !== null) return [];
    const rows = childrenFirst(episode.calls).flatMap((call) =>
      segmentsOf(call).map((segment) => ({ call, segment, tokens: sampledTokens(segment) })),
    );
    const anyTrainable = rows.some((row) => row.call.trainable);
    const owns = (row: (typeof rows)[number]): boolean => row.call.trainable || !anyTrainable;
    const owners = rows.filter(owns).length;
    const total = rows.reduce((sum, row) => sum + (owns(row) ? row.tokens : 0), 0);
    return rows.map((row, at) => {
      const own = owns(row) ? row.tokens : 0;
      return {
        ...identityOf(episode, row.call, context),
        segment: row.segment.index,
        row_in_episode: at,
        rows_in_episode: rows.length,
        is_last_step: at === rows.length - 1,
        ...tokenColumns(row.segment),
        ...turnColumns(episode, row.call, row.segment, context.gamma),
        ...rewardColumns(episode, context),
        episode_trainable_tokens: total,
        row_trainable_tokens: own,
        subsample_weight: 1,
        loss_weight: total === 0 ? (owns(row) ? 1 : 0) : (owners * own) / total,
        ...stateColumns(episode, row.call, row.segment),
      };
    });
  },
};

/** Post-order: each call after the calls it opened, those in the order they were opened. */
function childrenFirst(calls: readonly CallRecord[]): CallRecord[] {
  const children = Map.groupBy(
    calls.filter((call) => call.kind !== 'judge'),
    (call) => call.parent,
  );
  const visit = (call: CallRecord): CallRecord[] => [...(children.get(call.id) ?? []).flatMap(visit), call];
  return (children.get(null) ?? []).flatMap(visit);
}

function identityOf(episode: Episode, call: CallRecord, { group }: SampleContext): Row {
  return {
    episode_id: episode.id,
    round: episode.round,
    group_id: group.group_id,
    group_size: group.group_size,
    group_scored: group.group_scored,
    rollout_index: episode.index,
    task_id: episode.taskId,
    family: episode.family,
    call_id: call.id,
    parent_call_id: call.parent,
    kind: call.kind,
    depth: call.depth,
  };
}

function tokenColumns(segment: Segment): Row {
  const { turns } = segment;
  const experts = turns.map((turn) => turn.sampling.routedExperts ?? null);
  return {
    ...segmentTokens(segment),
    logprobs_mode: common(turns, (turn) => turn.sampling.logprobsMode),
    temperature: common(turns, (turn) => turn.sampling.temperature),
    top_p: common(turns, (turn) => turn.sampling.topP),
    top_k: common(turns, (turn) => turn.sampling.topK),
    min_p: common(turns, (turn) => turn.sampling.minP),
    routed_experts: experts.some((entry) => entry !== null) ? JSON.stringify(experts) : null,
  };
}

function turnColumns(episode: Episode, call: CallRecord, segment: Segment, gamma: number): Row {
  const { turns } = segment;
  const left = turns.map((_, at) => call.turns.length - 1 - (segment.firstTurn + at));
  const reward = episode.reward ?? 0;
  return {
    turn_finish_reason: turns.map((turn) => turn.sampling.finishReason ?? null),
    turn_reward: left.map((turnsLeft) => (turnsLeft === 0 ? reward : 0)),
    turn_return: left.map((turnsLeft) => gamma ** turnsLeft * reward),
    gamma,
    turn_policy_start: turns.map((turn) => turn.sampling.policyStart ?? null),
    turn_policy_end: turns.map((turn) => turn.sampling.policyEnd ?? null),
  };
}

function rewardColumns(episode: Episode, { group }: SampleContext): Row {
  const components = Object.entries(episode.components).map(([name, { value }]) => [componentColumn(name), value]);
  return {
    reward: episode.reward,
    ...Object.fromEntries(components),
    adv_mean: group.adv_mean,
    adv_grpo_std_pop: group.adv_grpo_std_pop,
    adv_grpo_std_sample: group.adv_grpo_std_sample,
    adv_rloo: group.adv_rloo,
    group_mean: group.group_mean,
    group_uniform: group.group_uniform,
  };
}

function stateColumns(episode: Episode, call: CallRecord, segment: Segment): Row {
  const { turns } = segment;
  const messages = [...promptOf(segment, turns.length - 1), completionOf(turns.at(-1)!)];
  return {
    stop_reason: episode.stop.reason,
    terminated: episode.terminated,
    truncated: episode.truncated,
    trainable: call.trainable,
    source: common(turns, (turn) => turn.sampling.source ?? 'policy'),
    model: common(turns, (turn) => turn.sampling.model),
    tokenizer_hash: common(turns, (turn) => turn.sampling.tokenizerHash),
    chat_template_hash: common(turns, (turn) => turn.sampling.chatTemplateHash),
    dialect: call.dialect,
    messages: JSON.stringify(messages.map(chatMessage)),
    tools: null,
  };
}

/** Sampled tokens: counted where the ids are known, else as usage says, else estimated by length. */
function sampledTokens(segment: Segment): number {
  const of = ({ sampling, content }: TurnRecord): number =>
    sampling.ids?.length ?? sampling.usage?.completionTokens ?? estimateTokens(content);
  return segment.turns.reduce((sum, turn) => sum + of(turn), 0);
}
