import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';
import { code, testTask } from '../env/test-support.ts';
import { rollout } from './engine.ts';
import { functionPolicy } from './policies/function-policy.ts';
import { RunStore } from './store.ts';
import { testConfig } from './test-support.ts';

// A run to be killed: `node kill.fixture.ts DIR LOG DELAY_MS`. It notes in LOG each episode whose first text is asked for.
const [dir, log, milliseconds] = process.argv.slice(2) as [string, string, string];
const config = testConfig({ seed: 11, rollout: { group: 4, concurrency: 5 } });
const store = RunStore.create({ dir, config });
const task = (at: number) =>
  testTask({ id: `t${at}`, query: `Which number is it, ${at}?`, context: `needle ${at}: ${at * 7}\n` });
store.addTasks(Array.from({ length: 12 }, (_, at) => task(at)));
const backend = createJavaScriptBackend({ workers: 1 });
const root = functionPolicy(async ({ call, messages, draw }) => {
  if (call.turn === 0) appendFileSync(log, `${draw}\n`);
  await delay((draw % 7) * Number(milliseconds));
  if (call.turn === 0)
    return code('const value = context.trim().split(": ")[1];', 'print(value + await llm_query("?"))');
  return `FINAL(${/^(\d+)!$/m.exec(messages.at(-1)!.content)?.[1]} ${draw % 1000})`;
});
const summary = await rollout({
  store,
  policies: { root, rlm: root, llm: functionPolicy(() => '!') },
  createEnvironment: () =>
    createRlmEnvironment({
      backend,
      contexts: store.contexts,
      reward: ({ task, answer }) => ({ reward: answer ? (answer.length + task.id.length) / 100 : 0, components: {} }),
    }),
});
await backend.close();
store.close();
process.stdout.write(JSON.stringify(summary));
