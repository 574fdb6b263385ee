// oxlint-disable typescript/unbound-method -- methods are taken off their prototypes here, to be wrapped
import type { Primordials } from './primordials.ts';

/*
 * What makes an isolate's world the same in every replay, and takes out of it what no limit reaches. Each function stands
 * for one defence and is sent in as source text.
 */

/** Defines a property that is not enumerable; with `fixed` it can neither be written nor redefined. */
type Hide = (target: object, name: PropertyKey, value: unknown, fixed?: boolean) => void;

export function makeHide(P: Primordials): Hide {
  'use strict';
  return (target, name, value, fixed = false) => {
    P.define(target, name, {
      __proto__: null,
      value,
      writable: !fixed,
      enumerable: false,
      configurable: !fixed,
    } as PropertyDescriptor);
  };
}

/** Takes away the globals through which collection, threads, native code, real clocks or uncounted memory are reached. */
export function removeGlobals(P: Primordials): void {
  'use strict';
  const removed = [
    'WebAssembly',
    'SharedArrayBuffer',
    'Atomics',
    'FinalizationRegistry',
    'WeakRef',
    'ShadowRealm',
    'Temporal',
    'console',
    'performance',
    'gc',
  ];
  for (const name of removed) P.remove(P.global, name);
  P.remove(Date.prototype, 'toTemporalInstant');
}

/** A model's `prepareStackTrace` would run while the worker copies an error, outside every limit. */
export function fixStackTraces(_P: Primordials, hide: Hide): void {
  'use strict';
  hide(Error, 'prepareStackTrace', undefined, true);
}

/** `Math.random` draws from the REPL's seed. */
export function seedRandom(_P: Primordials, hide: Hide, seed: number): void {
  'use strict';
  // splitmix32 to spread the seed, then sfc32: small seeds do not start near zero.
  const { imul } = Math;
  let spread = (seed ^ 0x9e3779b9) >>> 0;
  const next = () => {
    spread = (spread + 0x9e3779b9) | 0;
    let mixed = imul(spread ^ (spread >>> 16), 0x21f0aaad);
    mixed = imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
  next();
  let a = next() ^ (seed / 4294967296);
  let b = next();
  let c = next();
  let count = 1;
  const draw = () => {
    const sum = (((a + b) | 0) + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let at = 0; at < 12; at += 1) draw();
  hide(Math, 'random', function random() {
    return ((draw() >>> 5) * 67108864 + (draw() >>> 6)) / 9007199254740992;
  });
}

/** A clock behind `Date` and `Intl` that shows the same in every replay. */
export function setClock(P: Primordials, hide: Hide): void {
  'use strict';
  // 2026-01-01T00:00:00Z, one millisecond later at each read.
  let clock = 1767225600000;
  const now = () => {
    clock += 1;
    return clock;
  };
  const RealDate = Date;
  const dateText = RealDate.prototype.toString;
  const VirtualDate = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return P.apply(dateText, new RealDate(now()), []);
    const given = args.length === 0 ? [now()] : args;
    return P.construct(RealDate, given, new.target);
  };
  hide(VirtualDate, 'name', 'Date');
  hide(VirtualDate, 'length', 7);
  hide(VirtualDate, 'prototype', RealDate.prototype, true);
  hide(VirtualDate, 'now', now);
  hide(VirtualDate, 'parse', RealDate.parse);
  hide(VirtualDate, 'UTC', RealDate.UTC);
  hide(RealDate.prototype, 'constructor', VirtualDate);
  hide(P.global, 'Date', VirtualDate);

  const formats = Intl.DateTimeFormat.prototype;
  const realFormat = (P.descriptor(formats, 'format') as { get: (this: unknown) => (date?: unknown) => string }).get;
  P.define(formats, 'format', {
    __proto__: null,
    configurable: true,
    enumerable: false,
    get(this: unknown) {
      const format = P.apply(realFormat, this, []) as (date?: unknown) => string;
      return (date?: unknown) => format(date === undefined ? now() : date);
    },
  } as PropertyDescriptor);
  const realParts = formats.formatToParts as (this: unknown, date?: unknown) => unknown;
  hide(formats, 'formatToParts', function formatToParts(this: unknown, date?: unknown) {
    return P.apply(realParts, this, [date === undefined ? now() : date]);
  });
}

/** A resizable buffer's growth is not counted against the memory limit: there are none. */
export function fixBuffers(P: Primordials, hide: Hide): void {
  'use strict';
  const RealBuffer = ArrayBuffer;
  const FixedBuffer = function (length: unknown): unknown {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
    return P.construct(RealBuffer, [length], new.target as unknown as () => void);
  };
  hide(FixedBuffer, 'name', 'ArrayBuffer');
  hide(FixedBuffer, 'prototype', RealBuffer.prototype, true);
  hide(FixedBuffer, 'isView', RealBuffer.isView);
  hide(RealBuffer.prototype, 'constructor', FixedBuffer);
  P.remove(RealBuffer.prototype, 'resize');
  hide(P.global, 'ArrayBuffer', FixedBuffer);
}
