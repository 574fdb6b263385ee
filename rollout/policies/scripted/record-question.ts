import type { LabelQuestion } from './question.ts';

/** A part of labelled data that a question is about. */
export type Scope =
  | { readonly type: 'all' }
  | { readonly type: 'users'; readonly users: readonly string[] }
  | { readonly type: 'month'; readonly month: string }
  | { readonly type: 'range'; readonly from: string; readonly to: string };

/** What OOLONG's user and timeline questions ask for; `place` 1 is the second most. */
export type RecordAsk =
  | { readonly type: 'labels'; readonly ask: LabelQuestion }
  | { readonly type: 'user'; readonly place: 0 | 1 }
  | { readonly type: 'user of label'; readonly label: string }
  | { readonly type: 'date'; readonly place: 0 | 1 }
  | { readonly type: 'dates'; readonly times: number }
  | { readonly type: 'before and after'; readonly label: string; readonly date: string }
  | { readonly type: 'first month' | 'months more'; readonly a: string; readonly b: string }
  | { readonly type: 'months top'; readonly label: string };

export interface RecordQuestion {
  readonly scope: Scope;
  readonly ask: RecordAsk;
}

/** The wordings of OOLONG's user and timeline questions (arXiv 2511.02817, tables 16 and 17); null for any other. */
export function readRecordQuestion(text: string, counting: LabelQuestion | null): RecordQuestion | null {
  const asked = text.split(' Give your')[0]!;
  const scope = readScope(asked);
  const ask = readAsk(asked);
  if (ask) return { scope: pairOf(asked) ?? scope, ask };
  return counting && scope.type !== 'all' ? { scope, ask: { type: 'labels', ask: counting } } : null;
}

function readScope(asked: string): Scope {
  const users = /(?:associated with user|users with) IDs ([\d, ]+)\./.exec(asked)?.[1];
  if (users !== undefined) return { type: 'users', users: users.split(', ') };
  const month = /occur in (\w+) of any year/.exec(asked)?.[1];
  if (month !== undefined) return { type: 'month', month: month.slice(0, 3) };
  const range = /between (\w{3} \d\d, \d{4}) and (\w{3} \d\d, \d{4}), inclusive/.exec(asked);
  return range ? { type: 'range', from: range[1]!, to: range[2]! } : { type: 'all' };
}

/** Where two users are compared only their instances count. */
function pairOf(asked: string): Scope | null {
  const pair = /: User (\d+) or User (\d+)\?/.exec(asked);
  return pair ? { type: 'users', users: [pair[1]!, pair[2]!] } : null;
}

function readAsk(asked: string): RecordAsk | null {
  const place = asked.includes('the second most often') ? 1 : 0;
  if (asked.includes('which user is represented')) return { type: 'user', place };
  if (asked.includes('which date is represented')) return { type: 'date', place };
  const label = /which user has (?:the most|more) instances with the label (.+?)(?:: User \d+ or User \d+)?\?$/.exec(
    asked,
  );
  if (label) return { type: 'user of label', label: label[1]! };
  const times = /how many dates are represented exactly (\d+) times/.exec(asked);
  if (times) return { type: 'dates', times: Number(times[1]) };
  const cut = /was label '(.+?)' more common, .* before (\d{4}-\d\d-\d\d), as compared to after/.exec(asked);
  if (cut) return { type: 'before and after', label: cut[1]!, date: cut[2]! };
  const first = /In which month did the label '(.+?)'? first occur more often than the label '(.+?)'\?/.exec(asked);
  if (first) return { type: 'first month', a: first[1]!, b: first[2]! };
  const more = /For how many months does the label '(.+?)' occur more frequently than the label '(.+?)'\?/.exec(asked);
  if (more) return { type: 'months more', a: more[1]!, b: more[2]! };
  const top = /For how many months is the label '(.+?)' the single most/.exec(asked);
  return top ? { type: 'months top', label: top[1]! } : null;
}
