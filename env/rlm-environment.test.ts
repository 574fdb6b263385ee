import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnvironmentConfigInput } from '../configs/schema.ts';
import { ContextStore } from './context.ts';
import type { Environment, RewardFunction } from './environment.ts';
import { episodeSchema } from './episode.ts';
import type { Episode } from './episode.ts';
import { createJavaScriptBackend } from './repl/javascript/backend.ts';
import type { ReplBackend } from './repl/repl.ts';
import { createSupervisor } from './repl/supervisor.ts';
import { createRlmEnvironment } from './rlm-environment.ts';
import { code, play, testTask } from './test-support.ts';
import { withSubModel } from './with-sub-model.ts';

let backend: ReplBackend;
let contexts: ContextStore;
beforeAll(() => {
  backend = createSupervisor(createJavaScriptBackend({ workers: 1 }));
  contexts = new ContextStore();
});
afterAll(async () => {
  await backend.close();
  contexts.close();
});

const exact: RewardFunction = ({ task, answer }) => ({
  reward: answer === task.answer ? 1 : 0,
  components: { correctness: { value: answer === task.answer ? 1 : 0, weight: 1 } },
});
const make = (config: EnvironmentConfigInput = {}): Environment =>
  createRlmEnvironment({ backend, contexts, reward: exact, config });
const options = { task: testTask(), seed: 1 };
const stable = (episode: Episode) => ({ ...episode, timing: null });

describe('an episode', () => {
  test('shows metadata, runs code, scores the answer and keeps a record that fits its schema', async () => {
    const env = make();
    const { observation, info } = await env.reset({ ...options, identity: { run: 'r', round: 2, index: 3 } });
    expect(info).toMatchObject({ seed: 1, episodeId: 'r/2/task-1/3' });
    expect(observation).toMatchObject({
      seq: 0,
      cancelled: [],
      calls: [{ id: '0', kind: 'root', turn: 0, new: true }],
    });
    expect(observation.calls[0]?.messages.map((message) => message.role)).toEqual(['system', 'user']);
    const first = await env.step({ message: code('const value = context.split(": ")[1].trim();', 'print(value)') });
    expect(first).toMatchObject({ reward: null, terminated: false, truncated: false });
    expect(first.observation.calls[0]?.messages[0]?.content).toContain('REPL output:\n42\nVariables: value (string)');
    const last = await env.step({
      message: 'FINAL_VAR(value)',
      sampling: { source: 'scripted', finishReason: 'stop' },
      notes: { strategy: 'peek' },
    });
    expect(last).toMatchObject({
      reward: 1,
      terminated: true,
      truncated: false,
      info: { stop: { reason: 'answered' } },
    });
    const episode = episodeSchema.parse(env.episode());
    expect(episode).toMatchObject({
      id: 'r/2/task-1/3',
      final: { answer: '42', source: 'FINAL_VAR', call: '0', turn: 1 },
      metrics: { policy_strategy: 'peek' },
      cost: { texts: 2, rootTurns: 2, subcalls: 0, cells: 1 },
      events: [
        { seq: 1, type: 'message', call: '0', turn: 0 },
        { seq: 2, type: 'message', call: '0', turn: 1 },
      ],
    });
    await env.close();
  });

  test.each([
    ['FINAL in code', [code('FINAL(Number(context.match(/\\d+/)[0]))')]],
    ['FINAL_VAR in code', [code('const found = context.match(/\\d+/)[0]'), code('FINAL_VAR("found")')]],
    ['answer in code', [code('answer.content = context.match(/\\d+/)[0]; answer.ready = true')]],
    ['FINAL in prose', ['FINAL(42)']],
  ])('ends by %s', async (_name, texts) => {
    const script = [...texts];
    const env = make();
    const last = await play(env, options, () => script.shift()!);
    expect(last).toMatchObject({ terminated: true, reward: 1 });
    await env.close();
  });

  test('the first FINAL of a message wins and later blocks do not run', async () => {
    const env = make();
    const last = await play(env, options, () => `${code('FINAL(context.length)', 'FINAL(2)')}\n${code('FINAL(3)')}`);
    expect(env.episode().final?.answer).toBe('11');
    expect(last.info.stop?.reason).toBe('answered');
    expect(env.episode().calls[0]?.turns[0]?.cells).toHaveLength(1);
    await env.close();
  });
});

