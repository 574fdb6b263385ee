import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../configs/load.ts';
import { checkNames } from './check-names.ts';
import { configJsonSchema } from './config-schema.ts';
import { packageFile } from './package-root.ts';

describe('the JSON Schema for editors', () => {
  test('is fresh (else: npm run schema)', () => {
    const file: unknown = JSON.parse(readFileSync(packageFile('configs/rlm-gym.schema.json'), 'utf8'));
    expect(file).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  test('knows the names of every folder and their options', () => {
    const text = JSON.stringify(configJsonSchema());
    for (const name of ['niah', 'oolong', 'jsonl', 'scripted', 'openai', 'oracle', 'javascript', 'sft-turns']) {
      expect(text).toContain(`"${name}"`);
    }
    for (const option of ['variant', 'apiKeyEnv', 'errorRate', 'maxTurns']) expect(text).toContain(`"${option}":`);
  });
});

describe('the configs that ship', () => {
  test.each(['quickstart', 'openai', 'real-text'])('%s.yaml is right, and names its schema', (name) => {
    const path = packageFile(`configs/${name}.yaml`);
    checkNames(loadConfig(path, { env: { RLM_GYM_DATA: '/data' } }));
    expect(readFileSync(path, 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/rlm-gym\.schema\.json\n/);
  });

  test('the quickstart is as large as it says', () => {
    const { tasks, rollout } = loadConfig(packageFile('configs/quickstart.yaml'));
    const perFamily = new Map<string, number>();
    for (const { family, count } of tasks) perFamily.set(family, (perFamily.get(family) ?? 0) + count!);
    expect(Object.fromEntries(perFamily)).toEqual({ niah: 6, oolong: 6 });
    expect(rollout.group).toBe(8);
    for (const { length } of tasks) expect(length).toBeGreaterThanOrEqual(200_000);
  });
});

test('everything that a config names wrongly is told at once', () => {
  const config = loadConfig(packageFile('configs/quickstart.yaml'), {
    set: ['tasks.0.variant=double', 'tasks.3.family=olong', 'policies.root.name=script', 'export.formats=[tft]'],
  });
  const told = () => checkNames(config);
  expect(told).toThrow(/tasks\.0 .*variant/);
  expect(told).toThrow(/tasks\.3: there is no family "olong"; choose one of: niah, oolong/);
  expect(told).toThrow(/policies\.root: there is no policy "script"/);
  expect(told).toThrow(/export\.formats\.0: there is no format "tft"/);
});
