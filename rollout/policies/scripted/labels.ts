import { callsAllowed, countLabels, labelPrompt, quoted, rowsOf, rowsPerCall } from './code.ts';
import { answerFromCounts, comparison } from './question.ts';
import type { Question } from './question.ts';
import { finish, printed, withCode } from './view.ts';
import type { View } from './view.ts';

export type LabelView = View & { readonly question: Extract<Question, { kind: 'labels' }> };

/** How each strategy goes about counting labels that stand nowhere in the text. */
export const labelStrategies: Readonly<Record<string, (view: LabelView) => string>> = {
  grep(view) {
    if (view.turn > 0) return fromCounts(view);
    return withCode(
      'I will count by the words that questions of each kind begin with.',
      ...rowsOf(view),
      'const cues = { "numeric value": /^(how (many|much|long|far|old|tall|high)|what year|when)/i, "human being": /^(who|whose|name the (man|woman|person))/i, "location": /^(where|what (city|country|state|river))/i, "abbreviation": /(stand for|abbreviat|acronym)/i, "description and abstract concept": /^(why|how (do|does|did|can)|what (does|is the (meaning|origin)))/i };',
      'const counts = {};',
      'for (const row of rows) {',
      '  const label = Object.keys(cues).find((name) => cues[name].test(row)) ?? "entity";',
      '  counts[label] = (counts[label] ?? 0) + 1;',
      '}',
      'print("COUNTS " + JSON.stringify(counts));',
    );
  },

  peek(view) {
    if (view.turn === 0)
      return withCode('Let me read the first lines.', ...rowsOf(view), 'print(rows.slice(0, 40).join("\\n"));');
    return finish(guessAnswer(view));
  },

  map(view) {
    if (view.turn > 0) return fromCounts(view);
    return countAll(
      view,
      'The labels follow from the meaning of each line, so readers must give them: I send the lines in pieces.',
    );
  },

  verify(view) {
    if (view.turn === 0)
      return countAll(view, 'First every line is labelled by readers, then a part of it is checked.');
    if (view.turn === 1 && printed(view, 'COUNTS') !== undefined) {
      return withCode(
        'Ask again for some lines, cut differently, and compare.',
        'const again = rows.slice(0, 60);',
        `const second = await llm_query((${labelPrompt})(again));`,
        'const firstLabels = answers.flatMap((answer) => answer.split("\\n")).slice(0, 60).map((line) => line.replace(/^\\s*\\d+: /, ""));',
        'const secondLabels = second.split("\\n").map((line) => line.replace(/^\\s*\\d+: /, ""));',
        'print("AGREE " + secondLabels.filter((label, at) => label === firstLabels[at]).length + " of " + again.length);',
        'print("COUNTS " + JSON.stringify(counts));',
      );
    }
    return fromCounts(view);
  },

  sample(view) {
    if (view.turn > 0) return fromCounts(view);
    return withCode(
      'A sample of the lines tells the shares; I scale it up.',
      ...rowsOf(view),
      'const step = Math.max(1, Math.floor(rows.length / 320));',
      'const some = rows.filter((row, at) => at % step === 0);',
      `const ask = ${labelPrompt};`,
      'const prompts = [];',
      'for (let at = 0; at < some.length; at += 80) prompts.push(ask(some.slice(at, at + 80)));',
      'const answers = await llm_query_batched(prompts);',
      ...countLabels,
      'for (const label of Object.keys(counts)) counts[label] = Math.round((counts[label] * rows.length) / Math.max(1, read));',
      'print("COUNTS " + JSON.stringify(counts));',
    );
  },

  guess: (view) => finish(guessAnswer(view)),

  plan(view) {
    const plan = 'I will label every line and then count the labels';
    if (view.turn === 0) return finish(plan);
    if (view.draw('work after all') < 0.5)
      return view.turn === 1 ? countAll(view, 'Then let me do it.') : fromCounts(view);
    return view.turn === 1 ? finish(`Plan: ${plan}`) : finish(guessAnswer(view));
  },

  recover(view) {
    if (view.turn === 0) {
      const slips = [
        ['const rows = context.lines();', 'print(rows.length);'],
        ['const rows = contxt.split("\\n");', 'print(rows.length);'],
        ['const rows = context.split("\\n".filter((row) => row);', 'print(rows.length);'],
        [
          'const reply = llm_query("Label these lines:\\n" + context.slice(0, 5000));',
          'print(reply.split("\\n").length);',
        ],
      ];
      return withCode('Split the text into lines.', ...slips[Math.floor(view.draw('slip') * slips.length)]!);
    }
    return view.turn === 1 ? countAll(view, 'That failed; once more, with care.', 'lines') : fromCounts(view);
  },

  flood(view) {
    if (view.turn > 0) return fromCounts(view);
    return withCode(
      'I will ask for the label of each line on its own.',
      ...rowsOf(view),
      'const counts = {};',
      'let read = 0;',
      'for (const row of rows) {',
      '  const reply = await llm_query(`Give this line one of the categories named here, nothing else.\\n${head}\\n\\n${row}`);',
      '  if (reply.startsWith("Error")) { print(reply); break; }',
      '  counts[reply] = (counts[reply] ?? 0) + 1;',
      '  read += 1;',
      '}',
      'print("READ " + read + " of " + rows.length);',
      'print("COUNTS " + JSON.stringify(counts));',
    );
  },
};

/** Every line through sub-calls, as far as they reach; what they did not reach is scaled. */
function countAll(view: LabelView, thought: string, rows = 'rows'): string {
  const calls = callsAllowed(view, 100);
  const names = rowsOf(view).map((line) => (rows === 'rows' ? line : line.replace('const rows', `const ${rows}`)));
  return withCode(
    thought,
    ...names,
    `const ask = ${labelPrompt};`,
    `const per = ${rowsPerCall(view, calls)};`,
    'const prompts = [];',
    `for (let at = 0; at < ${rows}.length && prompts.length < ${calls}; at += per) prompts.push(ask(${rows}.slice(at, at + per)));`,
    'const answers = [];',
    'for (let at = 0; at < prompts.length; at += 20) answers.push(...(await llm_query_batched(prompts.slice(at, at + 20))));',
    ...countLabels,
    `if (read < ${rows}.length) for (const label of Object.keys(counts)) counts[label] = Math.round((counts[label] * ${rows}.length) / Math.max(1, read));`,
    `print("READ " + read + " of " + ${rows}.length);`,
    'print("COUNTS " + JSON.stringify(counts));',
  );
}

function fromCounts(view: LabelView): string {
  const counts = printed(view, 'COUNTS');
  if (typeof counts !== 'object' || counts === null || Object.keys(counts).length === 0)
    return finish(guessAnswer(view));
  return finish(answerFromCounts(view.question.ask, counts as Record<string, number>));
}

function guessAnswer(view: LabelView): string {
  const { ask } = view.question;
  const draw = view.draw('guess');
  if (ask.type === 'compare') return comparison(ask, Math.floor(draw * 3) - 1);
  if (ask.type === 'count') return `Answer: ${Math.round(view.context.lines * (0.1 + draw * 0.2))}`;
  return `Label: ${ask.labels[Math.floor(draw * ask.labels.length)] ?? quoted('unknown')}`;
}