describe('sub-calls', () => {
  test('a batch opens at once, any order of answers resumes the cell, and the order is in the record', async () => {
    const env = make();
    await env.reset(options);
    const opened = await env.step({
      message: code(
        'const seen = [];',
        'const ask = (p) => llm_query(p).then((a) => { seen.push(a); return a; });',
        'const all = await Promise.all([ask("a"), ask("b"), ask("c")]);',
        'print(all.join(), seen.join())',
      ),
    });
    expect(
      opened.observation.calls.map((call) => [call.id, call.kind, call.parent, call.messages[0]?.content]),
    ).toEqual([
      ['0.1', 'llm', '0', 'a'],
      ['0.2', 'llm', '0', 'b'],
      ['0.3', 'llm', '0', 'c'],
    ]);
    const second = await env.step({ call: '0.3', message: 'C' });
    expect(second.observation.calls.map((call) => [call.id, call.new, call.messages.length])).toEqual([
      ['0.1', false, 0],
      ['0.2', false, 0],
    ]);
    const again = await env.step({ call: '0.1', message: 'A', seen: -1 });
    expect(again.observation.calls.map((call) => [call.id, call.new, call.messages.length])).toEqual([
      ['0.2', true, 1],
    ]);
    const resumed = await env.step({ call: '0.2', message: 'B' });
    expect(resumed.observation.calls[0]?.messages[0]?.content).toContain('A,B,C C,A,B');
    expect(env.episode().events.map((event) => event.call)).toEqual(['0', '0.3', '0.1', '0.2']);
    await env.close();
  });

  test('steps may overlap: they are applied in the order they came', async () => {
    const env = make();
    await env.reset(options);
    await env.step({ message: code('const all = await llm_query_batched(["x","y","z"]);', 'print(all.join())') });
    const results = await Promise.all(['0.2', '0.1', '0.3'].map((call) => env.step({ call, message: call })));
    expect(results.map((result) => result.observation.seq)).toEqual([2, 3, 4]);
    expect(results[2]?.observation.calls[0]?.messages[0]?.content).toContain('0.1,0.2,0.3');
    expect(env.episode().calls.map((call) => call.batch?.index)).toEqual([undefined, 0, 1, 2]);
    await env.close();
  });

  test('a cell that ends with children open cancels them, once, and a late answer changes nothing', async () => {
    const env = make();
    await env.reset(options);
    const opened = await env.step({
      message: code('const a = llm_query("slow"); const b = llm_query("fast");', 'print(await Promise.race([a, b]))'),
    });
    expect(opened.observation.calls).toHaveLength(2);
    const raced = await env.step({ call: '0.2', message: 'won' });
    expect(raced.observation.cancelled).toEqual(['0.1']);
    const before = stable(env.episode());
    const late = await env.step({ call: '0.1', message: 'lost' });
    expect(late).toMatchObject({ info: { late: true }, observation: { seq: 2, cancelled: [] } });
    expect(stable(env.episode())).toEqual(before);
    expect(env.episode().timing.lateSteps).toBe(1);
    const next = await env.step({ message: code('print(await a)') });
    expect(next.observation.calls[0]?.messages[0]?.content).toContain('Error: ');
    await env.close();
  });

  test('a budget refuses before a call opens, and the code is told', async () => {
    const env = make({ budget: { subcalls: 2 } });
    await env.reset(options);
    const opened = await env.step({
      message: code('print((await llm_query_batched(["1","2","3","4"])).map((t) => t.slice(0, 6)).join("|"))'),
    });
    expect(opened.observation.calls.map((call) => call.id)).toEqual(['0.1', '0.2']);
    await env.step({ call: '0.1', message: 'one' });
    const told = await env.step({ call: '0.2', message: 'two' });
    expect(told.observation.calls[0]?.messages[0]?.content).toContain('one|two|Error:|Error:');
    expect(told.observation.calls[0]?.messages[0]?.content).toContain('2 sub-calls were refused');
    expect(env.episode().metrics.subcalls_refused).toBe(2);
    await env.close();
  });

  test('a policy failure of a child reaches the code as an error text; one of the infrastructure voids the episode', async () => {
    const env = make();
    await env.reset(options);
    await env.step({ message: code('print(await llm_query("long"))') });
    const told = await env.step({ call: '0.1', limit: { kind: 'context_overflow' } });
    expect(told.observation.calls[0]?.messages[0]?.content).toContain('Error: the prompt is too long');
    await env.step({ message: code('print(await llm_query("again"))') });
    const voided = await env.step({ call: '0.2', fault: { class: 'upstream_5xx', message: 'boom' } });
    expect(voided).toMatchObject({
      reward: null,
      terminated: false,
      truncated: false,
      info: { stop: { class: 'infra', reason: 'upstream_5xx' } },
    });
    expect(env.episode().reward).toBeNull();
    await env.close();
  });

  test('rlm children have a REPL of their own, in which the prompt is the context', async () => {
    const env = make({ budget: { depth: 2 } });
    const last = await play(env, options, (call) => {
      if (call.kind === 'root') return code('FINAL(await rlm_query("the number is 42"))');
      if (call.kind === 'rlm') return code('FINAL(await llm_query("which? " + context))');
      return '42';
    });
    expect(last.reward).toBe(1);
    expect(env.episode().calls.map((call) => [call.id, call.kind, call.depth])).toEqual([
      ['0', 'root', 0],
      ['0.1', 'rlm', 1],
      ['0.1.1', 'llm', 2],
    ]);
    await env.close();
  });

  test('withSubModel shows the root alone', async () => {
    const env = withSubModel(make({ budget: { depth: 2 } }), ({ call, messages }) =>
      call.kind === 'rlm' ? code(`FINAL(await llm_query("${call.turn}"))`) : `${messages.length}!`,
    );
    await env.reset(options);
    const step = await env.step({
      message: code('print((await Promise.all([llm_query("a"), rlm_query("b")])).join())'),
    });
    expect(step.observation.calls.map((call) => call.id)).toEqual(['0']);
    expect(step.observation.calls[0]?.messages[0]?.content).toContain('1!,1!');
    await env.close();
  });
});

