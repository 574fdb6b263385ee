import { z } from 'zod';
import { Registry } from '../configs/registry.ts';
import type { Format } from './samples/format.ts';
import { rl } from './samples/rl.ts';
import { sftChat } from './samples/sft-chat.ts';
import { sftTurns } from './samples/sft-turns.ts';

/** The sample formats a config can name under `export.formats`. */
export const formats = new Registry<Format>('format')
  .add('sft-turns', {
    describe: 'one row per root turn: history → this turn (arXiv 2512.24601, appendix A); prompt-completion for TRL',
    options: z.strictObject({}),
    make: sftTurns,
  })
  .add('sft-chat', {
    describe:
      'whole conversations, one row per segment of a trainable call, with a flag a message: what is to be learnt',
    options: z.strictObject({}),
    make: sftChat,
  })
  .add('rl', {
    describe: 'one row per segment of a call, sub-calls included: tokens, logprobs, advantages, weights',
    options: z.strictObject({}),
    make: rl,
  });
