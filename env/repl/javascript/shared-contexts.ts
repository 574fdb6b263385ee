import { transcode } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import ivm from 'isolated-vm';

export interface ContextSource {
  readonly hash: string;
  /** Where it lies, or else what it holds. */
  readonly path: string | null;
  readonly bytes: Uint8Array | null;
  readonly chars: number;
  readonly latin1: boolean;
  readonly offsets: Uint32Array | null;
}

/** One context as all isolates of a worker share it. */
export interface SharedContext {
  readonly text: ivm.ExternalCopy<string>;
  readonly offsets: ivm.ExternalCopy<ArrayBuffer> | null;
  /** Bytes that V8 charges to each isolate's memory limit. */
  readonly bytes: number;
}

interface Entry {
  readonly source: ContextSource;
  users: number;
  loading: Promise<SharedContext> | null;
  loaded: SharedContext | null;
}

/**
 * The contexts of a worker: each is read from its file once and kept while a REPL uses it, and after that while the
 * unused ones stay below `idleBytes` (least recently used go first).
 */
export class SharedContexts {
  readonly #entries = new Map<string, Entry>();
  readonly #idleBytes: number;

  constructor(idleBytes = 128 * 1024 * 1024) {
    this.#idleBytes = idleBytes;
  }

  /** Tells where a context lies, before the first REPL that uses it. */
  define(source: ContextSource): void {
    if (!this.#entries.has(source.hash))
      this.#entries.set(source.hash, { source, users: 0, loading: null, loaded: null });
  }

  async acquire(hash: string): Promise<SharedContext> {
    const entry = this.#entries.get(hash);
    if (!entry) throw new Error(`context ${hash} was not defined`);
    this.#entries.delete(hash);
    this.#entries.set(hash, entry);
    entry.users += 1;
    if (entry.loaded) return entry.loaded;
    entry.loading ??= load(entry.source);
    try {
      entry.loaded = await entry.loading;
      return entry.loaded;
    } catch (error) {
      entry.users -= 1;
      throw error;
    } finally {
      entry.loading = null;
    }
  }

  release(hash: string): void {
    const entry = this.#entries.get(hash);
    if (!entry) return;
    entry.users -= 1;
    if (entry.users === 0) this.#trim();
  }

  #trim(): void {
    let idle = 0;
    for (const { users, loaded } of this.#entries.values()) if (users === 0) idle += loaded?.bytes ?? 0;
    for (const [hash, { users, loaded }] of this.#entries) {
      if (users > 0) continue;
      if (idle <= this.#idleBytes && this.#entries.size <= 1000) return;
      idle -= loaded?.bytes ?? 0;
      loaded?.text.release();
      loaded?.offsets?.release();
      this.#entries.delete(hash);
    }
  }
}

async function load({ path, bytes: given, chars, latin1, offsets }: ContextSource): Promise<SharedContext> {
  const bytes = path === null ? Buffer.from(given ?? []) : await readFile(path);
  // One byte a character halves what the isolates are charged with; decoding UTF-8 may give two where one would do.
  const narrow = latin1 && chars !== bytes.length ? transcode(bytes, 'utf8', 'latin1') : bytes;
  const text = narrow.toString(latin1 ? 'latin1' : 'utf8');
  if (text.length !== chars)
    throw new Error(`the context ${path ?? 'sent'} holds ${text.length} characters, not ${chars}`);
  return {
    text: new ivm.ExternalCopy(text),
    offsets: offsets ? new ivm.ExternalCopy(offsets.slice().buffer) : null,
    bytes: latin1 ? chars : 2 * chars,
  };
}