describe('early finishes', () => {
  test.each([
    ['finish_unseen', `${code('print(context.length)')}\nFINAL(42)`],
    ['finish_unseen', code('print(context.length)', 'FINAL("42")')],
    ['plan_as_answer', 'FINAL(I will search the context for the number)'],
    ['final_var_unknown', 'FINAL_VAR(nothing)'],
  ])('%s is told and the run goes on', async (flag, text) => {
    const env = make();
    await env.reset(options);
    const step = await env.step({ message: text });
    expect(step.info.stop).toBeUndefined();
    expect(step.observation.calls[0]?.messages[0]?.content).toContain('Your answer was not taken');
    expect(env.episode().metrics[flag]).toBe(1);
    expect(env.episode().calls[0]?.turns[0]?.flags).toEqual([flag]);
    const end = await env.step({ message: code('FINAL(context.match(/\\d+/)[0])') });
    expect(end.reward).toBe(1);
    await env.close();
  });

  test('a rejected answer.ready is not taken by the next cell', async () => {
    const env = make();
    await env.reset(options);
    await env.step({ message: code('print(1); answer.content = "42"; answer.ready = true') });
    const step = await env.step({ message: code('print(2)') });
    expect(step.info.stop).toBeUndefined();
    await env.close();
  });

  test('accept counts them and takes them', async () => {
    const env = make({ finishUnseen: 'accept', planAsAnswer: 'accept' });
    await env.reset(options);
    expect((await env.step({ message: `${code('print(1)')}\nFINAL(I will look)` })).terminated).toBe(true);
    expect(env.episode().metrics).toMatchObject({ finish_unseen: 1, plan_as_answer: 1 });
    await env.close();
  });

  test('on the last turn every finish stands', async () => {
    const env = make({ budget: { maxTurns: 1 } });
    await env.reset(options);
    expect((await env.step({ message: `${code('print(1)')}\nFINAL(42)` })).reward).toBe(1);
    await env.close();
  });
});

