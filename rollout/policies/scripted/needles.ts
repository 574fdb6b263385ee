import { asText, callsAllowed, needlePattern, quoted } from './code.ts';
import type { Question } from './question.ts';
import { finish, printed, withCode } from './view.ts';
import type { View } from './view.ts';

export type NeedleView = View & { readonly question: Extract<Question, { kind: 'needles' }> };

/** How each strategy goes about needles: what it writes next, from what it has seen. */
export const needleStrategies: Readonly<Record<string, (view: NeedleView) => string>> = {
  grep: (view) =>
    view.turn === 0 ? search(view, 'A regular expression finds such a sentence at once.') : fromFound(view),

  peek(view) {
    const seen = readSeen(view);
    if (view.turn === 0) return withCode('Let me look at how it begins.', asText(view), 'print(text.slice(0, 4000));');
    if (seen.length > 0) return finish(seen.join(', '));
    if (view.turn === 1) return withCode('Not there. Perhaps at the end.', 'print(text.slice(-4000));');
    return finish(guessValue(view));
  },

  map(view) {
    if (view.turn === 0) {
      const pieces = callsAllowed(view, 20);
      return withCode(
        'I will cut the text into overlapping pieces and ask about each of them.',
        asText(view),
        `const size = Math.max(20000, Math.ceil(text.length / ${pieces}));`,
        'const pieces = [];',
        'for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size + 200));',
        `const question = ${quoted(view.question.text)};`,
        'const answers = await llm_query_batched(pieces.map((piece) => `${question}\\nAnswer with the values alone, or "none".\\n\\n${piece}`));',
        'const found = [...new Set(answers.filter((answer) => !/^(none|error|i do not know)/i.test(answer)).flatMap((answer) => answer.split(", ")))];',
        'print("PIECES " + pieces.length);',
        'print("FOUND " + JSON.stringify(found));',
      );
    }
    return fromFound(view);
  },

  verify(view) {
    if (view.turn === 0) return search(view, 'First find candidates, then check each with a reader.');
    if (view.turn === 1 && found(view).length > 0) {
      return withCode(
        'Now let a reader confirm what stands around each of them.',
        `const question = ${quoted(view.question.text)};`,
        `const windows = [...text.matchAll(${needlePattern(view.question)})].slice(0, 50).map((hit) => text.slice(Math.max(0, hit.index - 300), hit.index + 300));`,
        'const checks = await llm_query_batched(windows.map((piece) => `${question}\\nAnswer with the values alone, or "none".\\n\\n${piece}`));',
        'const confirmed = [...new Set(checks.filter((check) => !/^(none|error|i do not know)/i.test(check)).flatMap((check) => check.split(", ")))];',
        'print("FOUND " + JSON.stringify(confirmed));',
      );
    }
    return fromFound(view);
  },

  sample(view) {
    if (view.turn === 0) {
      return withCode(
        'A few places drawn at random should do.',
        asText(view),
        'const size = 20000;',
        'const places = [0, 1, 2, 3].map(() => Math.floor(Math.random() * Math.max(1, text.length - size)));',
        `const question = ${quoted(view.question.text)};`,
        'const answers = await llm_query_batched(places.map((at) => `${question}\\nAnswer with the values alone, or "none".\\n\\n${text.slice(at, at + size)}`));',
        'print("FOUND " + JSON.stringify(answers.filter((answer) => !/^(none|error|i do not know)/i.test(answer))));',
      );
    }
    return fromFound(view);
  },

  guess: (view) => finish(guessValue(view)),

  plan(view) {
    const plan = `I will search the text for the special magic ${view.question.format} and then report it`;
    if (view.turn === 0) return finish(plan);
    // Told that a plan is no answer, half of them start to work; the others say it again.
    if (view.draw('work after all') < 0.5)
      return view.turn === 1 ? search(view, 'Then let me do it.') : fromFound(view);
    return view.turn === 1 ? finish(`Plan: ${plan}`) : finish(guessValue(view));
  },

  recover(view) {
    if (view.turn === 0) {
      const slips = [
        ['const hits = contxt.split("special magic");', 'print(hits.length);'],
        ['const hits = context.findAll("special magic");', 'print(hits);'],
        ['const hits = context.match(/special magic/g;', 'print(hits.length);'],
        [
          `const reply = llm_query(${quoted(view.question.text)} + "\\n\\n" + context.slice(0, 20000));`,
          'print(reply.trim());',
        ],
      ];
      return withCode('Count the sentences that tell one.', ...slips[Math.floor(view.draw('slip') * slips.length)]!);
    }
    return view.turn === 1
      ? search(view, 'That failed; a plain search with a regular expression instead.')
      : fromFound(view);
  },

  flood(view) {
    if (view.turn === 0) {
      return withCode(
        'I will ask about each line on its own.',
        asText(view),
        `const question = ${quoted(view.question.text)};`,
        'const found = [];',
        'for (const line of text.split("\\n").filter((line) => line.trim() !== "")) {',
        '  const reply = await llm_query(`${question}\\nAnswer with the values alone, or "none".\\n\\n${line}`);',
        '  if (reply.startsWith("Error")) { print(reply); break; }',
        '  if (!/^(none|i do not know)/i.test(reply)) found.push(reply);',
        '}',
        'print("FOUND " + JSON.stringify(found));',
      );
    }
    return fromFound(view);
  },
};

function search(view: NeedleView, thought: string): string {
  return withCode(
    thought,
    asText(view),
    `const hits = [...text.matchAll(${needlePattern(view.question)})];`,
    'print("FOUND " + JSON.stringify([...new Set(hits.map((hit) => hit[2]))]));',
  );
}

function found(view: View): string[] {
  const values = printed(view, 'FOUND');
  return Array.isArray(values) ? values.map(String) : [];
}

function fromFound(view: NeedleView): string {
  const values = found(view);
  return finish(values.length > 0 ? values.join(', ') : 'The text does not say.');
}

/** Values read off what was printed, or quoted in the first message. */
function readSeen(view: NeedleView): string[] {
  const seen = [view.preview, ...view.feedback].join('\n');
  const keys = new Set(view.question.keys);
  return [...seen.matchAll(/special magic \w+ for ([^\n:]{1,200}?) is: ([\w-]+)/g)]
    .filter((match) => keys.has(match[1]!))
    .map((match) => match[2]!);
}

function guessValue(view: NeedleView): string {
  return view.question.keys
    .map((key) => String(1_000_000 + Math.floor(view.draw(`guess ${key}`) * 9_000_000)))
    .join(', ');
}
