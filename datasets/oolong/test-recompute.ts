import type { Task } from '../task.ts';
import { linesOf, type LabelledLine } from './test-support.ts';

/**
 * The gold of any question, from its wording and labelled lines: a plain second implementation that shares no code
 * with the generator. Throws where a wording is unknown or an answer is not clear.
 */
export function recompute(task: Task, lines: readonly LabelledLine[] = linesOf(task)): string {
  const { query } = task;
  const asked = query.split(' Give your')[0]!;
  const part = partOf(asked, lines);
  const quoted = [...asked.matchAll(/label '([^']+)'/g)].map((hit) => hit[1]!);
  const [a = '', b = ''] = quoted;
  const count = (label: string, among = part) => among.filter((line) => line.label === label).length;

  const first = /In which month did the label '(.+) first occur more often than the label '(.+)'\?/.exec(asked);
  if (first)
    return text(monthsOf(lines).find((month) => count(first[1]!, month.lines) > count(first[2]!, month.lines))!.name);
  if (asked.includes('occur more frequently than')) {
    return `[${monthsOf(lines).filter((month) => count(a, month.lines) > count(b, month.lines)).length}]`;
  }
  if (asked.includes('single most frequently occuring')) {
    const tops = monthsOf(lines).map((month) => ranking(month.lines.map((line) => line.label)));
    return `[${tops.filter(([top, next]) => top![0] === a && top![1] > (next?.[1] ?? 0)).length}]`;
  }
  const cut = /before (\d{4}-\d\d-\d\d), as compared to after/.exec(asked)?.[1];
  if (cut !== undefined) {
    const share = (side: readonly LabelledLine[]) => count(a, side) / side.length;
    const before = share(lines.filter((line) => iso(line) < cut));
    const after = share(lines.filter((line) => iso(line) > cut));
    if (Math.abs(before - after) < 1e-12) return text('the same frequency');
    return text(before > after ? 'more common' : 'less common');
  }
  const times = /represented exactly (\d+) times/.exec(asked)?.[1];
  if (times !== undefined) {
    return `[${ranking(lines.map(iso)).filter(([, number]) => number === Number(times)).length}]`;
  }
  const place = asked.includes('second most often') ? 1 : 0;
  if (asked.includes('which date is represented')) {
    const [year, month, day] = nth(ranking(lines.map(iso)), place)
      .split('-')
      .map(Number);
    return `[datetime.date(${year}, ${month}, ${day})]`;
  }
  if (asked.includes('which user is represented')) return `[${nth(ranking(part.map((line) => line.user)), place)}]`;
  const label = /instances with the label (.+?)(?:: User (\d+) or User (\d+))?\?$/.exec(asked);
  if (label) {
    const having = part.filter((line) => line.label === label[1]).map((line) => line.user);
    const allowed = label[2] === undefined ? having : having.filter((user) => label.slice(2).includes(user));
    return `[${nth(ranking(allowed), 0)}]`;
  }
  if (asked.includes('how many data points')) return `[${count(a)}]`;
  if (asked.includes('more common, less common')) {
    const difference = count(a) - count(b);
    return text(difference > 0 ? 'more common than' : difference < 0 ? 'less common than' : 'same frequency as');
  }
  const labels = /one of the labels: (.*)\.$/.exec(query)?.[1]?.split(', ');
  if (!labels || !/the (most|least) common/.test(asked)) throw new Error(`unknown wording: ${query}`);
  const sorted = labels.map((name) => [name, count(name)] as const).sort((x, y) => y[1] - x[1]);
  return text(nth(asked.includes('the most common') ? sorted : sorted.reverse(), 0));
}

function partOf(asked: string, lines: readonly LabelledLine[]): readonly LabelledLine[] {
  const users = /(?:associated with user|users with) IDs ([\d, ]+)\./.exec(asked)?.[1]?.split(', ');
  if (users) return lines.filter((line) => users.includes(line.user));
  const month = /occur in (\w+) of any year/.exec(asked)?.[1];
  if (month !== undefined) return lines.filter((line) => line.date.startsWith(month.slice(0, 3)));
  const range = /between (\w{3} \d\d, \d{4}) and (\w{3} \d\d, \d{4}), inclusive/.exec(asked);
  if (!range) return lines;
  const [from, to] = [Date.parse(`${range[1]!} UTC`), Date.parse(`${range[2]!} UTC`)];
  return lines.filter((line) => Date.parse(`${line.date} UTC`) >= from && Date.parse(`${line.date} UTC`) <= to);
}

const iso = (line: LabelledLine): string => new Date(`${line.date} UTC`).toISOString().slice(0, 10);
const text = (answer: string): string => `['${answer}']`;

function ranking(items: readonly string[]): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** The item at a place of a ranking, which must differ from those beside it. */
function nth(ranked: readonly (readonly [string, number])[], place: number): string {
  const [name, count] = ranked[place]!;
  if (ranked[place - 1]?.[1] === count || ranked[place + 1]?.[1] === count) throw new Error(`${name} is not alone`);
  return name;
}

function monthsOf(lines: readonly LabelledLine[]): { name: string; lines: LabelledLine[] }[] {
  const format = new Intl.DateTimeFormat('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  return [...Map.groupBy(lines, (line) => iso(line).slice(0, 7))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([month, inside]) => ({ name: format.format(new Date(`${month}-01T00:00:00Z`)), lines: inside }));
}
