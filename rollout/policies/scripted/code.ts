import type { Question } from './question.ts';
import type { View } from './view.ts';

/** Pieces of REPL code that several strategies write. */

/** Makes `text` of the context, whichever form it has. */
export const asText = (view: View): string =>
  view.context.list ? 'const text = context.join("\\n");' : 'const text = context;';

/** Matches the needle of any key asked for; group 2 is its value. */
export function needlePattern(question: Extract<Question, { kind: 'needles' }>): string {
  const keys = question.keys.map((key) => key.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|');
  return `/special magic ${question.format}s? for (${keys}) is:? ([\\w-]+)/gi`;
}

/** Makes `rows` (one instance each) and `head` (what stands before the first) of labelled data. */
export const rowsOf = (view: View): string[] => [
  asText(view),
  'const rows = text.split("\\n").filter((line) => line.includes("|| Instance: ")).map((line) => line.split("|| Instance: ")[1].trim());',
  'const head = text.slice(0, Math.max(0, text.indexOf("Date: "))).trim();',
];

/** A prompt that asks for the label of each numbered line. */
export const labelPrompt =
  '(piece) => `Give each numbered line one of the categories named here. Answer with lines "<number>: <category>" and nothing else.\\n${head}\\n\\n${piece.map((row, at) => `${at + 1}: ${row}`).join("\\n")}`';

/** Counts labels in answers of lines `<n>: label`. */
export const countLabels = [
  'const counts = {};',
  'let read = 0;',
  'for (const answer of answers) {',
  '  for (const line of answer.split("\\n")) {',
  '    const label = /^\\s*\\d+: (.+)$/.exec(line)?.[1]?.trim();',
  '    if (label) { counts[label] = (counts[label] ?? 0) + 1; read += 1; }',
  '  }',
  '}',
];

/** Rows one sub-call is given: many enough to need few calls, few enough that the answer is not cut. */
export function rowsPerCall(view: View, calls: number): number {
  return Math.min(200, Math.max(40, Math.ceil(view.context.lines / Math.max(1, calls))));
}

/** Sub-calls a careful strategy allows itself. */
export function callsAllowed(view: View, most: number): number {
  return Math.max(1, Math.min(most, Math.floor((view.subcalls ?? most) * 0.8)));
}

export const quoted = (text: string): string => JSON.stringify(text);
