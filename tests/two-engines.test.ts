import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exitCodes } from '../cli/exit-codes.ts';
import { fakeEndpoint } from './fake-endpoint.ts';
import { startCli } from './soak/soak.ts';

const base = mkdtempSync(join(tmpdir(), 'rlm-gym-two-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

test(
  'a second engine on a run is refused by the name of the first, which plays on undisturbed',
  { timeout: 60_000 },
  async () => {
    const endpoint = await fakeEndpoint(() => ({ delayMs: 150 }));
    try {
      const rows = Array.from({ length: 10 }, (_, at) =>
        JSON.stringify({
          id: `t${at}`,
          query: 'What is the number?',
          context: `It is 42, and ${at} is not.`,
          answer: '42',
        }),
      );
      const tasks = join(base, 'tasks.jsonl');
      writeFileSync(tasks, rows.join('\n'));
      const config = join(base, 'config.json');
      const root = { name: 'openai', baseURL: endpoint.url, model: 'fake' };
      const rollout = { group: 4, concurrency: 1 };
      writeFileSync(
        config,
        JSON.stringify({ name: 'two', tasks: [{ family: 'jsonl', path: tasks }], policies: { root }, rollout }),
      );
      const argv = ['rollout', config, '--run', join(base, 'run')];

      const first = startCli(argv);
      const begun = Date.now();
      while (endpoint.requests < 3 && Date.now() - begun < 20_000)
        await new Promise((resolve) => setTimeout(resolve, 20));
      const second = await startCli(argv).ended;
      expect(second.status, second.stderr).toBe(exitCodes.refused);
      expect(second.stderr).toMatch(new RegExp(`^error: .*\\b${first.pid}\\b`, 'm'));
      expect(second.stderr).toMatch(/^next: /m);

      const { status, stdout } = await first.ended;
      expect(status).toBe(exitCodes.ok);
      expect(stdout).toContain('40 of 40 episodes');
      // One text an episode: the second asked for none.
      expect(endpoint.requests).toBe(40);
    } finally {
      endpoint.close();
    }
  },
);
