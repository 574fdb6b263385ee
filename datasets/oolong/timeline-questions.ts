import { pythonList } from '../python-list.ts';
import type { Random } from '../random.ts';
import {
  days,
  firstDayOf,
  isoDate,
  monthAndYear,
  monthNames,
  monthOfYear,
  months,
  pythonDate,
  shortDate,
} from './calendar.ts';
import { countingQuestions, type Scope } from './counting.ts';
import { apartBy, type Question } from './question.ts';
import { addUp, byLabel, total, type Tally } from './tally.ts';

const ranges = 12;
/** Shares before and after a date must differ by more than this, or not at all (OOLONG's rule). */
const shareMargin = 0.02;

/**
 * Clear questions of OOLONG's group `timeline` (arXiv 2511.02817, table 17). Its published construction asks for the first
 * month only where that is the first month of all, and counts dates among the fifty most common: here each question's
 * answer is what its wording says.
 */
export function timelineQuestions(tally: Tally, random: Random): Question[] {
  const byMonth = Array.from({ length: months }, (_, month) =>
    addUp(tally.days.slice(firstDayOf(month), firstDayOf(month + 1)), tally.labels.length),
  );
  return [
    ...dateQuestions(tally),
    ...beforeAfter(tally, random),
    ...monthScopes(tally, byMonth),
    ...rangeScopes(tally, random),
    ...monthComparisons(tally, byMonth),
    ...monthsTop(tally, byMonth),
  ];
}

function dateQuestions(tally: Tally): Question[] {
  const counts = tally.days.map(total);
  const sorted = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]!);
  const [first, second, third] = sorted as [number, number, number];
  const base = { answerType: 'ANSWER_TYPE.DATE', inputSubset: false, outcome: 'date' };
  const form = "Give your final answer in the form 'Date: [X]', where [X] is the date in the format MM/DD/YYYY.";
  const questions: Question[] = [];
  if (counts[first]! > counts[second]!) {
    questions.push({
      ...base,
      template: 'date-most',
      question: `In the above data, which date is represented most often? ${form}`,
      answer: pythonDate(first),
      task: 'TASK_TYPE.MOST_FREQ',
    });
    if (counts[second]! > counts[third]!) {
      questions.push({
        ...base,
        template: 'date-second',
        question: `In the above data, which date is represented the second most often? ${form}`,
        answer: pythonDate(second),
        task: 'TASK_TYPE.SECOND_MOST_FREQ',
      });
    }
  }
  const datesWith = Map.groupBy(counts, (count) => count);
  const dates = (times: number): number => datesWith.get(times)?.length ?? 0;
  for (const times of datesWith.keys()) {
    const others = [times - 1, times + 1].filter((other) => other > 0);
    if (times === 0 || dates(times) < 2) continue;
    if (others.some((other) => Math.abs(dates(other) - dates(times)) <= Math.max(1, 0.05 * dates(times)))) continue;
    questions.push({
      template: 'dates-n-times',
      question: `In the above data, how many dates are represented exactly ${times} times? Give your final answer in the form 'Answer: [X]', where [X] is the number of dates represented exactly ${times} times.`,
      answer: pythonList([dates(times)]),
      task: 'TASK_TYPE.REPRESENTED_N_TIMES',
      answerType: 'ANSWER_TYPE.NUMERIC',
      inputSubset: false,
      outcome: String(times),
    });
  }
  return questions;
}

/** Dates with 15 to 75 % of the instances before them, as OOLONG draws them. Shares that are equal are rare. */
function beforeAfter(tally: Tally, random: Random): Question[] {
  const size = tally.labels.length;
  const all = total(tally.whole);
  let before = addUp([], size);
  const questions: Question[] = [];
  for (const [day, today] of tally.days.entries()) {
    const here = before;
    before = addUp([before, today], size);
    const earlier = total(here);
    const later = all - earlier - total(today);
    if (total(today) === 0 || later === 0 || earlier < 0.15 * all || earlier > 0.75 * all) continue;
    const kept = random.below(16) === 0;
    for (const [at, label] of tally.labels.entries()) {
      const after = tally.whole[at]! - here[at]! - today[at]!;
      if (here[at] === 0) continue;
      const difference = here[at]! / earlier - after / later;
      const same = here[at]! * later === after * earlier;
      if (!same && (!kept || Math.abs(difference) <= shareMargin)) continue;
      const answer = pythonList([same ? 'the same frequency' : difference > 0 ? 'more common' : 'less common']);
      const date = isoDate(day);
      questions.push({
        template: 'before-after',
        question:
          `In the above data, was label '${label}' more common, less common, or the same frequency before ${date}, as compared to after ${date}? ` +
          `Give your final answer in the form 'Answer: ${label} is [X] before ${date}', where [X] is 'more common', 'less common', or 'the same frequency'.`,
        answer,
        task: 'TASK_TYPE.RELATIVE_FREQ',
        answerType: 'ANSWER_TYPE.COMPARISON',
        inputSubset: false,
        outcome: answer,
      });
    }
  }
  return questions;
}

