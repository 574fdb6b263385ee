import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Outcome, RewardFunction } from '../../env/environment.ts';
import type { Episode } from '../../env/episode.ts';
import { testTask } from '../../env/test-support.ts';
import { createRubric } from '../rubric.ts';

const dir = mkdtempSync(join(tmpdir(), 'rlm-gym-scorer-'));
const open: RewardFunction[] = [];
afterEach(async () => {
  for (const reward of open.splice(0)) await reward.close?.();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let rows = 0;
const outcome = (answer: string | null, more: Partial<Outcome> = {}): Outcome => ({
  answer,
  task: testTask({ answer: ['two words'], metadata: { level: 3 } }),
  episode: {
    id: `row-${(rows += 1)}`,
    stop: { reason: answer === null ? 'max_turns' : 'answered', class: answer === null ? 'policy' : 'answer' },
    calls: [],
  } as unknown as Episode,
  ...more,
});
const rubric = (component: Record<string, unknown> & { name: string }): RewardFunction => {
  const reward = createRubric({ components: [{ weight: 1, ...component }] });
  open.push(reward);
  return reward;
};
const why = async (reward: RewardFunction, answer: string): Promise<[number | null, string | undefined]> => {
  const { reward: value, components } = await reward(outcome(answer));
  return [value, Object.values(components)[0]?.why];
};

/** A scorer in JavaScript: `body` is run for each `row` and returns what to write. */
const program = (body: string): string[] => {
  const path = join(dir, `scorer-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    path,
    `import { createInterface } from 'node:readline';
     let count = 0;
     for await (const line of createInterface({ input: process.stdin })) {
       const row = JSON.parse(line); count += 1;
       const text = await (async () => { ${body} })();
       process.stdout.write((typeof text === 'string' ? text : JSON.stringify({ id: row.id, ...text })) + '\\n');
     }`,
  );
  return [process.execPath, path];
};
const command = (body: string, options: object = {}): RewardFunction =>
  rubric({ name: 'command', command: program(body), ...options });

describe('a program of one’s own', () => {
  const python = spawnSync('python3', ['-c', 'print(1)'], { env: { PATH: process.env.PATH } }).status === 0;
  test.skipIf(!python)('the Python example of the docs scores for real (skipped: no python3 in PATH)', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/my-own-scorer-command.md'), 'utf8');
    const path = join(dir, 'scorer.py');
    writeFileSync(path, /^```python\n([\s\S]*?)^```/m.exec(page)![1]!);
    const reward = rubric({ name: 'command', command: ['python3', path], timeoutSeconds: 20 });
    expect(await why(reward, 'two other')).toEqual([0.5, '1 of 2 words']);
    expect(await why(reward, 'Two WORDS')).toEqual([1, '2 of 2 words']);
    const empty = outcome('x', { task: testTask({ answer: '' }) });
    expect(await reward(empty)).toMatchObject({ reward: null, components: { command: { why: 'the gold is empty' } } });
  });

  test('lives on from row to row, is sent what it needs, one row at a time, and is not asked without an answer', async () => {
    const reward = command('return { score: count / 10, why: JSON.stringify(row) };');
    const all = await Promise.all(['a', 'b', 'c'].map(async (answer) => reward(outcome(answer))));
    expect(all.map((one) => one.reward)).toEqual([0.1, 0.2, 0.3]);
    expect(JSON.parse(all[0]!.components.command!.why!)).toEqual({
      id: expect.stringMatching(/^row-/) as string,
      prediction: 'a',
      gold: ['two words'],
      answer_type: 'text',
      query: 'What is it?',
      metadata: { level: 3 },
    });
    expect(await reward(outcome(null))).toMatchObject({
      reward: 0,
      components: { command: { why: 'no answer: max_turns' } },
    });
    expect((await why(reward, 'd'))[0]).toBe(0.4);
  });

  test.each([
    ['a crash', 'console.error("my reason"); process.exit(3);', /it ended with status 3.*my reason/],
    ['no JSON', 'return "garbage";', /no JSON: garbage/],
    ['a score out of range', 'return { score: 2 };', /does not fit.*score/],
    ['no score', 'return { why: "?" };', /does not fit/],
    ['another row’s id', 'return { id: "other", score: 1 };', /answered row other/],
    ['silence', 'await new Promise(() => setInterval(() => 0, 1000));', /no reply within 0.7 s/],
    [
      'a line without end',
      'process.stdout.write("x".repeat(3e6)); await new Promise((r) => setTimeout(r, 5000));',
      /more than 1 MB/,
    ],
    ['null and no reason', 'return { score: null };', /gave null and no reason/],
  ])('%s is null with the reason, never 0; the next row is scored by a new start', async (_name, body, reason) => {
    const reward = command(`if (row.prediction === 'bad') { ${body} } return { score: 1 };`, { timeoutSeconds: 0.7 });
    // Node itself may take long to start on a busy machine.
    const patient = command(`if (row.prediction === 'bad') { ${body} } return { score: 1 };`, { timeoutSeconds: 20 });
    const used = _name === 'silence' ? reward : patient;
    const [value, said] = await why(used, 'bad');
    expect(value).toBeNull();
    expect(said).toMatch(reason);
    if (used === patient) expect(await why(used, 'good')).toEqual([1, undefined]);
  });

  test('is started again a bounded number of times, and then given up', async () => {
    const log = join(dir, 'starts');
    const reward = command(`(await import('node:fs')).appendFileSync(${JSON.stringify(log)}, '.'); process.exit(1);`, {
      restarts: 2,
      timeoutSeconds: 20,
    });
    for (let row = 0; row < 5; row += 1) expect((await why(reward, 'x'))[0]).toBeNull();
    expect(readFileSync(log, 'utf8')).toBe('...');
    expect((await why(reward, 'x'))[1]).toMatch(/started 3 times and is given up; last: it ended with status 1/);
  });

  test('that does not exist is null, with its name', async () => {
    expect(await why(rubric({ name: 'command', command: ['/no/such/program'] }), 'x')).toEqual([
      null,
      expect.stringContaining('ENOENT'),
    ]);
  });

  test('sees no variable but those named, and ends with its rubric', async () => {
    process.env.RLM_GYM_TEST_API_KEY = 'secret';
    process.env.RLM_GYM_TEST_NAMED = 'shown';
    try {
      const reward = command('return { score: 1, why: process.pid + " " + Object.keys(process.env).sort().join() };', {
        env: ['RLM_GYM_TEST_NAMED'],
        timeoutSeconds: 20,
      });
      const [, said] = await why(reward, 'x');
      const [pid, names] = said!.split(' ') as [string, string];
      expect(names.split(',').filter((name) => name !== 'LANG')).toEqual(['PATH', 'RLM_GYM_TEST_NAMED']);
      await reward.close?.();
      expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
    } finally {
      delete process.env.RLM_GYM_TEST_API_KEY;
      delete process.env.RLM_GYM_TEST_NAMED;
    }
  });

  test('holds no finished program open', () => {
    const script = `
      import { createRubric } from ${JSON.stringify(join(import.meta.dirname, '../rubric.ts'))};
      const reward = createRubric({ components: [{ name: 'command', weight: 1, command: ${JSON.stringify(program('return { score: 1 };'))} }] });
      const { reward: value } = await reward({ answer: 'a', task: { answer: 'a', answerType: 'text', query: '', metadata: {}, scorer: 'exact' }, episode: { id: 'e', stop: { class: 'answer' } } });
      console.log(value);`;
    const path = join(dir, 'host.ts');
    writeFileSync(path, script);
    expect(execFileSync(process.execPath, [path], { encoding: 'utf8', timeout: 30_000 }).trim()).toBe('1');
  });
});

describe('an endpoint of one’s own', () => {
  async function serve(answer: (body: string, response: ServerResponse, n: number) => unknown) {
    let requests = 0;
    const headers: IncomingMessage['headers'][] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers);
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString()));
      request.on('end', () => answer(body, response, (requests += 1)));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const close = () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(done);
      });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { url, close, headers, count: () => requests };
  }

  test('gets a row and answers it; what fails for a while is tried again', async () => {
    process.env.RLM_GYM_TEST_TOKEN = 'token-value';
    const server = await serve((body, response, n) => {
      if (n === 1) return response.writeHead(503).end('busy');
      if (n === 2) return response.destroy();
      const row = JSON.parse(body) as { id: string; prediction: string };
      return response.end(JSON.stringify({ score: row.prediction === 'yes' ? 1 : 0.25, why: row.id }));
    });
    try {
      const reward = rubric({ name: 'http', url: server.url, headersEnv: { authorization: 'RLM_GYM_TEST_TOKEN' } });
      expect((await reward(outcome('yes'))).reward).toBe(1);
      expect(server.count()).toBe(3);
      expect(server.headers[0]).toMatchObject({ authorization: 'token-value', 'content-type': 'application/json' });
      expect((await reward(outcome('no'))).reward).toBe(0.25);
      expect((await reward(outcome(null))).reward).toBe(0);
      expect(server.count()).toBe(4);
    } finally {
      delete process.env.RLM_GYM_TEST_TOKEN;
      await server.close();
    }
  });

  test.each<[string, (response: ServerResponse) => unknown, RegExp, number]>([
    ['a refusal', (response) => response.writeHead(400).end('token-value is wrong'), /HTTP 400 … is wrong/, 1],
    ['an error that stays', (response) => response.writeHead(500).end(), /HTTP 500/, 2],
    ['no JSON', (response) => response.end('<html>'), /no JSON/, 1],
    ['a score out of range', (response) => response.end('{"score": 7}'), /does not fit/, 1],
    ['another row', (response) => response.end('{"id": "x", "score": 1}'), /answered row x/, 1],
    ['silence', () => undefined, /no reply within 0.3 s/, 2],
    ['a redirect', (response) => response.writeHead(302, { location: '/x' }).end(), /redirect/, 2],
    ['endless text', (response) => response.end('y'.repeat(2e6)), /longer than 1 MB/, 2],
  ])('%s is null with the reason', async (_name, answer, reason, requests) => {
    process.env.RLM_GYM_TEST_TOKEN = 'token-value';
    const server = await serve((_body, response) => answer(response));
    try {
      const reward = rubric({
        name: 'http',
        url: server.url,
        retries: 1,
        timeoutSeconds: _name === 'silence' ? 0.3 : 10,
        headersEnv: { 'x-token': 'RLM_GYM_TEST_TOKEN' },
      });
      const [value, said] = await why(reward, 'x');
      expect(value).toBeNull();
      expect(said).toMatch(reason);
      expect(server.count()).toBe(requests);
    } finally {
      delete process.env.RLM_GYM_TEST_TOKEN;
      await server.close();
    }
  });
});

describe('a judge', () => {
  const asked = (reward: RewardFunction, answer: string | null) => reward.questions!(outcome(answer));
  const told = async (text: string, options: object = {}) => {
    const reward = rubric({ name: 'judge', ...options });
    const { reward: value, components } = await reward(outcome('x', { judged: new Map([['judge', text]]) }));
    return [value, components.judge?.why] as const;
  };

  test('is asked with query, answer and gold in place; braces in an answer are text', () => {
    const reward = rubric({ name: 'judge', prompt: '{query}|{answer}|{gold}|{other}', system: 'Be fair.' });
    expect(asked(reward, 'I say {gold}')).toEqual([
      {
        id: 'judge',
        messages: [
          { role: 'system', content: 'Be fair.' },
          { role: 'user', content: 'What is it?|I say {gold}|["two words"]|{other}' },
        ],
      },
    ]);
    expect(asked(reward, null)).toEqual([]);
  });

  test.each([
    ['It gives it. Yes.', {}, 1],
    ['Not yes, I think: NO', {}, 0],
    ['yesterday', {}, null],
    ['', {}, null],
    ['Score: 3. Then score: 7', { pattern: 'score: (\\d+)', best: 10 }, 0.7],
    ['Score: 12', { pattern: 'Score: (\\d+)', best: 10 }, null],
    ['Score: many', { pattern: 'Score: (\\w+)', best: 10 }, null],
  ])('%j with %j gives %j', async (text, options, value) => {
    const [found, reason] = await told(text, options);
    expect(found).toBe(value);
    if (value === null) expect(reason).toMatch(/verdict/);
  });

  test('two of them have names of their own; one that gave no text is null', async () => {
    const reward = createRubric({
      components: [
        { name: 'judge', weight: 1 },
        { name: 'judge', as: 'style', weight: 0.5, prompt: 'Style of {answer}?' },
      ],
    });
    expect(asked(reward, 'x').map(({ id }) => id)).toEqual(['judge', 'style']);
    const judged = new Map([['judge', 'yes']]);
    const { reward: value, components } = await reward(outcome('x', { judged }));
    expect(value).toBeNull();
    expect(components).toMatchObject({ judge: { value: 1 }, style: { value: null, why: /no judge gave a text/ } });
    expect(() => createRubric({ components: [{ name: 'judge', weight: 1, pattern: '(' }] })).toThrow(
      /regular expression/,
    );
    expect(() => rubric({ name: 'judge', as: 'x', pattern: '(' })).toThrow();
  });
});
