import { asText, quoted } from './code.ts';
import { finish, printed, withCode } from './view.ts';
import type { View } from './view.ts';

/** What is done about a question of no known form: ask a reader about pieces, then about its own notes. */
export function playOther(view: View, strategy: string): string {
  if (strategy === 'guess') return finish('I do not know.');
  if (strategy === 'plan' && view.turn === 0) return finish('I will read the text and then answer');
  if (strategy === 'peek') {
    if (view.turn === 0) return withCode('Let me look at it.', asText(view), 'print(text.slice(0, 4000));');
    return finish(view.last.slice('REPL output:\n'.length, 200).split('\n')[0] ?? '');
  }
  if (printed(view, 'ANSWER') === undefined && view.feedback.length < 2) {
    return withCode(
      'I will ask about each piece, then about the answers.',
      asText(view),
      `const question = ${quoted(view.question.text)};`,
      'const size = Math.max(50000, Math.ceil(text.length / 10));',
      'const pieces = [];',
      'for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size));',
      'const ask = typeof llm_query_batched === "function" ? llm_query_batched : async (prompts) => prompts.map(() => "I do not know.");',
      'const notes = await ask(pieces.map((piece) => `${question}\\n\\n${piece}`));',
      'const known = notes.filter((note) => !/^(none|error|i do not know)/i.test(note));',
      'print("ANSWER " + JSON.stringify(known.join("\\n").slice(0, 4000)));',
    );
  }
  const answer = printed(view, 'ANSWER');
  return finish(typeof answer === 'string' && answer !== '' ? answer : 'I do not know.');
}