function monthScopes(tally: Tally, byMonth: readonly (readonly number[])[]): Question[] {
  return monthNames.flatMap((name, at) => {
    const counts = addUp(
      byMonth.filter((_, month) => monthOfYear(month) === at),
      tally.labels.length,
    );
    const scope: Scope = {
      opening: `For the following question, only consider the subset of instances that occur in ${name} of any year. Among instances occuring in ${name},`,
      templates: { most: 'month-most', least: 'month-least', relative: 'month-relative', numeric: 'month-numeric' },
      inputSubset: true,
      whole: byLabel(tally, tally.whole),
    };
    return countingQuestions(byLabel(tally, counts), 0, scope);
  });
}

function rangeScopes(tally: Tally, random: Random): Question[] {
  return Array.from({ length: ranges }).flatMap(() => {
    const from = Math.floor(days * (0.1 + 0.4 * random.unit()));
    const to = from + 10 + random.below(Math.floor(days * 0.9) - from - 10);
    const scope: Scope = {
      opening: `For the following question, only consider the subset of instances that occur between ${shortDate(from)} and ${shortDate(to)}, inclusive. Among instances occuring in this date range,`,
      templates: { most: 'range-most', least: 'range-least', relative: 'range-relative', numeric: 'range-numeric' },
      inputSubset: true,
      whole: byLabel(tally, tally.whole),
    };
    const counts = addUp(tally.days.slice(from, to + 1), tally.labels.length);
    return countingQuestions(byLabel(tally, counts), 0, scope);
  });
}

function monthComparisons(tally: Tally, byMonth: readonly (readonly number[])[]): Question[] {
  const questions: Question[] = [];
  for (const [a, first] of tally.labels.entries()) {
    for (const [b, second] of tally.labels.entries()) {
      if (a === b || tally.whole[a] === 0 || tally.whole[b] === 0) continue;
      const month = byMonth.findIndex((counts) => counts[a]! > counts[b]!);
      const deciding = byMonth[month];
      if (deciding && deciding[a]! - deciding[b]! > apartBy(total(deciding))) {
        questions.push({
          template: 'first-month',
          // The quote that is not closed is OOLONG's.
          question: `In which month did the label '${first} first occur more often than the label '${second}'? Give your final answer in the form 'Answer: [month] [year]', where [month] is the name of the month and [year] is the four-digit year where '${first}' first occured more often than '${second}.'`,
          answer: pythonList([monthAndYear(month)]),
          task: 'TASK_TYPE.RELATIVE_FREQ',
          answerType: 'ANSWER_TYPE.MONTH_YEAR',
          inputSubset: false,
          outcome: String(month),
        });
      }
      const more = byMonth.filter((counts) => counts[a]! > counts[b]!).length;
      const fewer = byMonth.filter((counts) => counts[a]! < counts[b]!).length;
      if (more > 0 && Math.abs(more - fewer) >= 2) {
        questions.push({
          template: 'months-more',
          question: `For how many months does the label '${first}' occur more frequently than the label '${second}'? Disregard months where there is a tie.  Give your final answer in the form 'Answer: [X]', where [X] is the number of months where '${first}' occurs more often than '${second}.'`,
          answer: pythonList([more]),
          task: 'TASK_TYPE.RELATIVE_FREQ',
          answerType: 'ANSWER_TYPE.NUMERIC',
          inputSubset: false,
          outcome: String(more),
        });
      }
    }
  }
  return questions;
}

function monthsTop(tally: Tally, byMonth: readonly (readonly number[])[]): Question[] {
  const golds = tally.labels.map(
    (_, at) => byMonth.filter((counts) => counts.every((count, other) => other === at || count < counts[at]!)).length,
  );
  return tally.labels.flatMap((label, at): Question[] => {
    const gold = golds[at]!;
    if (gold === 0 || golds.some((other, place) => place !== at && Math.abs(other - gold) < 2)) return [];
    return [
      {
        template: 'months-top',
        question: `For how many months is the label '${label}' the single most frequently occuring label? Disregard months where there is a tie for the most common label.  Give your final answer in the form 'Answer: [X]', where [X] is the number of months where '${label}' is the most common label.`,
        answer: pythonList([gold]),
        task: 'TASK_TYPE.MOST_FREQ',
        answerType: 'ANSWER_TYPE.NUMERIC',
        inputSubset: false,
        outcome: String(gold),
      },
    ];
  });
}
