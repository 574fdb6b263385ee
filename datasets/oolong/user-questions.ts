import { pythonList } from '../python-list.ts';
import type { Random } from '../random.ts';
import { countingQuestions, type Scope } from './counting.ts';
import { apartBy, type Question } from './question.ts';
import { addUp, byLabel, total, type Tally } from './tally.ts';

/** OOLONG draws subsets from the 50 busiest users, and pairs from the ten with most of a label. */
const busiest = 50;
const pairedUsers = 10;
const subsets = 8;
const largestSubset = 20;
/** Users are told apart by at least so many instances. */
const clear = 2;

const form = "Give your final answer in the form 'User: [X]', where [X] is the user ID.";

/** Clear questions of OOLONG's group `user` (arXiv 2511.02817, table 16). */
export function userQuestions(tally: Tally, random: Random): Question[] {
  const questions: Question[] = [];
  const everyone = ranked(tally.users, total);
  questions.push(...represented(everyone, 'In the above data,', 'user'));
  for (const [at, label] of tally.labels.entries()) {
    const having = ranked(tally.users, (counts) => counts[at]!);
    questions.push(...labelMost(having, label, 'In the above data,', 'user-label-most'));
    questions.push(...compared(having.slice(0, pairedUsers), tally, label, random));
  }
  const pool = everyone.slice(0, busiest).map(({ user }) => user);
  for (let number = 0; number < subsets; number += 1) questions.push(...subsetQuestions(tally, pool, random));
  return questions;
}

interface Ranked {
  readonly user: string;
  readonly count: number;
}

function ranked(users: Tally['users'], measure: (counts: readonly number[]) => number): Ranked[] {
  return Array.from(users, ([user, counts]) => ({ user, count: measure(counts) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || Number(a.user) - Number(b.user));
}

function subsetQuestions(tally: Tally, pool: readonly string[], random: Random): Question[] {
  const size = 1 + random.below(Math.min(largestSubset, pool.length));
  const chosen = random.shuffle([...pool]).slice(0, size);
  const names = chosen.join(', ');
  const users = new Map(chosen.map((user) => [user, tally.users.get(user)!]));
  const scope: Scope = {
    opening:
      `For the following question, only consider the subset of instances that are associated with user IDs ${names}. ` +
      'Among instances associated with these users,',
    templates: { most: 'subset-most', least: 'subset-least', relative: 'subset-relative', numeric: 'subset-numeric' },
    inputSubset: true,
    whole: byLabel(tally, tally.whole),
  };
  const counts = byLabel(tally, addUp(users.values(), tally.labels.length));
  if (chosen.length < 3) return countingQuestions(counts, 0, scope);
  const opening = `For the following question, only consider the subset of users with IDs ${names}. Among these users,`;
  return [
    ...countingQuestions(counts, 0, scope),
    ...represented(ranked(users, total), opening, 'subset-user'),
    ...tally.labels.flatMap((label, at) =>
      labelMost(
        ranked(users, (one) => one[at]!),
        label,
        opening,
        'subset-user-label-most',
      ),
    ),
  ];
}

function represented(users: readonly Ranked[], opening: string, who: 'user' | 'subset-user'): Question[] {
  const [first, second, third] = users;
  const questions: Question[] = [];
  if (!first || !second || first.count - second.count < clear) return questions;
  const base = { answerType: 'ANSWER_TYPE.USER', inputSubset: who === 'subset-user', outcome: who };
  questions.push({
    ...base,
    template: `${who}-most`,
    question: `${opening} which user is represented most often? ${form}`,
    answer: pythonList([Number(first.user)]),
    task: 'TASK_TYPE.MOST_FREQ',
  });
  if (third && second.count - third.count >= clear) {
    questions.push({
      ...base,
      template: `${who}-second`,
      question: `${opening} which user is represented the second most often? ${form}`,
      answer: pythonList([Number(second.user)]),
      task: 'TASK_TYPE.SECOND_MOST_FREQ',
    });
  }
  return questions;
}

function labelMost(
  users: readonly Ranked[],
  label: string,
  opening: string,
  template: 'user-label-most' | 'subset-user-label-most',
): Question[] {
  const [first, second] = users;
  if (!first || !second || first.count - second.count < clear) return [];
  return [
    {
      template,
      question: `${opening} which user has the most instances with the label ${label}? ${form}`,
      answer: pythonList([Number(first.user)]),
      task: 'TASK_TYPE.MOST_FREQ',
      answerType: 'ANSWER_TYPE.USER',
      inputSubset: template === 'subset-user-label-most',
      outcome: template,
    },
  ];
}

/** Pairs that differ by the margin, both with the more active user as the answer and with the other one. */
function compared(users: readonly Ranked[], tally: Tally, label: string, random: Random): Question[] {
  const questions: Question[] = [];
  for (const [at, more] of users.entries()) {
    for (const fewer of users.slice(at + 1)) {
      if (more.count - fewer.count < clear || more.count - fewer.count <= apartBy(more.count + fewer.count)) continue;
      const pair = random.below(2) === 0 ? [more.user, fewer.user] : [fewer.user, more.user];
      const active = total(tally.users.get(more.user)!) > total(tally.users.get(fewer.user)!);
      questions.push({
        template: 'user-label-compare',
        question: `In the above data, which user has more instances with the label ${label}: User ${pair[0]!} or User ${pair[1]!}? ${form}`,
        answer: pythonList([Number(more.user)]),
        task: 'TASK_TYPE.RELATIVE_FREQ',
        answerType: 'ANSWER_TYPE.USER',
        inputSubset: false,
        outcome: active ? 'the more active user' : 'the less active user',
      });
    }
  }
  return questions;
}
