import { z } from 'zod';
import type { Message, Sampling } from '../../env/episode.ts';
import { BadAnswer } from './openai-errors.ts';
import type { OpenAiOptions } from './openai-options.ts';
import type { PolicyReply, PolicyRequest } from './policy.ts';

const ids = z.array(z.number().int().nonnegative());
const count = z.number().int().nonnegative();

/** What is read of a chat completion; anything else in it is left alone. */
const completionSchema = z.looseObject({
  model: z.string().nullish(),
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.string().nullish(),
        message: z.looseObject({
          content: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
          tool_calls: z
            .array(
              z.looseObject({
                id: z.string().nullish(),
                function: z.looseObject({ name: z.string(), arguments: z.string().nullish() }),
              }),
            )
            .nullish(),
        }),
        logprobs: z
          .looseObject({ content: z.array(z.looseObject({ token: z.string(), logprob: z.number() })).nullish() })
          .nullish(),
        token_ids: ids.nullish(),
        prompt_token_ids: ids.nullish(),
      }),
    )
    .min(1),
  prompt_token_ids: ids.nullish(),
  usage: z
    .looseObject({
      prompt_tokens: count,
      completion_tokens: count.nullish(),
      completion_tokens_details: z.looseObject({ reasoning_tokens: count.nullish() }).nullish(),
      prompt_tokens_details: z.looseObject({ cached_tokens: count.nullish() }).nullish(),
    })
    .nullish(),
});
type Completion = z.output<typeof completionSchema>;
type Choice = Completion['choices'][number];

/** Reads a completion into a reply, or throws a {@link BadAnswer} that says what is wrong with it. */
export function readReply(body: unknown, options: OpenAiOptions, request: PolicyRequest): PolicyReply {
  const parsed = completionSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') || 'the body';
    throw new BadAnswer(`the endpoint's answer is no chat completion (${where}: ${issue?.message ?? 'unknown'})`);
  }
  const completion = parsed.data;
  const choice = completion.choices[0]!;
  const { content, reasoning } = splitThinking(choice);
  const toolCalls = choice.message.tool_calls?.map((call, at) => ({
    id: call.id ?? `call_${at}`,
    name: call.function.name,
    arguments: call.function.arguments ?? '',
  }));
  const tokens = tokensOf(completion, choice);
  const forked = isFork(request.previous, tokens.promptIds);
  return {
    message: {
      content,
      ...(reasoning === undefined ? {} : { reasoning }),
      ...(toolCalls && toolCalls.length > 0 ? { toolCalls } : {}),
    },
    sampling: {
      model: completion.model ?? options.model,
      source: options.trainable ? 'policy' : 'frozen',
      trainable: options.trainable,
      finishReason: choice.finish_reason ?? null,
      ...usageOf(completion, options),
      ...tokens,
      ...(tokens.logprobs && options.logprobsMode ? { logprobsMode: options.logprobsMode } : {}),
      ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
      ...(options.topP === undefined ? {} : { topP: options.topP }),
      ...(typeof options.extraBody.top_k === 'number' ? { topK: options.extraBody.top_k } : {}),
      ...(typeof options.extraBody.min_p === 'number' ? { minP: options.extraBody.min_p } : {}),
    },
    ...(forked ? { notes: { token_forks: 1 } } : {}),
  };
}

/** Thinking comes as a field of its own or as a leading <think> block; a template may have opened the block itself. */
function splitThinking({ message }: Choice): { content: string; reasoning: string | undefined } {
  const content = message.content ?? '';
  const field = message.reasoning_content ?? message.reasoning ?? undefined;
  if (field !== undefined && field !== '') return { content, reasoning: field };
  const end = content.indexOf('</think>');
  const open = /^\s*<think>/.exec(content);
  if (end === -1) {
    // Cut off while it thought: there is no answer in it.
    return open ? { content: '', reasoning: content.slice(open[0].length) } : { content, reasoning: undefined };
  }
  if (!open && content.slice(0, end).includes('```')) return { content, reasoning: undefined };
  return {
    content: content.slice(end + '</think>'.length).replace(/^\s*\n/, ''),
    reasoning: content.slice(open ? open[0].length : 0, end),
  };
}

function usageOf({ usage }: Completion, { prices }: OpenAiOptions): Pick<Sampling, 'usage'> {
  if (!usage) return {};
  const promptTokens = usage.prompt_tokens;
  const completionTokens = usage.completion_tokens ?? 0;
  const reasoningTokens = usage.completion_tokens_details?.reasoning_tokens ?? undefined;
  const cachedTokens = usage.prompt_tokens_details?.cached_tokens ?? undefined;
  return {
    usage: {
      promptTokens,
      completionTokens,
      ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
      ...(cachedTokens === undefined ? {} : { cachedTokens }),
      usd: prices ? (promptTokens * prices.prompt + completionTokens * prices.completion) / 1e6 : null,
      estimated: false,
    },
  };
}

/**
 * Token ids as vLLM gives them (`token_ids` and `prompt_token_ids`, or tokens spelled `token_id:123`). Log-probabilities are
 * kept only where there is one for each id.
 */
function tokensOf(completion: Completion, choice: Choice): Pick<Sampling, 'promptIds' | 'ids' | 'logprobs'> {
  const promptIds = choice.prompt_token_ids ?? completion.prompt_token_ids ?? undefined;
  const content = choice.logprobs?.content ?? undefined;
  const spelled = content?.map(({ token }) => /^token_id:(\d+)$/.exec(token)?.[1]);
  const sampled =
    choice.token_ids ??
    (spelled && spelled.length > 0 && spelled.every((id) => id !== undefined) ? spelled.map(Number) : undefined);
  return {
    ...(promptIds && promptIds.length > 0 ? { promptIds } : {}),
    ...(sampled && sampled.length > 0 ? { ids: sampled } : {}),
    ...(sampled && content && sampled.length > 0 && content.length === sampled.length
      ? { logprobs: content.map(({ logprob }) => logprob) }
      : {}),
  };
}

/** Does a prompt not go on from the last prompt and what was sampled after it? Unknown ids are no fork. */
export function isFork(previous: Sampling | undefined, promptIds: readonly number[] | undefined): boolean {
  if (!previous?.promptIds || !previous.ids || !promptIds) return false;
  const { promptIds: before, ids: sampled } = previous;
  if (promptIds.length < before.length + sampled.length) return true;
  return (
    before.some((id, at) => promptIds[at] !== id) || sampled.some((id, at) => promptIds[before.length + at] !== id)
  );
}

/** Messages as the endpoint wants them. */
export function toChatMessages(messages: readonly Message[], sendReasoning: OpenAiOptions['sendReasoning']): object[] {
  return messages.map((message) => {
    const { role, content, reasoning, toolCalls, toolCallId } = message;
    if (role === 'tool') return { role, content, tool_call_id: toolCallId ?? '' };
    if (role !== 'assistant') return { role, content };
    const thinks = reasoning !== undefined && sendReasoning !== 'no';
    return {
      role,
      content: thinks && sendReasoning === 'think' ? `<think>${reasoning}</think>\n\n${content}` : content,
      ...(thinks && sendReasoning !== 'think' ? { [sendReasoning]: reasoning } : {}),
      ...(toolCalls && toolCalls.length > 0
        ? {
            tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
              id,
              type: 'function',
              function: { name, arguments: text },
            })),
          }
        : {}),
    };
  });
}