describe('limits', () => {
  test('turns run out: truncated and scored', async () => {
    const env = make({ budget: { maxTurns: 2 } });
    const last = await play(env, options, () => 'hmm');
    expect(last).toMatchObject({
      truncated: true,
      terminated: false,
      reward: 0,
      info: { stop: { reason: 'max_turns', class: 'policy' } },
    });
    expect(env.episode().metrics.no_code).toBe(2);
    await env.close();
  });

  test('the wall clock, told by the engine, ends the episode whatever waits', async () => {
    const env = make();
    await env.reset(options);
    await env.step({ message: code('await llm_query("x")') });
    const step = await env.step({ limit: { kind: 'wall' } });
    expect(step).toMatchObject({
      truncated: true,
      reward: 0,
      info: { stop: { reason: 'budget_wall' } },
      observation: { calls: [], cancelled: ['0.1'] },
    });
    await env.close();
  });

  // On a busy machine the isolate is ended instead, which is a failure of the machine or of the policy, and told as that.
  test('an endless loop is stopped, told, and the REPL goes on', { retry: 3 }, async () => {
    const env = make({ repl: { cellCpuMs: 200 } });
    await env.reset(options);
    const step = await env.step({ message: code('var kept = 7; while (true) {}') });
    expect(step.observation.calls[0]?.messages[0]?.content).toContain('more time than one block may');
    expect(env.episode().events.at(-1)).toMatchObject({ type: 'limit', kind: 'cell_timeout', call: '0', cell: 0 });
    const next = await env.step({ message: code('print(1 + 1)') });
    expect(next.observation.calls[0]?.messages[0]?.content).toContain('2');
    await env.close();
  });

  test('memory: the state is gone, so the episode ends by the policy’s own failure, scored', async () => {
    const env = make({ repl: { memoryMb: 16 } });
    await env.reset(options);
    const step = await env.step({
      message: code('const hoard = []; for (;;) hoard.push(new Array(1000).fill(hoard.length));'),
    });
    expect(step).toMatchObject({ truncated: true, reward: 0, info: { stop: { class: 'policy' } } });
    expect(['sandbox_oom', 'sandbox_killed', 'cell_timeout']).toContain(step.info.stop?.reason);
    await env.close();
  });

  test('of reading a variable for FINAL_VAR are the policy’s own failure too, never one of the infrastructure', async () => {
    const env = make({ repl: { memoryMb: 16 } });
    await env.reset(options);
    await env.step({
      message: code('var bad = { toJSON() { const hoard = []; for (;;) hoard.push(new Array(100000).fill(0.5)); } };'),
    });
    const step = await env.step({ message: 'FINAL_VAR(bad)' });
    expect(step).toMatchObject({ truncated: true, reward: 0, info: { stop: { class: 'policy' } } });
    const record = env.episode();
    expect(record.events.at(-1)).toMatchObject({ type: 'limit', kind: step.info.stop?.reason, entry: 1, alive: false });
    await env.close();
    const again = createRlmEnvironment({
      backend,
      contexts,
      reward: exact,
      config: { repl: { memoryMb: 16 } },
      recorded: record,
    });
    await again.reset({ ...options, identity: { run: 'local' } });
    for (const { content } of record.calls[0]!.turns) await again.step({ message: content });
    expect(stable(again.episode())).toEqual(stable(record));
    await again.close();
  });

  test('output shown to the model is capped over the episode', async () => {
    const env = make({ budget: { outputChars: 50 } });
    await env.reset(options);
    const step = await env.step({ message: code('print("x".repeat(60))') });
    expect(step).toMatchObject({ truncated: true, info: { stop: { reason: 'budget_output' } } });
    await env.close();
  });
});

describe('odd input', () => {
  test('an unknown call id is an observation and a counter', async () => {
    const env = make();
    await env.reset(options);
    const step = await env.step({ call: '7.7', message: 'x' });
    expect(step).toMatchObject({
      info: { unknownCall: '7.7' },
      observation: { seq: 1, calls: [{ id: '0', new: false }] },
    });
    expect(env.episode().metrics.unknown_calls).toBe(1);
    await env.close();
  });
  test('a step before reset, or one that tells nothing, is refused with what to do', async () => {
    const env = make();
    await expect(env.step({ message: 'x' })).rejects.toThrow('call reset({ task, seed }) before step');
    await env.reset(options);
    await expect(env.step({})).rejects.toThrow('one of message, fault and limit');
    await expect(env.reset({ task: options.task, seed: -1 })).rejects.toThrow('seed must be a non-negative integer');
    await env.close();
  });
  test('reset throws an unfinished episode away', async () => {
    const env = make();
    await env.reset(options);
    await env.step({ message: code('var x = 1; await llm_query("x")') });
    const { observation } = await env.reset(options);
    expect(observation).toMatchObject({ seq: 0, calls: [{ id: '0' }] });
    const step = await env.step({ message: code('print(typeof x)') });
    expect(step.observation.calls[0]?.messages[0]?.content).toContain('undefined');
    await env.close();
  });
  test('equal messages give equal records', async () => {
    const records: unknown[] = [];
    for (const _ of [0, 1]) {
      const env = make();
      await play(env, options, (call) =>
        call.kind === 'llm'
          ? `answer ${call.id}`
          : call.turn === 0
            ? code('print(Math.random(), Date.now(), (await llm_query_batched(["a", "b"])).join())')
            : 'FINAL(42)',
      );
      records.push(stable(env.episode()));
      await env.close();
    }
    expect(records[0]).toEqual(records[1]);
  });
});
