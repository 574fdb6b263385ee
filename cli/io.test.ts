import { expect, test } from 'vitest';
import { createIo, redactor } from './io.ts';

test('with --json everything for people goes to stderr', () => {
  for (const json of [false, true]) {
    let stdout = '';
    let stderr = '';
    const streams = { stdout: (t: string) => (stdout += t), stderr: (t: string) => (stderr += t) };
    const io = createIo({ ...streams, terminal: false, env: {} }, json);
    io.say('said');
    io.log('logged');
    io.result({ a: 1 });
    expect(stdout).toBe(json ? '{"a":1}\n' : 'said\n');
    expect(stderr).toBe(json ? 'said\nlogged\n' : 'logged\n');
  }
});

test('values of keys are replaced by their names, the longest first', () => {
  const clean = redactor({ A_KEY: 'abcdefgh', B_TOKEN: 'abcdefghij', SHORT_KEY: 'abc', PATH: '/usr/local/bin' });
  expect(clean('Bearer abcdefghij, abcdefgh, abc, /usr/local/bin')).toBe(
    'Bearer [B_TOKEN], [A_KEY], abc, /usr/local/bin',
  );
});
