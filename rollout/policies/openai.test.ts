import { afterEach, describe, expect, test } from 'vitest';
import { createOpenAiPolicy } from './openai.ts';
import { secondsToWait } from './openai-errors.ts';
import { isLocal, openAiOptionsSchema } from './openai-options.ts';
import { isFork } from './openai-reply.ts';
import { PolicyConfigError, PolicyError } from './policy.ts';
import type { PolicyRequest } from './policy.ts';
import { fails, garbage, half, json, nothing, says, silence, startEndpoint } from './test-endpoint.ts';
import type { Answer, TestEndpoint } from './test-endpoint.ts';

const canary = 'sk-canary-0123456789abcdef';
let endpoint: TestEndpoint | undefined;
afterEach(async () => {
  await endpoint?.close();
  endpoint = undefined;
});

const request = (patch: Partial<PolicyRequest> = {}): PolicyRequest => ({
  call: { id: '0', kind: 'root', depth: 0, turn: 0, segment: 0 },
  messages: [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'why?' },
  ],
  maxTokens: 100,
  draw: 5,
  signal: new AbortController().signal,
  ...patch,
});

/** Asks an endpoint that gives these answers one after the other, the last one again and again. */
async function ask(answers: readonly Answer[], options: object = {}, patch: Partial<PolicyRequest> = {}) {
  endpoint = await startEndpoint((_, n) => answers[Math.min(n, answers.length - 1)]!);
  const policy = createOpenAiPolicy(
    openAiOptionsSchema.parse({
      baseURL: endpoint.baseURL,
      model: 'm',
      backoffSeconds: 0.01,
      maxRetries: 2,
      ...options,
    }),
    { env: { OPENAI_API_KEY: canary } },
  );
  try {
    return await policy.complete(request(patch));
  } finally {
    await policy.close?.();
  }
}

const failure = async (work: Promise<unknown>): Promise<PolicyError & PolicyConfigError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as PolicyError & PolicyConfigError,
  );

describe('a request', () => {
  test('carries messages, limits and key, and comes back as a reply with usage and price', async () => {
    const reply = await ask([says('because')], {
      temperature: 0.5,
      prices: { prompt: 2, completion: 10 },
      extraBody: { top_k: 20 },
      headers: { 'x-run': 'seven' },
      sendSeed: true,
    });
    expect(reply).toEqual({
      message: { content: 'because' },
      sampling: {
        model: 'served-model',
        source: 'policy',
        trainable: true,
        finishReason: 'stop',
        temperature: 0.5,
        topK: 20,
        usage: { promptTokens: 11, completionTokens: 7, usd: (11 * 2 + 7 * 10) / 1e6, estimated: false },
      },
    });
    const [{ path, headers, body }] = endpoint!.requests as [TestEndpoint['requests'][number]];
    expect(path).toBe('/v1/chat/completions');
    expect(headers).toMatchObject({ authorization: `Bearer ${canary}`, 'x-run': 'seven' });
    expect(body).toMatchObject({ model: 'm', max_tokens: 100, temperature: 0.5, top_k: 20 });
    expect(body.messages).toEqual(request().messages);
    expect(body.seed).toEqual(expect.any(Number));
  });

  test('keeps thinking and tool calls apart from the text', async () => {
    const toolCalls = [{ id: 'c1', type: 'function', function: { name: 'execute', arguments: '{"code":"1"}' } }];
    const message = { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: toolCalls };
    const reply = await ask([says('', { message, finish_reason: 'tool_calls' })], { trainable: false });
    expect(reply.message).toEqual({
      content: '',
      reasoning: 'hm',
      toolCalls: [{ id: 'c1', name: 'execute', arguments: '{"code":"1"}' }],
    });
    expect(reply.sampling).toMatchObject({ source: 'frozen', trainable: false, finishReason: 'tool_calls' });
  });

  test.each([
    ['<think>a\nb</think>\n\nanswer', 'answer', 'a\nb'],
    ['a, opened by the template</think>\nanswer', 'answer', 'a, opened by the template'],
    ['<think>cut off', '', 'cut off'],
    ['plain <think> in the middle', 'plain <think> in the middle', undefined],
  ])('splits inline thinking off %j', async (content, text, reasoning) => {
    expect((await ask([says(content)])).message).toEqual({
      content: text,
      ...(reasoning === undefined ? {} : { reasoning }),
    });
  });

  test('sends earlier texts back, thinking only where asked', async () => {
    const messages: PolicyRequest['messages'] = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a', reasoning: 'r', toolCalls: [{ id: 'c', name: 'f', arguments: '{}' }] },
      { role: 'tool', content: 'out', toolCallId: 'c' },
    ];
    await ask([says('x')], {}, { messages });
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    expect(endpoint!.requests[0]?.body.messages).toEqual([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a', tool_calls: [call] },
      { role: 'tool', content: 'out', tool_call_id: 'c' },
    ]);
    await endpoint!.close();
    await ask([says('x')], { sendReasoning: 'think' }, { messages });
    expect(endpoint!.requests[0]?.body.messages[1]?.content).toBe('<think>r</think>\n\na');
  });

  test('brings token ids and log-probabilities along, and counts a fork', async () => {
    const content = [
      { token: 'a', logprob: -0.5 },
      { token: 'b', logprob: -0.25 },
    ];
    const answer = says('ab', { token_ids: [7, 8], logprobs: { content } }, { prompt_token_ids: [1, 2, 3] });
    const reply = await ask([answer], { tokens: true, logprobsMode: 'raw' });
    expect(reply.sampling).toMatchObject({
      promptIds: [1, 2, 3],
      ids: [7, 8],
      logprobs: [-0.5, -0.25],
      logprobsMode: 'raw',
    });
    expect(reply.notes).toBeUndefined();
    expect(endpoint!.requests[0]?.body).toMatchObject({ logprobs: true, return_token_ids: true });
    await endpoint!.close();
    const forked = await ask([answer], { tokens: true }, { previous: { promptIds: [1, 9], ids: [3] } });
    expect(forked.notes).toEqual({ token_forks: 1 });
  });

  test.each([
    [{ promptIds: [1], ids: [2] }, [1, 2, 3], false],
    [{ promptIds: [1], ids: [2] }, [1, 4, 3], true],
    [{ promptIds: [1, 2], ids: [3] }, [1, 2], true],
    [{ promptIds: [1] }, [5], false],
    [undefined, [5], false],
  ])('a prompt after %j that is %j forks: %s', (previous, ids, forked) => {
    expect(isFork(previous, ids)).toBe(forked);
  });
});

