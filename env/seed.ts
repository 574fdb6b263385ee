/**
 * A 32-bit hash of texts and numbers (FNV-1a with murmur3's finaliser over each part). Neighbouring inputs give unrelated
 * numbers, so that a small seed does not start a generator near zero. Not for secrets.
 */
export function mix(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    const text = String(part);
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16) ^ 0x1f, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
