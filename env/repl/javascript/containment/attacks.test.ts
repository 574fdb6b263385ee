import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ContextStore } from '../../../context.ts';
import type { RewardFunction } from '../../../environment.ts';
import { createRlmEnvironment } from '../../../rlm-environment.ts';
import { code, testTask } from '../../../test-support.ts';
import { createSupervisor } from '../../supervisor.ts';
import { createJavaScriptBackend } from '../backend.ts';
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

test('the sandbox is closed before the scorer runs', async () => {
  const sent: { type: string; repl?: number }[] = [];
  const backend = createJavaScriptBackend({ workers: 1, onWorkerMessage: (message) => sent.push(message as never) });
  const contexts = new ContextStore();
  const open = () =>
    sent.filter(({ type }) => type === 'open').length - sent.filter(({ type }) => type === 'close').length;
  let left = -1;
  const reward: RewardFunction = () => {
    left = open();
    return { reward: 1, components: {} };
  };
  const env = createRlmEnvironment({
    backend: createSupervisor(backend),
    contexts,
    reward,
    config: { budget: { depth: 2 } },
  });
  await env.reset({ task: testTask(), seed: 1 });
  await env.step({ message: code('print(1)') });
  await env.step({ message: code('rlm_query("a"); await rlm_query("b")') });
  await env.step({ call: '0.1', message: code('print(context)') });
  expect(open()).toBe(2);
  await env.step({ message: { content: code('FINAL(context)') }, call: '0.2' });
  await env.step({ message: 'FINAL(2)' });
  expect(left).toBe(0);
  await backend.close();
  contexts.close();
});

test.skipIf(process.platform !== 'linux')('afterwards nothing runs on (Linux only: /proc)', { retry: 5 }, async () => {
  const used = () => arena.backend.pids().reduce((sum, pid) => sum + (cpuMilliseconds(pid) ?? 0), 0);
  const before = used();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(used() - before).toBeLessThan(200);
});
