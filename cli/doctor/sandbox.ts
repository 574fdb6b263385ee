import { ContextStore } from '../../env/context.ts';
import { createJavaScriptBackend } from '../../env/repl/javascript/backend.ts';
import { type CellProgress, defaultReplLimits } from '../../env/repl/repl.ts';
import type { Check } from './machine.ts';

/** Opens a REPL, reads the context, stops a loop, and looks for what must not be there. */
export async function checkSandbox(): Promise<Check> {
  const name = 'sandbox';
  const contexts = new ContextStore();
  const backend = createJavaScriptBackend({ workers: 1 });
  try {
    const context = contexts.prepare('one two three');
    const repl = await backend.open({
      context,
      seed: 1,
      limits: { ...defaultReplLimits, cellCpuMs: 200 },
      functions: [],
    });
    const read = await repl.run('print(context.split(" ").length)');
    expect(read, (result) => result.stdout.trim() === '3', 'a cell did not read its context');
    const reach = 'print([typeof process, typeof require, typeof fetch, typeof WebAssembly].join())';
    const none = 'undefined,undefined,undefined,undefined';
    expect(await repl.run(reach), (result) => result.stdout.trim() === none, 'a cell reaches more than it should');
    expect(await repl.run('for (;;);'), (result) => result.limit === 'cell_timeout', 'a loop was not stopped');
    await repl.close();
    const { kind, why } = await backend.sandbox();
    const within = kind === 'bubblewrap' ? 'workers run inside bubblewrap' : `workers run without bubblewrap: ${why}`;
    return { name, ok: true, detail: `a cell ran, saw nothing of this machine, and a loop was stopped; ${within}` };
  } catch (error) {
    const fix = 'npm install (isolated-vm has prebuilt binaries for Linux x64 and arm64 and for macOS arm64)';
    return { name, ok: false, detail: (error as Error).message, fix };
  } finally {
    await backend.close();
    contexts.close();
  }
}

type Result = Extract<CellProgress, { state: 'done' }>['result'];

function expect(progress: CellProgress, holds: (result: Result) => boolean, otherwise: string): void {
  if (progress.state === 'done' && holds(progress.result)) return;
  const seen = progress.state === 'done' ? `${progress.result.stdout}${progress.result.stderr}` : 'it waits';
  throw new Error(`${otherwise}: ${seen.slice(0, 200)}`);
}
