import { asText, callsAllowed, labelPrompt, quoted, rowsPerCall } from './code.ts';
import { answerFromCounts } from './question.ts';
import { findAnswer } from './record-answers.ts';
import type { Question } from './question.ts';
import type { RecordAsk, Scope } from './record-question.ts';
import { finish, printed, withCode } from './view.ts';
import type { View } from './view.ts';

export type RecordView = View & { readonly question: Extract<Question, { kind: 'records' }> };

const unknown = 'unknown';

/** How each strategy goes about questions over users and dates: code alone where no label is asked for, else readers too. */
export const recordStrategies: Readonly<Record<string, (view: RecordView) => string>> = {
  grep: (view) =>
    needsLabels(view.question.ask) ? finish(unknown) : work(view, 'Users and dates stand in every line.'),
  map: (view) => work(view, 'Readers give the labels, code does the rest.'),
  verify: (view) => work(view, 'First the lines that matter, then their labels, then the count.'),
  sample: (view) => work(view, 'Every fourth line should do.', { every: 4 }),
  flood: (view) => work(view, 'I will ask for the label of each line on its own.', { per: 1 }),
  guess: () => finish(unknown),
  peek: (view) =>
    view.turn === 0
      ? withCode('Let me read the first lines.', asText(view), 'print(text.slice(0, 4000));')
      : finish(unknown),
  plan(view) {
    if (view.turn === 0) return finish('I will read every line and then count');
    if (view.draw('work after all') < 0.5)
      return view.turn === 1 ? work(view, 'Then let me do it.', {}, 1) : fromPrinted(view);
    return view.turn === 1 ? finish('Plan: I will read every line and then count') : finish(unknown);
  },
  recover(view) {
    if (view.turn === 0)
      return withCode('Split the text into lines.', 'const lines = context.lines();', 'print(lines.length);');
    return view.turn === 1 ? work(view, 'That failed; once more, with care.', {}, 1) : fromPrinted(view);
  },
};

const needsLabels = ({ type }: RecordAsk): boolean => type !== 'user' && type !== 'date' && type !== 'dates';

interface Manner {
  readonly every?: number;
  readonly per?: number;
}

function work(view: RecordView, thought: string, manner: Manner = {}, turn = 0): string {
  if (view.turn > turn) return fromPrinted(view);
  const { scope, ask } = view.question;
  return withCode(
    thought,
    asText(view),
    'const head = text.slice(0, Math.max(0, text.indexOf("Date: "))).trim();',
    'const rows = text.split("\\n").flatMap((line) => {',
    '  const hit = /^Date: (\\w{3} \\d\\d, \\d{4}) \\|\\| User: (\\d+) \\|\\| Instance: (.+)$/.exec(line);',
    '  return hit ? [{ date: hit[1], iso: new Date(hit[1] + " UTC").toISOString().slice(0, 10), user: hit[2], text: hit[3] }] : [];',
    '});',
    `const part = rows.filter(${inScope(scope)})${manner.every ? `.filter((row, at) => at % ${manner.every} === 0)` : ''};`,
    ...(needsLabels(ask) ? readLabels(view, manner.per) : []),
    ...findAnswer(ask),
  );
}

function inScope(scope: Scope): string {
  switch (scope.type) {
    case 'users':
      return `(row) => ${JSON.stringify(scope.users)}.includes(row.user)`;
    case 'month':
      return `(row) => row.date.startsWith(${quoted(scope.month)})`;
    case 'range':
      return `(row) => Date.parse(row.date) >= Date.parse(${quoted(scope.from)}) && Date.parse(row.date) <= Date.parse(${quoted(scope.to)})`;
    default:
      return '() => true';
  }
}

/** Sets `label` of the rows of `part`, as far as sub-calls reach. */
function readLabels(view: RecordView, only?: number): string[] {
  const calls = callsAllowed(view, 100);
  return [
    `const ask = ${labelPrompt};`,
    `const per = ${only ?? rowsPerCall(view, calls)};`,
    'const prompts = [];',
    `for (let at = 0; at < part.length && prompts.length < ${only ? 1_000 : calls}; at += per) prompts.push(ask(part.slice(at, at + per).map((row) => row.text)));`,
    'const answers = [];',
    'for (let at = 0; at < prompts.length; at += 20) answers.push(...(await llm_query_batched(prompts.slice(at, at + 20))));',
    'answers.forEach((answer, piece) => {',
    '  if (answer.startsWith("Error")) return;',
    '  const lines = answer.split("\\n");',
    '  for (const line of lines) {',
    '    const hit = /^\\s*(\\d+): (.+)$/.exec(line);',
    // A reader who is given one line says its label alone.
    '    const row = hit ? part[piece * per + Number(hit[1]) - 1] : lines.length === 1 ? part[piece * per] : undefined;',
    '    if (row) row.label = (hit ? hit[2] : line).trim();',
    '  }',
    '});',
    'print("READ " + part.filter((row) => row.label).length + " of " + part.length);',
  ];
}

function fromPrinted(view: RecordView): string {
  const answer = printed(view, 'ANSWER');
  if (typeof answer === 'string' && !answer.endsWith('undefined')) return finish(answer);
  const counts = printed(view, 'COUNTS');
  const { ask } = view.question;
  if (ask.type === 'labels' && typeof counts === 'object' && counts !== null) {
    return finish(answerFromCounts(ask.ask, counts as Record<string, number>));
  }
  return finish(unknown);
}