describe('failures', () => {
  test('that pass are tried again and counted', async () => {
    const reply = await ask([fails(500), garbage, says('at last')]);
    expect(reply.message.content).toBe('at last');
    expect(reply.retries).toEqual({ upstream_5xx: 2 });
  });

  test.each<[string, Answer, string]>([
    ['429', fails(429), 'rate_limited'],
    ['500', fails(500), 'upstream_5xx'],
    ['503 that is no JSON', (response) => response.writeHead(503).end('busy'), 'upstream_5xx'],
    ['garbage', garbage, 'upstream_5xx'],
    ['an empty body', (response) => response.writeHead(200).end(), 'upstream_5xx'],
    ['JSON that is no completion', json(200, { hello: 1 }), 'upstream_5xx'],
    ['no choices', json(200, { choices: [] }), 'upstream_5xx'],
    ['a choice without a message', json(200, { choices: [{ finish_reason: 'stop' }] }), 'upstream_5xx'],
    ['a closed connection', nothing, 'network'],
    ['half an answer', half, 'network'],
    ['silence', silence, 'upstream_timeout'],
  ])('by %s end in their class after bounded tries', async (_, answer, name) => {
    const error = await failure(ask([answer], { timeoutSeconds: 0.3 }));
    expect(error).toBeInstanceOf(PolicyError);
    expect(error.failure).toBe(name);
    expect(error.message).toContain('after 3 tries');
    expect(endpoint!.requests).toHaveLength(3);
  });

  test('wait as long as Retry-After says, for every request to the endpoint', async () => {
    const started = performance.now();
    await ask([fails(429, 'slow down', { 'retry-after': '0.4' }), says('ok')]);
    expect(performance.now() - started).toBeGreaterThan(390);
  });

  test('whose Retry-After lies past the deadline are given up at once', async () => {
    const error = await failure(ask([fails(429, 'slow down', { 'retry-after': '3600' })], { deadlineSeconds: 5 }));
    expect(error).toMatchObject({ failure: 'rate_limited', retryAfter: 3600 });
    expect(endpoint!.requests).toHaveLength(1);
  });

  test('by a prompt that is too long or filtered are limits of the policy, not tried again', async () => {
    const long = fails(400, "This model's maximum context length is 4096 tokens", {}, 'context_length_exceeded');
    expect(await failure(ask([long]))).toMatchObject({ failure: 'context_overflow' });
    expect(endpoint!.requests).toHaveLength(1);
    await endpoint!.close();
    expect(await failure(ask([says('', { finish_reason: 'content_filter' })]))).toMatchObject({
      failure: 'content_filter',
    });
  });

  test.each([
    [401, 'OPENAI_API_KEY'],
    [403, 'OPENAI_API_KEY'],
    [404, 'model and baseURL'],
    [400, 'options of the policy'],
  ])('by status %i are the config: told once, with what to do', async (status, next) => {
    const error = await failure(ask([fails(status)]));
    expect(error).toBeInstanceOf(PolicyConfigError);
    expect(error.next).toContain(next);
    expect(endpoint!.requests).toHaveLength(1);
  });

  test('a 400 after the endpoint has answered is about one prompt', async () => {
    endpoint = await startEndpoint((_, n) => (n === 0 ? says('ok') : fails(400, 'bad characters')));
    const policy = createOpenAiPolicy(openAiOptionsSchema.parse({ baseURL: endpoint.baseURL, model: 'm' }), {
      env: {},
    });
    await policy.complete(request());
    expect(await failure(policy.complete(request()))).toMatchObject({ name: 'PolicyError', failure: 'bug' });
    await policy.close?.();
  });

  test('an abort ends the request at once', async () => {
    const controller = new AbortController();
    const started = performance.now();
    const asked = failure(ask([silence], {}, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    await asked;
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(endpoint!.requests.length).toBeLessThanOrEqual(1);
  });

  test('never tell the key, even where the endpoint says it', async () => {
    for (const status of [401, 500]) {
      const error = await failure(ask([fails(status, `Incorrect API key provided: ${canary}`)]));
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(canary);
      expect(error.message).toContain('[key]');
      await endpoint!.close();
    }
  });
});

describe('options', () => {
  test('a key is needed for an endpoint that is not local', () => {
    const options = openAiOptionsSchema.parse({ model: 'm', apiKeyEnv: 'MY_KEY' });
    expect(() => createOpenAiPolicy(options, { env: {} })).toThrow('MY_KEY is not set');
  });

  test.each([
    ['http://127.0.0.1:8000/v1', true],
    ['http://localhost:8000/v1', true],
    ['http://vllm:8000/v1', true],
    ['http://10.1.2.3/v1', true],
    ['http://[::1]:8000/v1', true],
    ['https://api.openai.com/v1', false],
    ['https://10.example.com/v1', false],
  ])('%s is local: %s', (url, local) => {
    expect(isLocal(url)).toBe(local);
  });

  test.each([
    { baseURL: 'https://user:pass@example.com/v1' },
    { baseURL: 'https://example.com/v1?api-key=x' },
    { headers: { Authorization: 'Bearer x' } },
    { headers: { 'X-Api-Key': 'x' } },
    { apiKeyEnv: 'sk-looks-like-a-key' },
  ])('%j would put a secret into the config and is refused', (options) => {
    expect(openAiOptionsSchema.safeParse({ model: 'm', ...options }).success).toBe(false);
  });

  test('headers with secrets are read from the environment', async () => {
    endpoint = await startEndpoint(() => says('ok'));
    const options = { baseURL: endpoint.baseURL, model: 'm', headersEnv: { 'x-api-key': 'PROXY_KEY' } };
    const policy = createOpenAiPolicy(openAiOptionsSchema.parse(options), { env: { PROXY_KEY: 'hidden' } });
    await policy.complete(request());
    await policy.close?.();
    expect(endpoint.requests[0]?.headers).toMatchObject({ 'x-api-key': 'hidden' });
    expect(() => createOpenAiPolicy(openAiOptionsSchema.parse(options), { env: {} })).toThrow('PROXY_KEY');
  });

  test.each([
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after-ms': '250' }, 0.25],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('%j means %s s', (headers, seconds) => {
    expect(secondsToWait(new Headers(headers as Record<string, string>), Date.parse('2026-01-01T00:00:00Z'))).toBe(
      seconds,
    );
  });
});
