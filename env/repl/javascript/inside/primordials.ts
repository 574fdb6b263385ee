// oxlint-disable typescript/unbound-method -- methods are taken off their prototypes here, to be uncurried
/**
 * Runs first inside an isolate: takes hold of every builtin that the bootstrap uses, before model code can replace it.
 * Methods are uncurried, so that no later change to a prototype reaches them. Like every function of this folder it is
 * sent into the isolate as source text: it may use nothing but its parameters and the isolate's own globals.
 */
export function takePrimordials() {
  'use strict';
  const { bind, call } = Function.prototype;
  const uncurry = bind.bind(call as never) as unknown as <This, Args extends unknown[], Result>(
    method: (this: This, ...args: Args) => Result,
  ) => (self: This, ...args: Args) => Result;
  const getter = (prototype: object, name: string | symbol) =>
    uncurry((Object.getOwnPropertyDescriptor(prototype, name) as { get: (this: unknown) => unknown }).get);
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
  const world: Record<PropertyKey, unknown> = globalThis as never;
  return Object.freeze({
    __proto__: null,
    global: world,
    // oxlint-disable-next-line no-eval -- how a cell becomes code, inside its isolate
    indirectEval: globalThis.eval as (code: string) => unknown,
    RealPromise: Promise,
    RealArray: Array,
    RealError: Error,
    isArray: Array.isArray,
    ownKeys: Reflect.ownKeys,
    keys: Object.keys,
    descriptor: Reflect.getOwnPropertyDescriptor,
    define: Reflect.defineProperty,
    remove: Reflect.deleteProperty,
    prototypeOf: Reflect.getPrototypeOf,
    apply: Reflect.apply,
    construct: Reflect.construct,
    freeze: Object.freeze,
    stringify: JSON.stringify as (value: unknown) => string | undefined,
    toText: String,
    slice: uncurry(String.prototype.slice),
    indexOf: uncurry(String.prototype.indexOf),
    charCodeAt: uncurry(String.prototype.charCodeAt),
    functionText: uncurry(Function.prototype.toString),
    bigintText: uncurry(BigInt.prototype.toString),
    symbolText: uncurry(Symbol.prototype.toString),
    dateText: uncurry(Date.prototype.toISOString),
    regexpText: uncurry(RegExp.prototype.toString),
    mapEach: uncurry(Map.prototype.forEach as (this: unknown, each: (value: unknown, key: unknown) => void) => void),
    setEach: uncurry(Set.prototype.forEach as (this: unknown, each: (value: unknown) => void) => void),
    mapSize: getter(Map.prototype, 'size') as (map: unknown) => number,
    setSize: getter(Set.prototype, 'size') as (set: unknown) => number,
    isView: ArrayBuffer.isView,
    viewLength: getter(typedArray, 'length') as (view: unknown) => number,
    viewName: getter(typedArray, Symbol.toStringTag) as (view: unknown) => string | undefined,
    isError:
      (Error as unknown as { isError?: (value: unknown) => boolean }).isError ??
      ((value: unknown) => value instanceof Error),
    objectPrototype: Object.prototype,
    mapPrototype: Map.prototype as object,
    setPrototype: Set.prototype as object,
    datePrototype: Date.prototype,
    regexpPrototype: RegExp.prototype,
    promisePrototype: Promise.prototype as object,
    newMarks: () => {
      const marks = new WeakMap<object, unknown>();
      const { get, set } = WeakMap.prototype as WeakMap<object, unknown>;
      const read = uncurry(get);
      const write = uncurry(set as (this: unknown, key: object, value: unknown) => unknown);
      return Object.freeze({
        __proto__: null,
        get: (key: object) => read(marks, key),
        set: (key: object, value: unknown) => write(marks, key, value),
      });
    },
  });
}

export type Primordials = ReturnType<typeof takePrimordials>;
