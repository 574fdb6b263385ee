import type { Message } from '../episode.ts';
import type { Dialect, Feedback, Opening, ParsedText, ShownCell } from './dialect.ts';
import { splitFences } from './fences.ts';

/** `1,234,567`; made once, because making a formatter costs more than using it. */
const numbers = new Intl.NumberFormat('en-US');
const count = (value: number): string => numbers.format(value);

/** Tags whose blocks are run. `repl` is the one the prompt names. */
const tags = new Set(['repl', 'js', 'javascript']);

/**
 * The dialect of the JavaScript REPL: code in `repl` fences with top-level `await`; it ends with `FINAL(value)` or
 * `FINAL_VAR("name")`, in code or as a line of prose, or with `answer.content = …; answer.ready = true` in code.
 */
export const javascriptDialect: Dialect = {
  name: 'javascript',
  describe: 'JavaScript REPL; FINAL(...), FINAL_VAR("name") or answer.ready = true',
  language: 'javascript',
  functions: { llm: ['llm_query', 'llm_query_batched'], rlm: ['rlm_query', 'rlm_query_batched'] },
  opening: (opening) => [
    { role: 'system', content: instructions(opening) },
    {
      role: 'user',
      content: `${opening.query}\n\n${describeContext(opening)}\n\n${budgetLine({ turn: 1, ...opening })}`,
    },
  ],
  parse,
  feedback: (feedback) => [{ role: 'user', content: feedbackText(feedback) } satisfies Message],
  errorText: (reason, detail) => `Error: ${detail ?? reasons[reason] ?? reason}`,
};

const reasons: Readonly<Record<string, string>> = {
  budget_depth: 'no sub-calls are allowed at this depth',
  budget_subcalls: 'the sub-calls of this episode are used up; go on with what you have',
  budget_fanout: 'too many prompts in one batch; send fewer at once',
  budget_tokens: 'the tokens of this episode are used up; go on with what you have',
  budget_usd: 'the money of this episode is used up; go on with what you have',
  context_overflow: 'the prompt is too long for the model; send a shorter one',
  content_filter: 'the model refused this prompt',
  length: 'the answer was cut off',
  max_turns: 'the call ran out of turns without an answer',
  cell_timeout: 'the call ran out of time',
  sandbox_oom: 'the call ran out of memory',
  cancelled: 'cancelled, because the cell that asked had ended',
};

function instructions(opening: Opening): string {
  const { functions } = opening;
  const query = functions.includes('llm_query');
  const recursive = functions.includes('rlm_query');
  const lines = [
    'You answer a question about a text that is too long to read at once. The text is not in this conversation: it is the variable `context` in a JavaScript REPL. You look at it by writing code.',
    '',
    'To run code, write a block fenced with ```repl. Variables, functions and classes last from one block to the next, `await` works at the top level, and you are shown what `print(...)` or `console.log(...)` writes' +
      ` (at most about ${count(opening.outputChars)} characters a block). The value of a bare expression is not shown. There is no file system, no network and no import.`,
    '',
    'In the REPL you have:',
    '- `context`: the text, a string or an array of strings.',
  ];
  if (query) {
    lines.push(
      '- `await llm_query(prompt)`: asks a language model and resolves to its answer, a string. It sees the prompt alone, so put the piece of the text it needs into it' +
        ` (at most ${count(opening.promptChars)} characters).`,
      '- `await llm_query_batched(prompts)`: asks many prompts at once and resolves to their answers in the same order. Prefer a few large pieces to many small ones: sub-calls are counted.',
    );
  }
  if (recursive) {
    lines.push(
      '- `await rlm_query(prompt)` and `await rlm_query_batched(prompts)`: the same, but the callee has a REPL of its own in which your prompt is `context`. For pieces that are themselves too long to read at once.',
    );
  }
  lines.push(
    '- `SHOW_VARS()`: the names and types of your variables, as text.',
    '- `FINAL(value)`: gives the answer and ends. `FINAL_VAR("name")`: gives the value of a variable. Or set `answer.content = value; answer.ready = true`.',
    '',
    query
      ? 'Work in steps: look at a small part of `context` first, then search or split it with code, use sub-calls for what needs reading and understanding, and check before you finish.'
      : 'Work in steps: look at a small part of `context` first, then search or split it with code, and check before you finish.',
    'Give the answer itself, not a plan for finding it, and only once you have seen the output it rests on. You may also finish outside code with a line `FINAL(your answer)` or `FINAL_VAR(name)`, in a message that has no code.',
  );
  return lines.join('\n');
}

