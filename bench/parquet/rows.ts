import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../../export/columns/schema.ts';
import { pieceChars, poolTokens, rowChars, rowTokens } from './pool.ts';

/**
 * Rows of the `rl` format as an export makes them: plain objects, lists of numbers as plain arrays. Row k has texts
 * and tokens of its own; `bench/python/parquet_dicts.py` makes the same ones.
 */
export function rowMaker(dir: string): (k: number) => Row {
  const texts = JSON.parse(readFileSync(join(dir, 'texts.json'), 'utf8')) as string[];
  const ids = Array.from(new Int32Array(bytesOf(join(dir, 'ids.i32'))));
  const logprobs = Array.from(new Float32Array(bytesOf(join(dir, 'logprobs.f32'))));
  const mask = Array.from(new Uint8Array(bytesOf(join(dir, 'mask.u8'))));
  return (k) => {
    const wrap = Math.floor(k / texts.length);
    const start = (wrap * 737) % (pieceChars - rowChars);
    const token = (k * 2603) % (poolTokens - rowTokens);
    const reward = (k % 11) / 10;
    const group = Math.floor(k / 8);
    return {
      episode_id: `bench/0/task-${group}/${k % 8}`,
      round: 0,
      group_id: `bench/0/task-${group}`,
      group_size: 8,
      group_scored: 8,
      rollout_index: k % 8,
      task_id: `task-${group}`,
      family: group % 2 === 0 ? 'niah' : 'oolong',
      call_id: '0',
      parent_call_id: null,
      kind: 'root',
      depth: 0,
      segment: 0,
      row_in_episode: 0,
      rows_in_episode: 1,
      is_last_step: true,
      input_ids: ids.slice(token, token + rowTokens),
      loss_mask: mask.slice(token, token + rowTokens),
      prompt_length: 200,
      logprobs: logprobs.slice(token, token + rowTokens),
      logprobs_mode: 'raw',
      temperature: 1,
      token_source: 'sampled',
      turn_start: [200, 1200, 2100],
      turn_end: [900, 1900, rowTokens],
      turn_finish_reason: ['stop', 'stop', 'stop'],
      turn_reward: [0, 0, reward],
      turn_return: [reward, reward, reward],
      gamma: 1,
      reward,
      reward_correctness: reward,
      adv_mean: reward - 0.5,
      adv_rloo: reward - 0.5,
      group_mean: 0.5,
      group_uniform: false,
      episode_trainable_tokens: 1900,
      row_trainable_tokens: 1900,
      subsample_weight: 1,
      loss_weight: 1,
      stop_reason: 'answered',
      terminated: true,
      truncated: false,
      trainable: true,
      source: 'policy',
      model: 'model',
      dialect: 'javascript',
      messages: texts[k % texts.length]!.slice(start, start + rowChars),
    };
  };
}

function bytesOf(path: string): ArrayBuffer {
  const file = readFileSync(path);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
}
