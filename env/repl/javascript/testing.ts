import { ContextStore } from '../../context.ts';
import type { TaskContext } from '../../../datasets/task.ts';
import {
  defaultReplLimits,
  type CellResult,
  type Repl,
  type ReplBackend,
  type ReplLimits,
  type SubcallRequest,
} from '../repl.ts';
import { createJavaScriptBackend, type JavaScriptBackendOptions } from './backend.ts';

/** A cell that was played to its end. */
export interface PlayedCell extends CellResult {
  /** Every request the cell made, in order. */
  readonly asked: readonly SubcallRequest[];
}

export interface TestRepl {
  readonly repl: Repl;
  /** Runs a cell to its end; sub-calls are answered by `reply` (by default `A<id>`), all that wait at once. */
  readonly cell: (code: string, reply?: (request: SubcallRequest) => string) => Promise<PlayedCell>;
}

/** Tests' own: a backend of one worker, with its contexts. Dispose of it with `await using`. */
export function testBackend(
  options: JavaScriptBackendOptions = {},
  backend: Pick<ReplBackend, 'open' | 'close'> & { pids(): number[] } = createJavaScriptBackend({
    workers: 1,
    ...options,
  }),
) {
  const store = new ContextStore();
  return {
    backend,
    async open(
      context: TaskContext = 'hello world',
      limits: Partial<ReplLimits> = {},
      functions: readonly string[] = ['llm_query', 'llm_query_batched', 'rlm_query', 'rlm_query_batched'],
      seed = 7,
    ): Promise<TestRepl> {
      const repl = await backend.open({
        context: store.prepare(context),
        seed,
        limits: { ...defaultReplLimits, ...limits },
        functions,
      });
      return { repl, cell: (code, reply) => play(repl, code, reply) };
    },
    async [Symbol.asyncDispose]() {
      await backend.close();
      store.close();
    },
  };
}

async function play(
  repl: Repl,
  code: string,
  reply: (request: SubcallRequest) => string = ({ id }) => `A${id}`,
): Promise<PlayedCell> {
  const asked: SubcallRequest[] = [];
  let progress = await repl.run(code);
  for (let round = 0; round < 10_000; round += 1) {
    asked.push(...progress.requests);
    if (progress.state === 'done') return { ...progress.result, asked };
    const open = progress.requests;
    if (open.length === 0) throw new Error('the cell waits, but asked for nothing');
    progress = await repl.answer(open.map((request) => ({ id: request.id, text: reply(request) })));
  }
  throw new Error('the cell did not end');
}
