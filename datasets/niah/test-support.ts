import { makeTasks } from '../make-tasks.ts';
import type { Task } from '../task.ts';

/** Tasks of one entry of family `niah`. */
export async function niahTasks(options: Record<string, unknown>, seed = 7): Promise<Task[]> {
  const made: Task[] = [];
  const entry = { family: 'niah', split: 'train' as const, count: 3, length: 20_000, ...options };
  for await (const task of await makeTasks([entry], seed)) made.push(task);
  return made;
}

export const textOf = (task: Task): string => task.context as string;

/** The answer of any `niah` task from its query and text alone; shares no code with the generators. Sorted. */
export function solveNiah(task: Task): string[] {
  const { query } = task;
  if (query.includes('variable assignment')) return solveChains(query, textOf(task)).sort();
  if (query.includes('numbered list')) {
    return mostFrequent(
      textOf(task)
        .split(/\s*\d+\. /)
        .slice(1),
      Number(/the (\d+) most common/.exec(query)![1]),
    );
  }
  if (query.includes('coded text')) return mostFrequent(textOf(task).split(' '), 3);
  const keys = /special magic \w+ for ([^?]+) mentioned/.exec(query)![1]!.split(/, and |, /);
  return [...textOf(task).matchAll(/One of the special magic \w+s for (\S+) is: (\S+)\./g)]
    .filter((hit) => keys.includes(hit[1]!))
    .map((hit) => hit[2]!)
    .sort();
}

function solveChains(query: string, text: string): string[] {
  const wanted = /the value (\d+)/.exec(query)![1]!;
  const assigned = [...text.matchAll(/VAR ([A-Z]+) = (?:VAR )?(\w+)/g)].map((hit) => [hit[1]!, hit[2]!] as const);
  const known = new Map<string, string>();
  for (const [name, right] of assigned) known.set(name, known.get(right) ?? right);
  return [...known].filter(([, value]) => value === wanted).map(([name]) => name);
}

function mostFrequent(words: readonly string[], wanted: number): string[] {
  const counts = [
    ...Map.groupBy(
      words.filter((word) => /^\w+$/.test(word)),
      (word) => word,
    ),
  ]
    .map(([word, same]) => ({ word, times: same.length }))
    .sort((a, b) => b.times - a.times);
  if (counts[wanted - 1]!.times === counts[wanted]!.times) throw new Error('the last of them is not clear');
  return counts
    .slice(0, wanted)
    .map(({ word }) => word)
    .sort();
}