function describeContext({ context }: Opening): string {
  const size = `${count(context.chars)} characters (about ${count(context.tokens)} tokens)`;
  const shape =
    context.type === 'list'
      ? `an array of ${count(context.documents ?? 0)} documents, ${size} in all`
      : `a string of ${size}, ${count(context.lines)} lines`;
  return `\`context\` is ${shape}. It begins: ${JSON.stringify(context.preview)}`;
}

function budgetLine({ turn, maxTurns, left }: Pick<Feedback, 'turn' | 'maxTurns' | 'left'>): string {
  const parts = [`Turn ${turn} of ${maxTurns}`];
  if (left.subcalls !== null) parts.push(`${left.subcalls} sub-calls left`);
  if (left.tokens !== null) parts.push(`${left.tokens} tokens left`);
  if (left.usd !== null) parts.push(`$${left.usd.toFixed(4)} left`);
  if (left.outputChars !== null) parts.push(`${left.outputChars} characters of output left`);
  const line = `${parts.join(', ')}.`;
  return turn === maxTurns ? `${line} This is the last turn: give your answer now.` : line;
}

function parse({ content }: { readonly content: string }): ParsedText {
  const fences = splitFences(content);
  const runnable = fences.blocks.filter((block) => tags.has(block.tag));
  const blocks = runnable.map((block) => block.code).filter((code) => code.trim() !== '');
  const finish = proseFinish(fences.prose);
  const slips: string[] = [];
  if (fences.unclosed !== null && tags.has(fences.unclosed)) slips.push('unclosed_fence');
  if (runnable.length > blocks.length) slips.push('empty_code');
  if (blocks.length === 0 && !finish) {
    if (fences.blocks.length > runnable.length) slips.push('other_fence');
    else if (slips.length === 0) slips.push('no_code');
  }
  return { blocks, finish, literalFinish: finishesWithLiteral(blocks), slips };
}

const wholeLine = /^[ \t]*(FINAL_VAR|FINAL)\((.*)$/;

/**
 * The first `FINAL(…)` or `FINAL_VAR(name)` that begins a line of prose. The argument ends at the parenthesis that
 * closes it; where none does, at the last `)` that ends a line.
 */
function proseFinish(prose: string): ParsedText['finish'] {
  if (!prose.includes('FINAL')) return null;
  let start = 0;
  for (const line of prose.split('\n')) {
    const match = wholeLine.exec(line);
    if (match?.[1] === 'FINAL_VAR') {
      const name = /^\s*["'`]?([A-Za-z_$][\w$]*)["'`]?\s*\)/.exec(match[2] ?? '');
      if (name?.[1]) return { source: 'FINAL_VAR', text: name[1] };
    } else if (match) {
      const from = start + line.indexOf('(') + 1;
      const end = closing(prose, from);
      return end === -1 ? null : { source: 'FINAL', text: unquote(prose.slice(from, end).trim()) };
    }
    start += line.length + 1;
  }
  return null;
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')' && depth === 0) return at;
    else if (text[at] === ')') depth -= 1;
  }
  const last = text.trimEnd();
  return last.endsWith(')') && last.length > from ? last.length - 1 : -1;
}

/** A text that is one quoted literal loses its quotes. */
function unquote(text: string): string {
  const quote = text[0];
  if (text.length < 2 || (quote !== '"' && quote !== "'" && quote !== '`') || !text.endsWith(quote)) return text;
  const inner = text.slice(1, -1);
  return inner.includes(quote) ? text : inner;
}

