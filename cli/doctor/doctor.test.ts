import { describe, expect, test } from 'vitest';
import { checkEndpoints } from './endpoints.ts';
import { checkDisk, checkNode, checkPlatform, checkStore } from './machine.ts';
import { checkSandbox } from './sandbox.ts';

describe('the machine', () => {
  test('this one passes', async () => {
    const checks = [checkNode(), checkStore(), checkDisk('nowhere/yet'), await checkSandbox()];
    for (const check of checks) expect(check.ok, `${check.name}: ${check.detail}`).toBe(true);
  });

  test('an old Node fails with its fix', () => {
    expect(checkNode('20.11.0')).toMatchObject({ ok: false, fix: expect.stringContaining('npm install') });
  });

  test.each([
    ['linux', 'x64', true, /^linux x64, \d+ cores/],
    ['linux', 'arm64', true, /not tested/],
    ['darwin', 'arm64', true, /not tested/],
    ['darwin', 'x64', false, /not supported/],
    ['win32', 'x64', false, /not supported/],
  ])('%s %s: %s', (platform, arch, ok, detail) => {
    const check = checkPlatform(platform, arch);
    expect(check).toMatchObject({ ok, detail: expect.stringMatching(detail) });
    if (!ok) expect(check.fix).toBeTruthy();
  });
});

describe('endpoints', () => {
  const root = { name: 'openai', baseURL: 'http://127.0.0.1:9/v1', model: 'm' };
  const answers =
    (status: number, body: unknown = {}): typeof fetch =>
    () =>
      Promise.resolve(Response.json(body, { status }));
  const refused: typeof fetch = () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }));

  test.each([
    ['answers', answers(200, { data: [{ id: 'm' }] }), { ok: true }],
    ['lists no models', answers(200), { ok: true }],
    ['has other models', answers(200, { data: [{ id: 'a' }, { id: 'b' }] }), { ok: false, fix: 'choose one of: a, b' }],
    ['refuses the key', answers(401), { ok: false, fix: 'look at the key in OPENAI_API_KEY' }],
    ['is not there', refused, { ok: false, detail: expect.stringContaining('ECONNREFUSED') }],
  ])('one that %s', async (_what, fetcher, expected) => {
    const found = await checkEndpoints({ root }, {}, fetcher);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject(expected);
  });

  test('a public one without a key is not asked; scripted ones are none; each is asked once', async () => {
    const never: typeof fetch = () => Promise.reject(new Error('asked'));
    const far = { ...root, baseURL: 'https://api.example.com/v1' };
    const [check] = await checkEndpoints({ root: far }, {}, never);
    expect(check).toMatchObject({ ok: false, fix: expect.stringContaining('export OPENAI_API_KEY') });
    expect(await checkEndpoints({ root: { name: 'scripted' }, llm: { name: 'oracle' } }, {}, never)).toEqual([]);
    expect(await checkEndpoints({ root, llm: root }, {}, answers(200))).toHaveLength(1);
  });
});
