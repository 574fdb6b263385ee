import { expect, test } from 'vitest';
import { onInterrupt } from './interrupt.ts';

test('the first signal drains, the second stops, and two at once are one', () => {
  const told: string[] = [];
  let clock = 0;
  const listeners = process.listeners('SIGINT');
  const interrupt = onInterrupt(
    (text) => told.push(text),
    () => clock,
  );
  const signal = () =>
    process
      .listeners('SIGINT')
      .filter((listener) => !listeners.includes(listener))
      .forEach((listener) => listener('SIGINT'));

  signal();
  clock = 100;
  signal();
  expect([interrupt.drain.aborted, interrupt.stop.aborted]).toEqual([true, false]);
  clock = 500;
  signal();
  expect(interrupt.stop.aborted).toBe(true);
  expect(told).toHaveLength(2);
  interrupt.release();
  expect(process.listeners('SIGINT')).toEqual(listeners);
});
