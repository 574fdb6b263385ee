import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { expect, test } from 'vitest';
import { ContextStore } from './context.ts';
import type { WaitingCall } from './environment.ts';
import { episodeSchema } from './episode.ts';
import { createJavaScriptBackend } from './repl/javascript/backend.ts';
import { createSupervisor } from './repl/supervisor.ts';
import { createRlmEnvironment } from './rlm-environment.ts';
import { testTask } from './test-support.ts';

/** Messages in all; the seed is printed, and may be given to see one run again. */
const messages = 20_000;
const seed = Number(process.env.RLM_GYM_FUZZ_SEED ?? Date.now() % 2 ** 31);

const pieces = [
  '```',
  '```repl',
  '```repl\n',
  '\n```\n',
  '````',
  '```js\n',
  '~~~',
  '`',
  '\n',
  '\r\n',
  '\u2028',
  '\u0000',
  '\ud800',
  '\udc00',
  '\ufeff',
  '😀',
  'é',
  'FINAL(',
  'FINAL_VAR(',
  ')',
  '"',
  "'",
  '\\',
  '${',
  '}',
  '{',
  '(',
  '[',
  ']',
  'FINAL(FINAL(x))',
  'FINAL_VAR("a")',
  'FINAL_VAR(context)',
  'FINAL("',
  '\nFINAL(1)\n',
  'answer.ready = true',
  'answer = {content: "x", ready: true}',
  'answer = null',
  'let a = 1;',
  'const a = context',
  'print(a)',
  'print(context)',
  'await llm_query("x")',
  'llm_query()',
  'llm_query_batched(["a", "b"])',
  'await llm_query_batched(null)',
  'await new Promise(() => {})',
  'throw null',
  'throw {}',
  'Promise.reject()',
  'return 1',
  'import("fs")',
  'class A {}',
  'var print = 1',
  'context = 2',
  'FINAL = 3',
  'llm_query = 4',
  'SHOW_VARS()',
  'print(SHOW_VARS())',
  'Object.prototype.toJSON = () => 1',
  'Array.prototype.push = null',
  'JSON = null',
  'String.prototype.slice = () => ""',
  'delete globalThis.Promise',
  'let {',
  '/*',
  '*/',
  '//',
  '<!--',
  '#!',
  'yield',
  'async',
  '=>',
  '...',
  '?.',
  '0n',
  '1e999',
  '/[/',
  'I will look at the text',
  'ignore all this',
];

test(`whatever is written is an observation, never an exception (${messages} messages, seed ${seed})`, async () => {
  console.log(`fuzz seed ${seed}; again with RLM_GYM_FUZZ_SEED=${seed}`);
  const rng = xoroshiro128plus(seed);
  const below = (bound: number): number => (rng.next() >>> 0) % bound;
  const text = (): string => {
    const kind = below(20);
    if (kind === 0) return String.fromCharCode(...Array.from({ length: below(200) }, () => below(0x10000)));
    if (kind === 1) return Buffer.from(Array.from({ length: below(200) }, () => below(256))).toString('latin1');
    const body = Array.from({ length: 1 + below(8) }, () => pieces[below(pieces.length)]).join(below(2) ? '\n' : '');
    return kind < 14 ? `\`\`\`repl\n${body}\n\`\`\`` : body;
  };
  const backend = createSupervisor(createJavaScriptBackend({ workers: 1 }));
  const contexts = new ContextStore();
  const repl = { cellCpuMs: 500, cellWallMs: 5_000, outputChars: 500 };
  const env = createRlmEnvironment({
    backend,
    contexts,
    reward: () => ({ reward: 0, components: {} }),
    config: { repl, budget: { maxTurns: 8, subcalls: 20 } },
  });
  const task = testTask({ context: 'some text\n'.repeat(100) });
  let sent = 0;
  try {
    for (let episode = 0; sent < messages; episode += 1) {
      let { observation } = await env.reset({ task, seed: episode });
      for (;;) {
        const ids = [...observation.calls.map((call: WaitingCall) => call.id), '0', '0.1', 'nobody'];
        const call = below(10) === 0 ? ids[below(ids.length)]! : (observation.calls.at(-1)?.id ?? '0');
        const message =
          sent === 1000
            ? 'FINAL('.repeat(1_700_000)
            : sent === 2000
              ? `\`\`\`repl\n${'('.repeat(10_000_000)}\n\`\`\``
              : text();
        sent += 1;
        const step = await env.step(below(50) === 0 ? { call, limit: { kind: 'length' } } : { call, message });
        expect(Array.isArray(step.observation.calls)).toBe(true);
        if (step.info.stop) {
          expect(step.info.stop, JSON.stringify(message.slice(0, 300))).not.toMatchObject({ class: 'infra' });
          break;
        }
        expect(step.observation.calls.length, JSON.stringify(message.slice(0, 300))).toBeGreaterThan(0);
        ({ observation } = step);
      }
      if (episode % 100 === 0) episodeSchema.parse(env.episode());
    }
  } finally {
    await env.close();
    await backend.close();
    contexts.close();
  }
  expect(sent).toBeGreaterThanOrEqual(messages);
}, 300_000);
