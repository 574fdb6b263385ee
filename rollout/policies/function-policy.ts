import type { Policy, PolicyReply, PolicyRequest } from './policy.ts';

/**
 * A policy out of a function: a text, or a whole reply. For tests, and for models that live in this process.
 *
 * ```ts
 * const echo = functionPolicy(({ messages }) => messages.at(-1)!.content);
 * ```
 */
export function functionPolicy(
  answer: (request: PolicyRequest) => string | PolicyReply | Promise<string | PolicyReply>,
  options: { readonly name?: string; readonly price?: Policy['price'] } = {},
): Policy {
  return {
    name: options.name ?? 'function',
    price: options.price ?? { prompt: 0, completion: 0 },
    async complete(request) {
      const reply = await answer(request);
      if (typeof reply !== 'string') return reply;
      return { message: { content: reply }, sampling: { source: 'scripted', finishReason: 'stop' } };
    },
  };
}
