import type { ContextFacts } from '../context.ts';
import type { BudgetLeft } from '../budget.ts';
import type { Message, ToolCallRecord } from '../episode.ts';
import type { CellResult } from '../repl/repl.ts';

/** What a call is told when it opens. */
export interface Opening {
  readonly query: string;
  readonly context: ContextFacts;
  readonly maxTurns: number;
  readonly left: BudgetLeft;
  /** Sub-call functions that are bound in the REPL. */
  readonly functions: readonly string[];
  /** Characters of a cell's output that are kept. */
  readonly outputChars: number;
  /** Characters one sub-call's prompt may have. */
  readonly promptChars: number;
}

/** How a model's text is to be taken. Parsing is linear in the text and never throws. */
export interface ParsedText {
  /** Code to run, in order. */
  readonly blocks: readonly string[];
  /** A finish given outside code: a literal text, or the name of a REPL variable. */
  readonly finish: { readonly source: 'FINAL' | 'FINAL_VAR'; readonly text: string } | null;
  /**
   * True where code finishes with a literal beside other code of the same message: the answer cannot rest on output
   * that the model has not seen yet.
   */
  readonly literalFinish: boolean;
  /** Slips: `no_code`, `empty_code`, `unclosed_fence`, `other_fence`. */
  readonly slips: readonly string[];
}

/** One executed cell as it is shown. `shown` is stdout, perhaps shortened further by the output budget. */
export interface ShownCell {
  readonly result: CellResult;
  readonly shown: string;
  readonly refused: readonly { readonly reason: string }[];
}

export interface Feedback {
  readonly cells: readonly ShownCell[];
  readonly slips: readonly string[];
  /** Finishes that were not taken, and why. */
  readonly rejected: readonly ('finish_unseen' | 'plan_as_answer' | 'final_var_unknown')[];
  /** Number of the turn that comes next, from 1. */
  readonly turn: number;
  readonly maxTurns: number;
  readonly left: BudgetLeft;
}

/**
 * How a model is told to act and to finish. A dialect is data and pure functions of it: equal inputs give equal
 * messages, byte for byte.
 */
export interface Dialect {
  readonly name: string;
  readonly describe: string;
  readonly language: 'javascript' | 'python';
  /** The sub-call functions it binds where sub-calls may be opened. */
  readonly functions: { readonly llm: readonly string[]; readonly rlm: readonly string[] };
  opening(opening: Opening): Message[];
  parse(message: { readonly content: string; readonly toolCalls?: readonly ToolCallRecord[] }): ParsedText;
  feedback(feedback: Feedback): Message[];
  /** What code gets in place of an answer. */
  errorText(reason: string, detail?: string): string;
}
