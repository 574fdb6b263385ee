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
  readonly poll: Door;
}

export interface OpenIsolate {
  readonly isolate: ivm.Isolate;
  readonly doors: Doors;
}

const program = `(function ($0, $1, $2, $3, $4) {${bootstrapSource}})`;
/** V8's code of the bootstrap, made by the first isolate of a worker: it saves the others a millisecond each. */
let compiled: ivm.ExternalCopy<ArrayBuffer> | undefined;

/**
 * A fresh isolate with the bootstrap in it; no reference and no callback of the worker's goes inside. V8 charges the
 * shared context to each isolate's limit, so its bytes come on top of the working memory.
 */
export function openIsolate(
  shared: SharedContext,
  limits: ReplLimits,
  seed: number,
  functions: readonly string[],
): OpenIsolate {
  const isolate = new ivm.Isolate({ memoryLimit: Math.max(8, Math.ceil(shared.bytes / 2 ** 20) + limits.memoryMb) });
  const inside: InsideLimits = {
    outputChars: limits.outputChars,
    answerChars: limits.answerChars,
    requestsPerCell: limits.requestsPerCell,
    promptChars: limits.promptChars,
    promptCharsPerCell: 32 * limits.promptChars,
  };
  const script = isolate.compileScriptSync(
    program,
    compiled ? { filename: 'repl', cachedData: compiled } : { filename: 'repl', produceCachedData: true },
  );
  // The type of a script leaves this out.
  compiled ??= (script as ivm.Script & { readonly cachedData?: ivm.ExternalCopy<ArrayBuffer> }).cachedData;
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
    poll: door('poll'),
  };
  mailbox.release();
  install.release();
  script.release();
  return { isolate, doors };
}
