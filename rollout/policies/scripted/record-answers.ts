import { quoted } from './code.ts';
import type { RecordAsk } from './record-question.ts';

const ranking =
  'const ranking = (items) => { const counts = new Map(); for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1); return [...counts].sort((a, b) => b[1] - a[1]); };';
const monthly = [
  'const months = [...new Set(part.map((row) => row.iso.slice(0, 7)))].sort().map((name) => ({ name, counts: new Map(ranking(part.filter((row) => row.label && row.iso.startsWith(name)).map((row) => row.label))) }));',
  'const of = (month, label) => month.counts.get(label) ?? 0;',
];
const say = (answer: string): string => `print("ANSWER " + JSON.stringify(${answer}));`;

/** Code that finds the answer in `part`, whose rows have date, iso, user and label, and prints it in the form asked for. */
export function findAnswer(ask: RecordAsk): string[] {
  switch (ask.type) {
    case 'labels':
      return [
        ranking,
        'print("COUNTS " + JSON.stringify(Object.fromEntries(ranking(part.flatMap((row) => row.label ?? [])))));',
      ];
    case 'user':
      return [ranking, say(`"User: " + ranking(part.map((row) => row.user))[${ask.place}]?.[0]`)];
    case 'user of label':
      return [
        ranking,
        say(
          `"User: " + ranking(part.filter((row) => row.label === ${quoted(ask.label)}).map((row) => row.user))[0]?.[0]`,
        ),
      ];
    case 'date':
      return [
        ranking,
        `const [year, month, day] = ranking(part.map((row) => row.iso))[${ask.place}][0].split("-");`,
        say('"Date: " + [month, day, year].join("/")'),
      ];
    case 'dates':
      return [
        ranking,
        say(`"Answer: " + ranking(part.map((row) => row.iso)).filter(([, times]) => times === ${ask.times}).length`),
      ];
    case 'before and after':
      return [
        `const share = (side) => side.filter((row) => row.label === ${quoted(ask.label)}).length / side.length;`,
        `const [before, after] = [share(part.filter((row) => row.iso < ${quoted(ask.date)})), share(part.filter((row) => row.iso > ${quoted(ask.date)}))];`,
        `const phrase = before > after ? "more common" : before < after ? "less common" : "the same frequency";`,
        say(`"Answer: " + ${quoted(ask.label)} + " is " + phrase + " before " + ${quoted(ask.date)}`),
      ];
    case 'first month':
      return [
        ranking,
        ...monthly,
        `const first = months.find((month) => of(month, ${quoted(ask.a)}) > of(month, ${quoted(ask.b)}));`,
        'const names = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];',
        say('first ? "Answer: " + names[Number(first.name.slice(5)) - 1] + " " + first.name.slice(0, 4) : "unknown"'),
      ];
    case 'months more':
      return [
        ranking,
        ...monthly,
        say(`"Answer: " + months.filter((month) => of(month, ${quoted(ask.a)}) > of(month, ${quoted(ask.b)})).length`),
      ];
    default:
      return [
        ranking,
        ...monthly,
        `const isTop = (month) => [...month.counts].every(([label, count]) => label === ${quoted(ask.label)} || count < of(month, ${quoted(ask.label)})) && of(month, ${quoted(ask.label)}) > 0;`,
        say('"Answer: " + months.filter(isTop).length'),
      ];
  }
}
