import { asText, quoted } from './code.ts';
import type { Question } from './question.ts';
import { finish, printed, withCode } from './view.ts';
import type { View } from './view.ts';

export type ProgramView = View & { readonly question: Extract<Question, { kind: 'program' }> };

/** Questions that a program answers without any reader: RULER's variable tracking, common and frequent words. */
export type ProgramAsk =
  | { readonly type: 'chains'; readonly value: string }
  | { readonly type: 'common' | 'coded'; readonly words: number };

export function readProgramQuestion(text: string): ProgramAsk | null {
  const chain = /Find all variables that are assigned the value (\d+)/.exec(text);
  if (chain) return { type: 'chains', value: chain[1]! };
  const common = /What are the (\d+) most common words in the above list/.exec(text);
  if (common) return { type: 'common', words: Number(common[1]) };
  return text.includes('three most frequently appeared words in the above coded text')
    ? { type: 'coded', words: 3 }
    : null;
}

const unknown = 'unknown';

/** How each strategy goes about them: most of them know that no reader is needed. */
export const programStrategies: Readonly<Record<string, (view: ProgramView) => string>> = {
  grep: (view) => work(view, 'A regular expression reads this.'),
  map: (view) => work(view, 'No reader is needed: code can follow this.'),
  verify: (view) => work(view, 'Code can follow this from beginning to end.'),
  sample: (view) => work(view, 'A part of it should do.', 0, 'text.slice(0, Math.ceil(text.length / 5))'),
  flood: () => finish(unknown),
  guess: () => finish(unknown),
  peek: (view) =>
    view.turn === 0 ? withCode('Let me look at it.', asText(view), 'print(text.slice(0, 4000));') : finish(unknown),
  plan(view) {
    if (view.turn === 0) return finish('I will read the text and then list them');
    if (view.draw('work after all') < 0.5) return work(view, 'Then let me do it.', 1);
    return view.turn === 1 ? finish('Plan: I will read the text and then list them') : finish(unknown);
  },
  recover: (view) =>
    view.turn === 0
      ? withCode('Split the text.', 'const parts = contxt.split(" ");', 'print(parts.length);')
      : work(view, 'That failed; once more, with care.', 1),
};

function work(view: ProgramView, thought: string, turn = 0, part = 'text'): string {
  if (view.turn > turn) {
    const found = printed(view, 'FOUND');
    return finish(Array.isArray(found) && found.length > 0 ? found.join(', ') : unknown);
  }
  return withCode(thought, asText(view), `const part = ${part};`, ...program(view.question.ask));
}

function program(ask: ProgramAsk): string[] {
  if (ask.type === 'chains') {
    return [
      'const values = new Map();',
      'for (const [, name, right] of part.matchAll(/VAR ([A-Z]+) = (?:VAR )?(\\w+)/g)) values.set(name, values.get(right) ?? right);',
      `print("FOUND " + JSON.stringify([...values].filter(([, value]) => value === ${quoted(ask.value)}).map(([name]) => name)));`,
    ];
  }
  return [
    'const counts = new Map();',
    'for (const [word] of part.matchAll(/[a-z]+/g)) counts.set(word, (counts.get(word) ?? 0) + 1);',
    `print("FOUND " + JSON.stringify([...counts].sort((a, b) => b[1] - a[1]).slice(0, ${ask.words}).map(([word]) => word)));`,
  ];
}
