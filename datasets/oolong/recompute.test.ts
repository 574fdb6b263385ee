import { describe, expect, test } from 'vitest';
import { makeTasks } from '../make-tasks.ts';
import type { Task } from '../task.ts';
import { templates, templatesOf } from './question.ts';
import { recompute } from './test-recompute.ts';

async function all(options: Record<string, unknown>, seed = 7): Promise<Task[]> {
  const made: Task[] = [];
  const entry = { family: 'oolong', split: 'train' as const, count: 6, length: 40_000, ...options };
  for await (const task of await makeTasks([entry], seed)) made.push(task);
  return made;
}

const answerForms: Readonly<Record<string, RegExp>> = {
  'ANSWER_TYPE.LABEL': /^\['[a-z ]+'\]$/,
  'ANSWER_TYPE.COMPARISON': /^\['(more common( than)?|less common( than)?|same frequency as|the same frequency)'\]$/,
  'ANSWER_TYPE.NUMERIC': /^\[\d+\]$/,
  'ANSWER_TYPE.USER': /^\[\d{5}\]$/,
  'ANSWER_TYPE.DATE': /^\[datetime\.date\(20\d\d, \d{1,2}, \d{1,2}\)\]$/,
  'ANSWER_TYPE.MONTH_YEAR': /^\['[A-Z][a-z]+ 20\d\d'\]$/,
};

test.each(templates.map((template) => [template]))('%s: the gold is what a second program finds', async (template) => {
  for (const options of [{}, { split: 'test', difficulty: 'hard', length: { tokens: 20_000 } }]) {
    for (const task of await all({ questions: [template], ...options })) {
      expect(task.answer).toBe(recompute(task));
      expect(task.metadata).toMatchObject({ template, answer_type: task.answerType });
      expect(task.answer).toMatch(answerForms[task.answerType]!);
      expect(task.metadata.input_subset).toBe(/only consider/.test(task.query) ? 'True' : 'False');
    }
  }
});

test('all six answer types and all task types of OOLONG come', async () => {
  const tasks = await all({ groups: ['counting', 'user', 'timeline'], count: templates.length, length: 30_000 });
  expect(new Set(tasks.map((task) => task.metadata.template))).toEqual(new Set(templates));
  expect(new Set(tasks.map((task) => task.answerType))).toEqual(new Set(Object.keys(answerForms)));
  expect(new Set(tasks.map((task) => task.metadata.task))).toEqual(
    new Set(
      ['MOST_FREQ', 'LEAST_FREQ', 'SECOND_MOST_FREQ', 'RELATIVE_FREQ', 'NUMERIC_ONE_CLASS', 'REPRESENTED_N_TIMES'].map(
        (name) => `TASK_TYPE.${name}`,
      ),
    ),
  );
  for (const task of tasks) {
    const group = task.metadata.task_group as keyof typeof templatesOf;
    expect(templatesOf[group]).toContain(task.metadata.template);
  }
});

describe('groups', () => {
  test.each([
    [{ groups: ['user'] }, 'oolong-user-train-7-0000'],
    [{ groups: ['timeline'] }, 'oolong-timeline-train-7-0000'],
    [{ groups: ['counting', 'timeline'] }, 'oolong-counting-timeline-train-7-0000'],
    [{ groups: ['counting', 'user', 'timeline'] }, 'oolong-all-train-7-0000'],
    [{ questions: ['first-month'] }, 'oolong-timeline-train-7-0000'],
    [{}, 'oolong-train-7-0000'],
  ])('%j name the task', async (options, id) => {
    expect((await all({ ...options, count: 1, length: 20_000 }))[0]!.id).toBe(id);
  });

  test.each([['user'], ['timeline']])('25 questions of group %s share a window', async (group) => {
    const tasks = await all({ groups: [group], questionsPerWindow: 25, count: 25, length: 100_000 });
    expect(new Set(tasks.map((task) => task.query)).size).toBe(25);
    expect(new Set(tasks.map((task) => task.context)).size).toBe(1);
    for (const task of tasks) expect(task.answer).toBe(recompute(task));
  });
});

