import { needleKeys } from '../read-prompt.ts';
import { readProgramQuestion, type ProgramAsk } from './programs.ts';
import { readRecordQuestion, type RecordQuestion } from './record-question.ts';

/** What a query asks, read out of its text as a model would. */
export type Question =
  | { readonly kind: 'needles'; readonly text: string; readonly format: string; readonly keys: readonly string[] }
  | { readonly kind: 'labels'; readonly text: string; readonly ask: LabelQuestion }
  | ({ readonly kind: 'records'; readonly text: string } & RecordQuestion)
  | { readonly kind: 'program'; readonly text: string; readonly ask: ProgramAsk }
  | { readonly kind: 'other'; readonly text: string };

export type LabelQuestion =
  | { readonly type: 'most' | 'least'; readonly labels: readonly string[] }
  | { readonly type: 'compare'; readonly a: string; readonly b: string }
  | { readonly type: 'count'; readonly label: string };

export function readQuestion(text: string): Question {
  const keys = needleKeys(text);
  if (keys.length > 0) {
    const format = /special magic (\w+?)s? for/.exec(text)?.[1] ?? 'number';
    return { kind: 'needles', text, format, keys };
  }
  const ask = readLabelQuestion(text);
  const records = readRecordQuestion(text, ask);
  if (records) return { kind: 'records', text, ...records };
  if (ask) return { kind: 'labels', text, ask };
  const program = readProgramQuestion(text);
  return program ? { kind: 'program', text, ask: program } : { kind: 'other', text };
}

/** The wordings of OOLONG's counting questions (abertsch72/oolong). */
function readLabelQuestion(text: string): LabelQuestion | null {
  const compared = /is label '([^']+)' more common, less common, or the same frequency as label '([^']+)'/.exec(text);
  if (compared) return { type: 'compare', a: compared[1]!, b: compared[2]! };
  const counted = /how many data points should be classified as label '([^']+)'/.exec(text);
  if (counted) return { type: 'count', label: counted[1]! };
  const extreme = /which of the labels is the (most|least) common/.exec(text);
  if (!extreme) return null;
  const labels = /one of the labels: ([^\n]+?)\.?$/m.exec(text)?.[1]?.split(', ') ?? [];
  return { type: extreme[1] as 'most' | 'least', labels };
}

/** The answer in the form the query asks for, from counts by label. */
export function answerFromCounts(ask: LabelQuestion, counts: Readonly<Record<string, number>>): string {
  const of = (label: string): number => Math.round(counts[label] ?? 0);
  switch (ask.type) {
    case 'count':
      return `Answer: ${of(ask.label)}`;
    case 'compare': {
      const sign = Math.sign(of(ask.a) - of(ask.b));
      return comparison(ask, sign);
    }
    default: {
      const known = ask.labels.length > 0 ? ask.labels : Object.keys(counts);
      const sorted = [...known].sort((x, y) => of(y) - of(x));
      return `Label: ${(ask.type === 'most' ? sorted[0] : sorted.at(-1)) ?? 'unknown'}`;
    }
  }
}

export function comparison(ask: { readonly a: string; readonly b: string }, sign: number): string {
  const phrase = sign > 0 ? 'more common than' : sign < 0 ? 'less common than' : 'same frequency as';
  return `Answer: ${ask.a} is ${phrase} ${ask.b}`;
}
