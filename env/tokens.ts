/**
 * Tokens of a text by its UTF-8 length: four bytes a token, the usual figure for English text and code under
 * today's byte-level BPE vocabularies. It serves metadata, budgets and forecasts; where an endpoint reports `usage`,
 * that is what counts, and token ids come from the endpoint alone.
 */
export function estimateTokens(text: string | number): number {
  const bytes = typeof text === 'number' ? text : Buffer.byteLength(text, 'utf8');
  return Math.ceil(bytes / 4);
}
