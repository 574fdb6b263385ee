import type { Environment, Observation, StepResult, WaitingCall } from './environment.ts';
import type { Message, Sampling } from './episode.ts';

/** One sub-call to answer: the call that waits, and its whole conversation so far. */
export interface SubModelRequest {
  readonly call: WaitingCall;
  readonly messages: readonly Message[];
}
export type SubModelReply = string | { readonly content: string; readonly sampling?: Sampling };
/** Answers sub-calls. What it throws is told to the environment as a fault of the network, which voids the episode. */
export type SubModel = (request: SubModelRequest) => Promise<SubModelReply> | SubModelReply;

/**
 * The classic one-agent gym: sub-calls are answered by `subModel`, so that the root call alone is ever seen to wait. A
 * step returns once the root waits again or the episode has ended. Sub-calls that are open together are asked together;
 * their answers are told in the order in which they were opened, so equal answers give equal episodes.
 */
export function withSubModel(env: Environment, subModel: SubModel): Environment {
  let conversations = new Map<string, Message[]>();

  async function ask(call: WaitingCall) {
    const messages = [...(conversations.get(call.id) ?? []), ...call.messages];
    conversations.set(call.id, messages);
    const { id, turn } = call;
    try {
      const reply = await subModel({ call, messages });
      const content = typeof reply === 'string' ? reply : reply.content;
      messages.push({ role: 'assistant', content });
      return { call: id, turn, message: content, sampling: typeof reply === 'string' ? undefined : reply.sampling };
    } catch (error) {
      return {
        call: id,
        turn,
        fault: { class: 'network' as const, message: error instanceof Error ? error.message : String(error) },
      };
    }
  }

  async function settle(first: StepResult): Promise<StepResult> {
    let result = first;
    const seen = [...first.observation.calls];
    let root = seen.find((call) => call.kind === 'root');
    let open = seen.filter((call) => call.new && call.kind !== 'root');
    while (open.length > 0 && !result.info.stop) {
      const answers = await Promise.all(open.map(ask));
      open = [];
      for (const answer of answers) {
        if (result.info.stop) break;
        result = await env.step(answer);
        const fresh = result.observation.calls.filter((call) => call.new);
        root = fresh.find((call) => call.kind === 'root') ?? root;
        open.push(...fresh.filter((call) => call.kind !== 'root'));
      }
    }
    const calls = root && !result.info.stop ? [root] : [];
    return { ...result, observation: { seq: result.observation.seq, calls, cancelled: [] } };
  }

  return {
    async reset(options) {
      conversations = new Map();
      const { observation, info } = await env.reset(options);
      return { observation: onlyRoot(observation), info };
    },
    step: async (input) => settle(await env.step(input)),
    episode: () => env.episode(),
    close: () => env.close(),
  };
}

function onlyRoot(observation: Observation): Observation {
  return { ...observation, calls: observation.calls.filter((call) => call.kind === 'root') };
}