const literal = String.raw`(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|${'`'}[^${'`'}$\\]*${'`'}|-?\d[\d_.]*)`;
const literalFinish = new RegExp(
  String.raw`\bFINAL\(\s*${literal}\s*\)|\banswer\.content\s*=\s*${literal}|\banswer\s*=\s*\{\s*content\s*:\s*${literal}\s*,\s*ready\s*:\s*true\s*\}`,
);
const finishOnly = new RegExp(String.raw`${literalFinish.source}|\banswer\.ready\s*=\s*true|//[^\n]*|[\s;]+`, 'g');

function finishesWithLiteral(blocks: readonly string[]): boolean {
  const code = blocks.join('\n');
  if (code.length > 200_000 || !literalFinish.test(code)) return false;
  return code.replace(finishOnly, '') !== '';
}

function feedbackText(feedback: Feedback): string {
  const parts = feedback.cells.map((cell, at) => cellText(cell, feedback.cells.length > 1 ? ` (block ${at + 1})` : ''));
  for (const slip of feedback.slips) parts.push(slipTexts[slip] ?? slip);
  for (const reason of feedback.rejected) parts.push(rejectionTexts[reason]);
  parts.push(budgetLine(feedback));
  return parts.join('\n\n');
}

const slipTexts: Readonly<Record<string, string>> = {
  no_code:
    'Your message had no code and no answer. Write a block fenced with ```repl, or finish with FINAL(your answer).',
  empty_code: 'A code block was empty; nothing was run for it.',
  unclosed_fence: 'A code block was not closed with a line of three backticks, so it was not run.',
  other_fence: 'No code was run: only blocks fenced with ```repl are.',
};

const rejectionTexts = {
  finish_unseen:
    'Your answer was not taken: it stood in the same message as code whose output you had not seen. Read the output, then give the answer.',
  plan_as_answer:
    'Your answer was not taken: it reads as a plan, not as an answer. Carry the plan out, then give the answer itself.',
  final_var_unknown:
    'Your answer was not taken: FINAL_VAR names a variable that does not exist. Give it a value first, or use FINAL(value).',
} as const;

const hintTexts: Readonly<Record<string, string>> = {
  forgotten_await: 'Hint: llm_query and the other sub-call functions return promises; write `await llm_query(...)`.',
  unresolved_promise: 'Hint: the code waited for a promise that nothing could resolve.',
  final_var_unknown: 'Hint: FINAL_VAR names a variable that does not exist.',
};

const limitTexts: Readonly<Record<string, string>> = {
  cell_timeout: 'The code was stopped: it used more time than one block may.',
  sandbox_oom: 'The code was stopped: it used more memory than the REPL has.',
  sandbox_killed: 'The code was stopped: it broke the REPL.',
  cell_too_large: 'The code was not run: the block is too long.',
  too_many_requests: 'The code was stopped: it asked for more sub-calls than one block may.',
};

function cellText({ result, shown, refused }: ShownCell, label: string): string {
  const lines: string[] = [];
  if (shown !== '') lines.push(shown.endsWith('\n') ? shown.slice(0, -1) : shown);
  if (result.stderr !== '') lines.push(result.stderr);
  if (result.limit) lines.push(limitTexts[result.limit] ?? result.limit);
  if (lines.length === 0) lines.push('(no output; use print(...) to see a value)');
  if (refused.length > 0) {
    const first = refused[0]?.reason ?? '';
    lines.push(`${refused.length} sub-calls were refused: ${reasons[first] ?? first}.`);
  }
  if (result.overwritten.length > 0)
    lines.push(`Put back after you had overwritten it: ${result.overwritten.join(', ')}.`);
  for (const hint of result.hints) lines.push(hintTexts[hint] ?? hint);
  if (result.variables.length > 0) {
    lines.push(
      `Variables: ${result.variables
        .slice(0, 40)
        .map(({ name, type }) => `${name} (${type})`)
        .join(', ')}`,
    );
  }
  return `REPL output${label}:\n${lines.join('\n')}`;
}
