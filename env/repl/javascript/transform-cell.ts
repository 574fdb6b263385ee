import {
  Parser,
  type FunctionDeclaration,
  type Pattern,
  type Program,
  type Statement,
  type VariableDeclaration,
} from 'acorn';
import { MagicString } from 'magic-string';

/** A cell that is not JavaScript; the message is what the model is shown. */
export class CellSyntaxError extends Error {
  override name = 'SyntaxError';
}

export interface TransformedCell {
  /** An async function of (done, fail): calls one of them when the cell's body has ended. */
  readonly code: string;
  /** Top-level names the cell declares. */
  readonly names: readonly string[];
  /** The cell's own line for a line of `code`; both from 1. */
  originalLine(line: number): number;
}

/** Duplicate declarations are allowed in a REPL, and acorn's own check of them is quadratic. */
const CellParser = Parser.extend(
  (Base) =>
    class extends Base {
      declareName(): void {
        // Nothing: V8 still checks every scope below the top level.
      }
    },
);

/**
 * Rewrites a cell so that its top-level declarations become globals, which outlive the cell and may be declared again,
 * and so that `await` works at the top level: the body is wrapped into an async function, `const x = 1` becomes an
 * assignment, functions are assigned before anything else runs. Throws a {@link CellSyntaxError}.
 *
 * Not kept: `const` and the temporal dead zone at the top level, and functions declared inside blocks.
 */
export function transformCell(source: string): TransformedCell {
  const program = parse(source);
  if (!program.body.some((statement) => rewritten.has(statement.type))) return wrapped(source);
  const text = new MagicString(source);
  const names = new Set<string>();
  const anchor = program.body.find((statement) => statement.type !== 'FunctionDeclaration')?.start ?? source.length;
  for (const statement of program.body) rewrite(statement as Statement, text, names, anchor);
  text.prepend(before);
  text.append(after);
  return {
    code: text.toString(),
    names: [...names],
    originalLine: (line) => originalLine(text, line),
  };
}

const before = '(async(__done,__fail)=>{try{';
const after = '\n;__done()}catch(__error){__fail(__error)}})';

/** The statements that can hold a declaration which must outlive the cell. */
const rewritten = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'VariableDeclaration',
  'BlockStatement',
  'IfStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'LabeledStatement',
  'WithStatement',
  'TryStatement',
  'SwitchStatement',
]);

function wrapped(source: string): TransformedCell {
  return { code: before + source + after, names: [], originalLine: (line) => line };
}

function parse(source: string): Program {
  try {
    return CellParser.parse(source, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      allowAwaitOutsideFunction: true,
      allowHashBang: false,
    });
  } catch (error) {
    if (error instanceof RangeError) throw new CellSyntaxError('the code is nested too deeply', { cause: error });
    if (!(error instanceof SyntaxError)) throw error;
    const { loc } = error as SyntaxError & { loc?: { line: number } };
    const message = error.message
      .replace(/\s*\(\d+:\d+\)$/, '')
      .replace(/^'import' and 'export'.*/, 'import and export do not work in the REPL');
    throw new CellSyntaxError(loc ? `${message} (line ${loc.line})` : message, { cause: error });
  }
}

/** `anchor`: where the first statement that is no function begins, or null below the top level. */
function rewrite(statement: Statement, text: MagicString, names: Set<string>, anchor: number | null): void {
  const top = anchor !== null;
  switch (statement.type) {
    case 'FunctionDeclaration':
      if (top) hoist(statement, text, names, anchor);
      return;
    case 'ClassDeclaration':
      if (!top) return;
      names.add(statement.id.name);
      text.appendLeft(statement.start, `${statement.id.name}=`);
      text.appendLeft(statement.end, ';');
      return;
    case 'VariableDeclaration':
      if (top || statement.kind === 'var') rewriteDeclaration(statement, text, names, false);
      return;
    case 'BlockStatement':
      for (const inner of statement.body) rewrite(inner, text, names, null);
      return;
    case 'IfStatement':
      rewrite(statement.consequent, text, names, null);
      if (statement.alternate) rewrite(statement.alternate, text, names, null);
      return;
    case 'ForStatement':
      if (statement.init?.type === 'VariableDeclaration' && statement.init.kind === 'var') {
        rewriteDeclaration(statement.init, text, names, true);
      }
      rewrite(statement.body, text, names, null);
      return;
    case 'ForInStatement':
    case 'ForOfStatement':
      if (statement.left.type === 'VariableDeclaration' && statement.left.kind === 'var') {
        const pattern = statement.left.declarations[0]?.id;
        if (pattern) {
          collectNames(pattern, names);
          text.remove(statement.left.start, pattern.start);
        }
      }
      rewrite(statement.body, text, names, null);
      return;
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'LabeledStatement':
    case 'WithStatement':
      rewrite(statement.body, text, names, null);
      return;
    case 'TryStatement':
      rewrite(statement.block, text, names, null);
      if (statement.handler) rewrite(statement.handler.body, text, names, null);
      if (statement.finalizer) rewrite(statement.finalizer, text, names, null);
      return;
    case 'SwitchStatement':
      for (const { consequent } of statement.cases) {
        for (const inner of consequent) rewrite(inner, text, names, null);
      }
      return;
    default:
  }
}

/** `function f() {}` becomes `f=function () {};` before the first other statement. */
function hoist(declaration: FunctionDeclaration, text: MagicString, names: Set<string>, anchor: number): void {
  const { id, start, end } = declaration;
  names.add(id.name);
  text.remove(id.start, id.end);
  text.appendRight(start, `${id.name}=`);
  text.appendLeft(end, ';');
  if (start < anchor) return;
  text.appendRight(end, ';');
  text.move(start, end, anchor);
}

/** `let a = 1, {b} = c` becomes `void (a = 1, {b} = c);`, which can neither join the line before nor the one after it. */
function rewriteDeclaration(
  declaration: VariableDeclaration,
  text: MagicString,
  names: Set<string>,
  bare: boolean,
): void {
  const [first] = declaration.declarations;
  if (!first || (declaration.kind as string).includes('using')) return;
  text.overwrite(declaration.start, first.start, 'void (');
  for (const { id, init, end } of declaration.declarations) {
    collectNames(id, names);
    if (init) continue;
    if (declaration.kind === 'var') text.appendLeft(id.start, '0,');
    else text.appendLeft(end, '=undefined');
  }
  const last = declaration.declarations.at(-1) ?? first;
  const closed = bare || text.original[declaration.end - 1] === ';';
  text.appendLeft(last.end, closed ? ')' : ');');
}

function collectNames(pattern: Pattern, names: Set<string>): void {
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern.name);
      return;
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        collectNames(property.type === 'RestElement' ? property.argument : property.value, names);
      }
      return;
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element) collectNames(element, names);
      return;
    case 'RestElement':
      collectNames(pattern.argument, names);
      return;
    case 'AssignmentPattern':
      collectNames(pattern.left, names);
      return;
    default:
  }
}

/** Lines shift only where functions were moved up; looked up when an error is told, so the map is made then. */
function originalLine(text: MagicString, line: number): number {
  const segments = text.generateDecodedMap({ hires: false }).mappings[line - 1];
  const found = segments?.find((segment) => segment.length >= 4) as [number, number, number, number] | undefined;
  return found ? found[2] + 1 : line;
}
