import type { Task } from '../datasets/task.ts';
import { taskSchema } from '../datasets/task.ts';
import type { TaskInput } from '../datasets/task.ts';
import type { Environment, StepResult, WaitingCall } from './environment.ts';

/** A task for tests; what is not named is filled in. */
export function testTask(task: Partial<TaskInput> = {}): Task {
  return taskSchema.parse({
    id: 'task-1',
    family: 'test',
    query: 'What is it?',
    context: 'needle: 42\n',
    answer: '42',
    ...task,
  });
}

/** A message with one code block. */
export function code(...lines: string[]): string {
  return ['```repl', ...lines, '```'].join('\n');
}

/**
 * Plays an episode with a function of the waiting call; calls that open together are answered in the order they are
 * listed. Returns the last step.
 */
export async function play(
  env: Environment,
  options: Parameters<Environment['reset']>[0],
  text: (call: WaitingCall) => string,
  maxSteps = 200,
): Promise<StepResult> {
  const { observation } = await env.reset(options);
  const queue = [...observation.calls];
  let last: StepResult | undefined;
  for (let steps = 0; steps < maxSteps && queue.length > 0; steps += 1) {
    const call = queue.shift()!;
    last = await env.step({ call: call.id, turn: call.turn, message: text(call) });
    queue.push(...last.observation.calls.filter((waiting) => waiting.new));
    if (last.info.stop) return last;
  }
  throw new Error(`the episode did not end in ${maxSteps} steps`);
}
