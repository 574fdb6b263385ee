import type { CallRecord, Message, TurnRecord } from '../../env/episode.ts';

/** A stretch of a call in which every prompt extends the last one. */
export interface Segment {
  readonly index: number;
  /** Number, within the call, of its first turn. */
  readonly firstTurn: number;
  readonly turns: readonly TurnRecord[];
}

/** The segments of a call that have at least one turn, in order. */
export function segmentsOf(call: CallRecord): Segment[] {
  const segments: { index: number; firstTurn: number; turns: TurnRecord[] }[] = [];
  call.turns.forEach((turn, number) => {
    const last = segments.at(-1);
    if (last?.index === turn.segment) last.turns.push(turn);
    else segments.push({ index: turn.segment, firstTurn: number, turns: [turn] });
  });
  return segments;
}

/** The policy's own message of a turn. */
export function completionOf(turn: TurnRecord): Message {
  return {
    role: 'assistant',
    content: turn.content,
    ...(turn.reasoning === undefined ? {} : { reasoning: turn.reasoning }),
    ...(turn.toolCalls === undefined ? {} : { toolCalls: turn.toolCalls }),
  };
}

/** What the model was shown before turn `upTo` of a segment: each turn's new messages, then the policy's own. */
export function promptOf(segment: Segment, upTo: number): Message[] {
  const messages: Message[] = [];
  for (let turn = 0; turn <= upTo; turn += 1) {
    messages.push(...segment.turns[turn]!.messages);
    if (turn < upTo) messages.push(completionOf(segment.turns[turn]!));
  }
  return messages;
}

/** A message in the shape of the OpenAI chat API; thinking text goes to `reasoning_content`. */
export function chatMessage(message: Message): Record<string, unknown> {
  return {
    role: message.role,
    content: message.content,
    ...(message.reasoning === undefined ? {} : { reasoning_content: message.reasoning }),
    ...(message.toolCalls === undefined
      ? {}
      : {
          tool_calls: message.toolCalls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
    ...(message.toolCallId === undefined ? {} : { tool_call_id: message.toolCallId }),
  };
}

/** The value that all turns agree on; null where they differ or where it is unknown. */
export function common<Value>(
  turns: readonly TurnRecord[],
  of: (turn: TurnRecord) => Value | null | undefined,
): Value | null {
  const first = turns[0] && of(turns[0]);
  if (first === undefined || first === null) return null;
  return turns.every((turn) => of(turn) === first) ? first : null;
}
