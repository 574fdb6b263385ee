import { hash32 } from './random.ts';
import type { Task } from './task.ts';

export type Split = Task['split'];

/**
 * The split an entity (a key, a value, a user, a record, a name) belongs to, by its hash alone: 8 of 10 train, 1
 * validation, 1 test. A generator draws only entities of the split it makes, so no two splits share one, whatever
 * their seeds and lengths. Haystack text and dates are not entities and are shared.
 */
export function splitOf(entity: string): Split {
  const part = hash32(`split\u0000${entity}`) % 10;
  return part < 8 ? 'train' : part === 8 ? 'validation' : 'test';
}

/**
 * Draws until the entity belongs to the split and `accept` agrees (not used yet, not in the text, …). The chance of a
 * split is at least 1 in 10, so the bound is met only where the pool is used up, which the error says.
 */
export function drawOf(
  split: Split,
  what: string,
  draw: () => string,
  accept: (entity: string) => boolean = () => true,
): string {
  for (let tries = 0; tries < 20_000; tries += 1) {
    const entity = draw();
    if (splitOf(entity) === split && accept(entity)) return entity;
  }
  throw new Error(`no ${what} of split ${split} is left to draw; ask for fewer of them in one task`);
}
