import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cpuMilliseconds } from '../../process-usage.ts';
import { Arena } from './arena.ts';
import { judge } from './attack.ts';
import { attacks } from './attacks.ts';

/*
 * One supervised backend, on which every attack is made in turn as an episode, while a neighbour's episode goes on on the
 * same worker. Its record must be the one of a run without attacks.
 */
const arena = new Arena({ workerRssMb: 2_500 });
let undisturbed: unknown;
beforeAll(async () => {
  undisturbed = await arena.undisturbed();
});
afterAll(() => arena.close());

describe('what broke a prototype', () => {
  // A crowded machine may stop a cell before it had its share; the engine tries such an episode again, and so do we.
  test.each(attacks)('$name', { retry: 3, timeout: 120_000 }, async (attack) => {
    judge(attack, await arena.fight(attack.cells, attack.limits), undisturbed);
  });
});

test.skipIf(process.platform !== 'linux')('afterwards nothing runs on (Linux only: /proc)', { retry: 5 }, async () => {
  const used = () => arena.backend.pids().reduce((sum, pid) => sum + (cpuMilliseconds(pid) ?? 0), 0);
  const before = used();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(used() - before).toBeLessThan(200);
});
