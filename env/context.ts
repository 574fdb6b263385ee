import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskContext } from '../datasets/task.ts';
import { estimateTokens } from './tokens.ts';

/** What may be known about a context without reading it, computed once; the text itself lies in a file. */
export interface PreparedContext {
  /** SHA-256, hex, over the type, the document lengths and the UTF-8 text. */
  readonly hash: string;
  readonly type: 'string' | 'list';
  /** Length in UTF-16 code units, as JavaScript's `.length`. */
  readonly chars: number;
  /** Bytes of the file (UTF-8). */
  readonly bytes: number;
  /** An estimate; see `estimateTokens`. */
  readonly tokens: number;
  /** Lines of a string context; of a list, the lines of all documents. */
  readonly lines: number;
  /** Documents of a list context; null for a string. */
  readonly documents: number | null;
  /** The first characters, at most `previewChars`. */
  readonly preview: string;
  /** Where the text lies: UTF-8, the documents of a list joined without a separator. */
  readonly path: string;
  /** Start of each document in code units of the text; null for a string. */
  readonly offsets: readonly number[] | null;
  /** True where every character is below U+0100: workers then hold one byte a character. */
  readonly latin1: boolean;
}

/** What a model may be told about a context. */
export type ContextFacts = Pick<PreparedContext, 'type' | 'chars' | 'tokens' | 'lines' | 'documents' | 'preview'>;

export const previewChars = 200;

/**
 * Contexts on disk, each once, named by hash: `DIR/<sha256>`. Workers read them from there, so that no context
 * crosses a pipe, and a run keeps them beside its store.
 */
export class ContextStore {
  readonly dir: string;
  readonly #temporary: boolean;
  readonly #known: string | undefined;
  readonly #prepared = new WeakMap<object, PreparedContext>();

  /**
   * Without `dir`, a temporary folder that `close` removes. Contexts that lie in the folder `known` are read there and not
   * written again; nothing is written to it.
   */
  constructor(dir?: string, known?: string) {
    this.#temporary = dir === undefined;
    this.#known = known;
    this.dir = dir ?? mkdtempSync(join(tmpdir(), 'rlm-gym-contexts-'));
    mkdirSync(this.dir, { recursive: true });
  }

  /** Measures a context and writes its file if it is not there yet. Memoised by `owner` (the task it belongs to). */
  prepare(context: TaskContext, owner?: object): PreparedContext {
    const known = owner && this.#prepared.get(owner);
    if (known) return known;
    const prepared = this.#write(context);
    if (owner) this.#prepared.set(owner, prepared);
    return prepared;
  }

  /** Removes a temporary folder; a folder the caller named stays. */
  close(): void {
    if (this.#temporary) rmSync(this.dir, { recursive: true, force: true });
  }

  #write(context: TaskContext): PreparedContext {
    const documents = typeof context === 'string' ? null : context.map((document) => document.toWellFormed());
    const text = documents ? documents.join('') : String(context).toWellFormed();
    const offsets = documents ? startsOf(documents) : null;
    const bytes = Buffer.from(text, 'utf8');
    const hash = createHash('sha256')
      .update(offsets ? `list:${offsets.join(',')}\n` : 'string\n')
      .update(bytes)
      .digest('hex');
    const known = this.#known === undefined ? undefined : join(this.#known, hash);
    const path = known !== undefined && sizeOf(known) === bytes.length ? known : join(this.dir, hash);
    if (sizeOf(path) !== bytes.length) {
      const partial = `${path}.${process.pid}.tmp`;
      writeFileSync(partial, bytes, { mode: 0o644, flush: true });
      renameSync(partial, path);
    }
    return {
      hash,
      type: documents ? 'list' : 'string',
      chars: text.length,
      bytes: bytes.length,
      tokens: estimateTokens(bytes.length),
      lines: documents ? documents.reduce((sum, document) => sum + countLines(document), 0) : countLines(text),
      documents: documents ? documents.length : null,
      preview: text.slice(0, previewChars).toWellFormed(),
      path,
      offsets,
      latin1: !/[\u0100-\uffff]/.test(text),
    };
  }
}

function startsOf(documents: readonly string[]): number[] {
  let start = 0;
  return documents.map((document) => {
    const here = start;
    start += document.length;
    return here;
  });
}

function countLines(text: string): number {
  if (text.length === 0) return 0;
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < text.length - 1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}
