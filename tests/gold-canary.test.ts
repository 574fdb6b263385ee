import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { taskSchema } from '../datasets/task.ts';
import { ContextStore } from '../env/context.ts';
import { createJavaScriptBackend } from '../env/repl/javascript/backend.ts';
import { createRlmEnvironment } from '../env/rlm-environment.ts';

const word = (label: string): string => `${label}${randomBytes(12).toString('hex')}`;
const code = (body: string): string => `\`\`\`repl\n${body}\n\`\`\``;

/** Plays half an episode over a task whose host-only fields are random words, and keeps all that left the host. */
async function playWithSecrets() {
  const secrets = {
    id: word('id'),
    answer: word('gold'),
    metadata: word('meta'),
    family: word('family'),
    seed: 987_654_321_987,
  };
  const shown = word('context');
  const sent: string[] = [];
  const backend = createJavaScriptBackend({
    workers: 1,
    onWorkerMessage: (message) => sent.push(JSON.stringify(message)),
  });
  const contexts = new ContextStore();
  const env = createRlmEnvironment({ backend, contexts, reward: () => ({ reward: 1, components: {} }) });
  const task = taskSchema.parse({
    id: secrets.id,
    family: secrets.family,
    query: 'What is it?',
    context: `${shown} ${'words '.repeat(1000)}`,
    answer: secrets.answer,
    metadata: { note: secrets.metadata },
  });
  const { observation } = await env.reset({ task, seed: secrets.seed, identity: { run: 'r', index: 1 } });
  const asked = await env.step({
    message: code('var held = context; print(held.slice(0, 20), await llm_query("child " + held.slice(0, 20)))'),
  });
  const told = await env.step({ call: '0.1', message: 'fine' });
  const prompts = JSON.stringify([observation, asked.observation, told.observation]);
  const close = async () => {
    await env.close();
    await backend.close();
    contexts.close();
  };
  return { secrets, shown, sent: sent.join('\n'), prompts, pids: backend.pids(), close };
}

test('the gold answer, task id, family, metadata and seed are in no prompt and no message to a worker', async () => {
  const { secrets, shown, sent, prompts, close } = await playWithSecrets();
  try {
    expect(prompts).toContain('fine');
    expect(sent).toContain('var held');
    expect(prompts).toContain(shown.slice(0, 20));
    for (const secret of Object.values(secrets).map(String)) {
      expect(sent).not.toContain(secret);
      expect(prompts).not.toContain(secret);
    }
  } finally {
    await close();
  }
});

test.skipIf(process.platform !== 'linux')(
  'nor in the memory, arguments, environment or open files of a worker (Linux only: read from /proc)',
  async () => {
    const { secrets, shown, pids, close } = await playWithSecrets();
    try {
      expect(pids.length).toBeGreaterThan(0);
      for (const pid of pids) {
        const seen = searchProcess(pid, [shown, ...Object.values(secrets).map(String)]);
        // The context itself must be found, or the search looks at nothing.
        expect(seen).toEqual([shown]);
      }
    } finally {
      await close();
    }
  },
  60_000,
);

/** Which of the words lie in a process's readable memory, argv, environment or the names of its open files. */
function searchProcess(pid: number, words: readonly string[]): string[] {
  const found = new Set<string>();
  const look = (bytes: Buffer) => {
    for (const text of words) {
      if (bytes.includes(text, 0, 'latin1') || bytes.includes(text, 0, 'utf16le')) found.add(text);
    }
  };
  look(readFileSync(`/proc/${pid}/cmdline`));
  look(readFileSync(`/proc/${pid}/environ`));
  for (const fd of readdirSync(`/proc/${pid}/fd`)) look(Buffer.from(readlinkSync(`/proc/${pid}/fd/${fd}`)));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const chunk = Buffer.alloc(1 << 24);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const region = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line);
      if (!region || line.endsWith('[vvar]') || line.endsWith('[vsyscall]')) continue;
      const end = Number(`0x${region[2]}`);
      for (let at = Number(`0x${region[1]}`); at < end; at += chunk.length - 256) {
        try {
          const read = readSync(memory, chunk, 0, Math.min(chunk.length, end - at), at);
          look(chunk.subarray(0, read));
        } catch {
          break; // A region that the kernel does not let be read.
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return words.filter((text) => found.has(text));
}
