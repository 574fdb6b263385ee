// The README's loop, and what it leaves: one task, one environment, a model that is a function of the messages.
//   npm exec -- node examples/loop.ts
import { createEnvironment, makeTasks, type WaitingCall } from '../index.ts';

/** Stands for a model: it searches in its first turn and answers in its second. */
function model({ turn }: WaitingCall): string {
  if (turn > 0) return 'FINAL_VAR(found)';
  return [
    'The needle has a fixed form, so I search for it.',
    '```repl',
    'const found = context.match(/magic numbers for .* is: (\\d+)/)?.[1];',
    'print(found);',
    '```',
  ].join('\n');
}

const tasks = await makeTasks([{ family: 'niah', split: 'train', count: 1, length: 200_000 }], 7);
const env = createEnvironment();
let { observation } = await env.reset({ task: await tasks.taskAt(0), seed: 7 });
for (;;) {
  const call = observation.calls[0]!;
  console.log(call.messages.map(({ role, content }) => `[${role}] ${content}`).join('\n\n'));
  const step = await env.step({ call: call.id, message: model(call) });
  observation = step.observation;
  if (step.info.stop) {
    const { final, cost, components } = env.episode();
    console.log(`\nanswer: ${final?.answer}\nreward: ${step.reward}`, components, cost);
    break;
  }
}
await env.close();
