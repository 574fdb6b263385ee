import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { drawOf } from './episode-id.ts';
import { RunStore } from './store.ts';

const base = mkdtempSync(join(tmpdir(), 'rlm-gym-kill-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(base, { recursive: true, force: true });
});

function start(name: string, milliseconds: number): { child: ChildProcess; output: Promise<string> } {
  const fixture = join(import.meta.dirname, 'kill.fixture.ts');
  const args = ['--no-node-snapshot', fixture, join(base, name), join(base, `${name}.log`), String(milliseconds)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const output = new Promise<string>((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('close', () => resolve(text));
  });
  return { child, output };
}

function stored(name: string): Set<string> {
  if (!existsSync(join(base, name, 'run.db'))) return new Set();
  try {
    const store = RunStore.open(join(base, name), { readOnly: true });
    const ids = store.finished();
    store.close();
    return ids;
  } catch {
    // Killed, or still being made, before it had tables.
    return new Set();
  }
}

const lines = (name: string): string[] => {
  const path = join(base, `${name}.log`);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
};

function records(name: string): unknown[] {
  const store = RunStore.open(join(base, name), { readOnly: true });
  const episodes = [...store.episodes()].map((episode) => ({ ...episode, timing: null }));
  store.close();
  return episodes;
}

test(
  'a run killed with SIGKILL five times at random moments loses nothing and repeats nothing',
  { timeout: 120_000 },
  async () => {
    const total = 48;
    const whole = start('whole', 0);
    expect(JSON.parse(await whole.output)).toMatchObject({ ended: 'finished', done: total, void: 0 });

    let kills = 0;
    let before = new Set<string>();
    for (let starts = 0; kills < 5 && starts < 20; starts += 1) {
      const from = lines('killed').length;
      const { child, output } = start('killed', 12);
      // At least one more than at the last kill, and never all.
      const deadline = Date.now() + 20_000;
      while (stored('killed').size <= before.size && Date.now() < deadline) await delay(5);
      await delay(Math.random() * 60);
      child.kill('SIGKILL');
      await output;
      const after = stored('killed');
      expect(after.size).toBeGreaterThan(before.size);
      expect(after.size).toBeLessThan(total);
      for (const id of before) expect(after.has(id)).toBe(true);
      // What was stored when it started was not asked for again.
      const asked = new Set(lines('killed').slice(from));
      for (const id of before) {
        const [, round, taskId, index] = id.split('/') as [string, string, string, string];
        expect(asked.has(String(drawOf(11, { round: Number(round), taskId, index: Number(index) }, '0')))).toBe(false);
      }
      before = after;
      kills += 1;
    }
    expect(kills).toBe(5);

    const last = start('killed', 0);
    expect(JSON.parse(await last.output)).toMatchObject({
      ended: 'finished',
      done: total,
      before: before.size,
      void: 0,
    });
    expect(records('killed')).toEqual(records('whole'));
  },
);
