/** Openings of a text that says what will be done instead of what the answer is. */
const intentions =
  /^(?:okay|ok|sure|so|first|now|next|then|well)?[\s,.:!]*(?:i(?:'ll| will| am going to|'m going to| need to| should| would| plan to| can start| have to)|let me|let's|we (?:will|need to|should|can start)|my plan|the plan|plan\s*:|step 1|to (?:answer|solve|find)\b.{0,80}\b(?:i|we)\b (?:will|need|should|would))/i;

/**
 * Does an answer read as a plan? Looks at its opening alone: answers that quote a plan further down are not one. Untrained
 * models do this often (arXiv 2512.24601, appendix A).
 */
export function readsAsPlan(answer: string): boolean {
  return intentions.test(answer.slice(0, 300).trimStart());
}
