import type { Primordials } from './primordials.ts';

/**
 * How `context` is made when it is first read: a string is itself; the documents of a list are slices of the one shared
 * text in a frozen array, so that they cost a pointer each and no copy.
 */
export function makeContextLoader(P: Primordials, text: string, offsets: ArrayBuffer | undefined): () => unknown {
  'use strict';
  if (offsets === undefined) return () => text;
  const starts = new Uint32Array(offsets);
  const { length } = starts;
  return () => {
    const documents = new P.RealArray<string>();
    for (let at = 0; at < length; at += 1) {
      P.define(documents, at, {
        __proto__: null,
        value: P.slice(text, starts[at], at + 1 < length ? starts[at + 1] : undefined),
        writable: true,
        enumerable: true,
        configurable: true,
      } as PropertyDescriptor);
    }
    return P.freeze(documents);
  };
}