test('every wording is that of OOLONG', async () => {
  const tasks = await all({ groups: ['user', 'timeline'], count: 26, length: 30_000 });
  const wordings = new Map(
    tasks.map((task) => [
      task.metadata.template as string,
      task.query
        .replace(/\d{5}(, \d{5})+|\b\d{5}\b/g, 'U')
        .replace(/\d{4}-\d\d-\d\d/g, 'D')
        .replace(/[A-Z][a-z]{2} \d\d, \d{4}/g, 'D')
        .replace(/\b\d+ times/g, 'N times')
        .replace(/(January|February|March|April|May|June|July|August|September|October|November|December)/g, 'M')
        .replace(/numeric value|location|human being|entity|description and abstract concept|abbreviation/g, 'L'),
    ]),
  );
  const user = "Give your final answer in the form 'User: [X]', where [X] is the user ID.";
  const date = "Give your final answer in the form 'Date: [X]', where [X] is the date in the format MM/DD/YYYY.";
  expect(Object.fromEntries(wordings)).toMatchObject({
    'user-most': `In the above data, which user is represented most often? ${user}`,
    'user-second': `In the above data, which user is represented the second most often? ${user}`,
    'user-label-most': `In the above data, which user has the most instances with the label L? ${user}`,
    'user-label-compare': `In the above data, which user has more instances with the label L: User U or User U? ${user}`,
    'subset-numeric':
      "For the following question, only consider the subset of instances that are associated with user IDs U. Among instances associated with these users, how many data points should be classified as label 'L'? Give your final answer in the form 'Answer: number'.",
    'subset-user-most': `For the following question, only consider the subset of users with IDs U. Among these users, which user is represented most often? ${user}`,
    'subset-user-label-most': `For the following question, only consider the subset of users with IDs U. Among these users, which user has the most instances with the label L? ${user}`,
    'date-most': `In the above data, which date is represented most often? ${date}`,
    'date-second': `In the above data, which date is represented the second most often? ${date}`,
    'dates-n-times':
      "In the above data, how many dates are represented exactly N times? Give your final answer in the form 'Answer: [X]', where [X] is the number of dates represented exactly N times.",
    'before-after':
      "In the above data, was label 'L' more common, less common, or the same frequency before D, as compared to after D? Give your final answer in the form 'Answer: L is [X] before D', where [X] is 'more common', 'less common', or 'the same frequency'.",
    'month-numeric':
      "For the following question, only consider the subset of instances that occur in M of any year. Among instances occuring in M, how many data points should be classified as label 'L'? Give your final answer in the form 'Answer: number'.",
    'range-relative':
      "For the following question, only consider the subset of instances that occur between D and D, inclusive. Among instances occuring in this date range, is label 'L' more common, less common, or the same frequency as label 'L'? Give your final answer in the form 'Answer: L is [X] L', where [X] is 'more common than', 'less common than', or 'same frequency as'.",
    'first-month':
      "In which month did the label 'L first occur more often than the label 'L'? Give your final answer in the form 'Answer: [month] [year]', where [month] is the name of the month and [year] is the four-digit year where 'L' first occured more often than 'L.'",
    'months-more':
      "For how many months does the label 'L' occur more frequently than the label 'L'? Disregard months where there is a tie.  Give your final answer in the form 'Answer: [X]', where [X] is the number of months where 'L' occurs more often than 'L.'",
    'months-top':
      "For how many months is the label 'L' the single most frequently occuring label? Disregard months where there is a tie for the most common label.  Give your final answer in the form 'Answer: [X]', where [X] is the number of months where 'L' is the most common label.",
  });
});

test('windows of two and a half million tokens take linear time', async () => {
  const begin = performance.now();
  for (const group of ['user', 'timeline']) {
    const [task] = await all({ groups: [group], count: 1, length: { tokens: 2_500_000 } });
    expect((task!.context as string).length).toBeGreaterThanOrEqual(10_000_000);
    expect(task!.answer).toBe(recompute(task!));
  }
  // A second on an idle machine.
  expect(performance.now() - begin).toBeLessThan(30_000);
});
