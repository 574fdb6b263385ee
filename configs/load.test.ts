import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, parseConfig } from './load.ts';

const minimal = `name: a
tasks:
  - family: niah
    count: 2
policies:
  root: { name: scripted }
`;

/** The message of the error that `act` throws. */
function message(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it did not throw');
}

describe('parseConfig', () => {
  test('fills defaults', () => {
    const config = parseConfig(minimal);
    expect(config.rollout).toEqual({
      group: 8,
      rounds: 1,
      concurrency: 32,
      attempts: 3,
      haltAfter: 50,
      haltKilled: 0.2,
    });
    expect(config.environment.budget.maxTurns).toBe(20);
    expect(config.export.formats).toEqual(['sft-turns', 'rl']);
    expect(config.tasks[0]).toMatchObject({ family: 'niah', count: 2, split: 'train' });
  });

  test('names file, line, place and what is wrong', () => {
    const text = minimal.replace('count: 2', 'count: two');
    expect(message(() => parseConfig(text, { where: 'x.yaml' }))).toMatch(/^x\.yaml:4: tasks\.0\.count: .*number/);
  });

  test('an unknown key lists the keys there', () => {
    const text = `${minimal}rollout:\n  grup: 4\n`;
    const told = message(() => parseConfig(text));
    expect(told).toContain('there is no key "grup" in rollout');
    expect(told).toContain('group, rounds, concurrency');
  });

  test('what is not YAML is said with its line', () => {
    expect(message(() => parseConfig('name: a\ntasks: [', { where: 'x.yaml' }))).toMatch(
      /^x\.yaml:2: this is not YAML/,
    );
    expect(message(() => parseConfig('- a'))).toContain('a config is a mapping');
    expect(message(() => parseConfig(''))).toContain('a config is a mapping');
  });
});

describe('variables', () => {
  const env = { COUNT: '7', HOST: 'http://127.0.0.1:1', OPENAI_API_KEY: 'sk-canary' };

  test('a whole plain scalar is read as YAML, a part of a text stays text', () => {
    const text = minimal.replace('count: 2', 'count: ${COUNT}\n    note: "${COUNT}"\n    url: ${HOST}/v1');
    expect(parseConfig(text, { env }).tasks[0]).toMatchObject({ count: 7, note: '7', url: 'http://127.0.0.1:1/v1' });
  });

  test('defaults and escapes', () => {
    const text = minimal.replace('count: 2', () => 'count: ${NONE:-3}\n    note: $${NONE}');
    expect(parseConfig(text, { env }).tasks[0]).toMatchObject({ count: 3, note: '${NONE}' });
  });

  test('one that is not set is named, with its line', () => {
    const text = minimal.replace('count: 2', 'count: ${NONE}');
    expect(message(() => parseConfig(text, { env, where: 'x.yaml' }))).toMatch(/^x\.yaml:4: .*NONE is not set.*export/);
  });

  test('a key is refused before it can be stored, and is not in the message', () => {
    const text = minimal.replace('scripted', '"${OPENAI_API_KEY}"');
    const told = message(() => parseConfig(text, { env }));
    expect(told).toContain('apiKeyEnv: OPENAI_API_KEY');
    expect(told).not.toContain('sk-canary');
  });
});

describe('--set', () => {
  test('sets numbers, lists and new keys', () => {
    const set = ['rollout.group=4', 'tasks.0.count=9', 'export.formats=[rl]', 'environment.budget.usd=0.5'];
    const config = parseConfig(minimal, { set });
    expect(config.rollout.group).toBe(4);
    expect(config.tasks[0]!.count).toBe(9);
    expect(config.export.formats).toEqual(['rl']);
    expect(config.environment.budget.usd).toBe(0.5);
  });

  test.each([
    ['rollout', 'write it as path=value'],
    ['=1', 'write it as path=value'],
    ['tasks.3.count=1', 'items 0 to 0'],
    ['name.x=1', 'it has no keys'],
    ['__proto__.x=1', 'no key "__proto__"'],
    ['rollout.grup=1', 'there is no key "grup"'],
    ['rollout.group=[', 'not YAML'],
  ])('%s is refused: %s', (setting, why) => {
    expect(message(() => parseConfig(minimal, { set: [setting] }))).toContain(why);
  });
});

test('loadConfig names a file that is not there and the command that makes one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlm-gym-load-'));
  try {
    expect(message(() => loadConfig(join(folder, 'none.yaml')))).toMatch(/no such file.*rlm-gym init/);
    writeFileSync(join(folder, 'a.yaml'), minimal);
    expect(loadConfig(join(folder, 'a.yaml')).name).toBe('a');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
