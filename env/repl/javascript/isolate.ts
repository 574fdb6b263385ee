import ivm from 'isolated-vm';
import type { ReplLimits } from '../repl.ts';
import { bootstrapSource } from './inside/bootstrap.ts';
import type { InsideLimits } from './inside/mailbox.ts';
import type { SharedContext } from './shared-contexts.ts';

type Door = ivm.Reference<(...args: unknown[]) => unknown>;

/** The functions of the bootstrap that the worker may call; see `inside/mailbox.ts`. */
export interface Doors {
  readonly start: Door;
  readonly answer: Door;
  readonly settle: Door;
  readonly end: Door;
  readonly abort: Door;
  readonly close: Door;
  readonly poll: Door;
}

export interface OpenIsolate {
  readonly isolate: ivm.Isolate;
  readonly doors: Doors;
}

/** The program that makes every isolate of a worker a REPL. */
export class Bootstrap {
  readonly program: string;
  /** V8's code of it, made by the first isolate of a worker: it saves the others a millisecond each. */
  compiled: ivm.ExternalCopy<ArrayBuffer> | undefined;

  constructor(source = bootstrapSource()) {
    this.program = `(function ($0, $1, $2, $3, $4) {${source}})`;
  }
}

/**
 * A fresh isolate with the bootstrap in it; no reference and no callback of the worker's goes inside. V8 charges the
 * shared context to each isolate's limit, so its bytes come on top of the working memory.
 */
export function openIsolate(
  bootstrap: Bootstrap,
  shared: SharedContext,
  limits: ReplLimits,
  seed: number,
  functions: readonly string[],
  heapLimited = true,
): OpenIsolate {
  const memoryLimit = heapLimited ? Math.max(8, Math.ceil(shared.bytes / 2 ** 20) + limits.memoryMb) : 1e5;
  const isolate = new ivm.Isolate({ memoryLimit });
  const inside: InsideLimits = {
    outputChars: limits.outputChars,
    answerChars: limits.answerChars,
    requestsPerCell: limits.requestsPerCell,
    promptChars: limits.promptChars,
    promptCharsPerCell: 32 * limits.promptChars,
  };
  const script = isolate.compileScriptSync(
    bootstrap.program,
    bootstrap.compiled
      ? { filename: 'repl', cachedData: bootstrap.compiled }
      : { filename: 'repl', produceCachedData: true },
  );
  // The type of a script leaves this out.
  bootstrap.compiled ??= (script as ivm.Script & { readonly cachedData?: ivm.ExternalCopy<ArrayBuffer> }).cachedData;
  const install = script.runSync(isolate.createContextSync(), { reference: true }) as unknown as Door;
  const mailbox = install.applySync(
    undefined,
    [shared.text.copyInto(), shared.offsets?.copyInto(), seed, JSON.stringify(inside), JSON.stringify(functions)],
    { result: { reference: true } },
  ) as ivm.Reference<Record<keyof Doors, unknown>>;
  const door = (name: keyof Doors) => mailbox.getSync(name, { reference: true }) as unknown as Door;
  const doors = {
    start: door('start'),
    answer: door('answer'),
    settle: door('settle'),
    end: door('end'),
    abort: door('abort'),
    close: door('close'),
    poll: door('poll'),
  };
  mailbox.release();
  install.release();
  script.release();
  return { isolate, doors };
}
