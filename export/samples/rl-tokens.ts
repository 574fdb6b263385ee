import type { Segment } from './conversation.ts';

/** Token columns of a segment; all null where the ids of any of its turns are unknown. */
export interface SegmentTokens {
  readonly input_ids: number[] | null;
  readonly loss_mask: Uint8Array | null;
  readonly prompt_length: number | null;
  readonly logprobs: Float32Array | null;
  readonly turn_start: number[] | null;
  readonly turn_end: number[] | null;
  readonly kept_tokens: number[][] | null;
  readonly token_source: 'sampled' | 'rerendered';
}

const unknown: SegmentTokens = {
  input_ids: null,
  loss_mask: null,
  prompt_length: null,
  logprobs: null,
  turn_start: null,
  turn_end: null,
  kept_tokens: null,
  token_source: 'rerendered',
};

/**
 * The tokens of a segment as the model saw them: the last turn's prompt and text, which hold every earlier one, with
 * the sampled spans marked. Where a prompt does not extend the last one (a template rewrote history and the engine did
 * not begin a segment), no span could be owned for sure, and the tokens count as unknown.
 */
export function segmentTokens(segment: Segment): SegmentTokens {
  const starts: number[] = [];
  const ends: number[] = [];
  let before: readonly number[] = [];
  for (const { sampling } of segment.turns) {
    const { promptIds, ids } = sampling;
    if (!promptIds || !ids || !extendsIds(promptIds, before)) return unknown;
    starts.push(promptIds.length);
    before = [...promptIds, ...ids];
    ends.push(before.length);
  }
  const mask = new Uint8Array(before.length);
  starts.forEach((start, turn) => mask.fill(1, start, ends[turn]));
  return {
    input_ids: before as number[],
    loss_mask: mask,
    prompt_length: starts[0]!,
    logprobs: logprobsOf(segment, starts, before.length),
    turn_start: starts,
    turn_end: ends,
    kept_tokens: keptTokensOf(segment),
    token_source: 'sampled',
  };
}

function extendsIds(prompt: readonly number[], before: readonly number[]): boolean {
  if (prompt.length < before.length) return false;
  return before.every((id, at) => prompt[at] === id);
}

function logprobsOf(segment: Segment, starts: readonly number[], length: number): Float32Array | null {
  const logprobs = new Float32Array(length);
  for (const [turn, { sampling }] of segment.turns.entries()) {
    if (sampling.logprobs?.length !== sampling.ids!.length) return null;
    logprobs.set(sampling.logprobs, starts[turn]);
  }
  return logprobs;
}

function keptTokensOf(segment: Segment): number[][] | null {
  const kept: number[][] = [];
  for (const { sampling } of segment.turns) {
    if (sampling.keptTokens?.length !== sampling.ids!.length) return null;
    kept.push(...sampling.keptTokens);
  }
  return kept;
}
