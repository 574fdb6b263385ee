import { mix } from '../../../env/seed.ts';
import type { PolicyRequest } from '../policy.ts';
import { readQuestion } from './question.ts';
import type { Question } from './question.ts';

/**
 * What a strategy sees: the query, what it was told about the context, and what its code has printed so far. All of it is
 * read out of the request's messages.
 */
export interface View {
  readonly question: Question;
  /** Number of the text to write, from 0. */
  readonly turn: number;
  readonly context: { readonly list: boolean; readonly chars: number; readonly lines: number };
  /** The opening of the context that the first message quotes. */
  readonly preview: string;
  /** Feedback so far, one text a turn: output, errors, hints. */
  readonly feedback: readonly string[];
  /** The last of them; empty on the first turn. */
  readonly last: string;
  /** Sub-calls that are left; null where none is said. */
  readonly subcalls: number | null;
  readonly lastTurn: boolean;
  /** A number in [0, 1) for a purpose: always the same in one call. */
  draw(purpose: string): number;
}

const described = /\n\n`context` is (?:an array of ([\d,]+) documents, )?(?:a string of )?([\d,]+) characters/;

export function readView(request: PolicyRequest): View {
  const users = request.messages.filter(({ role }) => role === 'user' || role === 'tool').map(({ content }) => content);
  const opening = users[0] ?? '';
  const at = described.exec(opening);
  const about = at ? opening.slice(at.index) : '';
  const feedback = users.slice(1);
  const last = feedback.at(-1) ?? '';
  const now = last === '' ? about : last;
  const left = /(\d+) sub-calls left/.exec(now.slice(now.lastIndexOf('\n\nTurn ')))?.[1];
  return {
    question: readQuestion(at ? opening.slice(0, at.index) : opening),
    turn: request.call.turn,
    context: {
      list: at?.[1] !== undefined,
      chars: toNumber(at?.[2]),
      lines: toNumber(/, ([\d,]+) lines/.exec(about)?.[1] ?? at?.[1]),
    },
    preview: previewOf(about),
    feedback,
    last,
    subcalls: left === undefined ? null : Number(left),
    lastTurn: now.includes('This is the last turn'),
    draw: (purpose) => mix(request.draw, purpose) / 2 ** 32,
  };
}

/** A line that a strategy's code printed after a marker, as JSON; undefined where there is none (yet). */
export function printed(view: View, marker: string): unknown {
  for (const text of view.feedback.toReversed()) {
    const line = new RegExp(`^${marker} (.*)$`, 'm').exec(text)?.[1];
    if (line === undefined) continue;
    try {
      return JSON.parse(line) as unknown;
    } catch {
      // Cut in the middle by the output cap.
    }
  }
  return undefined;
}

/** A message with a thought and one block of code. */
export function withCode(thought: string, ...lines: string[]): string {
  return `${thought}\n\`\`\`repl\n${lines.join('\n')}\n\`\`\``;
}

/** A message that finishes. */
export const finish = (answer: string): string => `FINAL(${answer})`;

const toNumber = (text: string | undefined): number => Number((text ?? '0').replaceAll(',', ''));

function previewOf(about: string): string {
  const quoted = /It begins: ("(?:[^"\\]|\\.)*")/.exec(about)?.[1];
  if (quoted === undefined) return '';
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return '';
  }
}
