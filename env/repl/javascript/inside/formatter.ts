import type { Primordials } from './primordials.ts';

/**
 * How values become text inside an isolate: `print` shows them JSON-like, an answer is JSON. Getters of a printed value
 * are not run; what model code can hook (a proxy's traps, `toJSON`) runs within the cell's own time limit.
 */
export function makeFormatter(P: Primordials, onPromise: (promise: object) => void) {
  'use strict';
  const maxDepth = 8;

  interface Writing {
    text: string;
    readonly limit: number;
    readonly stack: { length: number; [index: number]: object };
  }

  /** Any value as readable text, about `limit` characters at most. */
  function show(value: unknown, limit: number): string {
    const writing = {
      __proto__: null,
      text: '',
      limit,
      stack: { __proto__: null, length: 0 },
    } as unknown as Writing;
    try {
      write(writing, value);
    } catch (error) {
      writing.text += '[could not be shown]';
      if (typeof error === 'undefined') return writing.text;
    }
    return writing.text;
  }

  function quote(text: string, limit: number): string {
    return text.length > limit
      ? `${P.stringify(P.slice(text, 0, limit))}… ${text.length - limit} more characters`
      : (P.stringify(text) as string);
  }

  function write(writing: Writing, value: unknown): void {
    switch (typeof value) {
      case 'string':
        writing.text += quote(value, writing.limit);
        return;
      case 'bigint':
        writing.text += `${P.bigintText(value)}n`;
        return;
      case 'symbol':
        writing.text += P.symbolText(value);
        return;
      case 'function':
        writing.text += functionName(value);
        return;
      case 'object':
        if (value !== null) {
          writeObject(writing, value);
          return;
        }
        break;
      default:
    }
    writing.text += P.toText(value);
  }

  function functionName(value: object): string {
    const name = P.descriptor(value, 'name')?.value as unknown;
    const label = typeof name === 'string' && name !== '' ? ` ${P.slice(name, 0, 200)}` : '';
    let kind = 'function';
    try {
      if (P.slice(P.functionText(value), 0, 5) === 'class') kind = 'class';
    } catch {
      kind = 'function';
    }
    return `[${kind}${label}]`;
  }

  function writeObject(writing: Writing, value: object): void {
    const { stack } = writing;
    for (let at = 0; at < stack.length; at += 1) {
      if (stack[at] === value) {
        writing.text += '[circular]';
        return;
      }
    }
    if (stack.length >= maxDepth) {
      writing.text += P.isArray(value) ? '[…]' : '{…}';
      return;
    }
    stack[stack.length] = value;
    stack.length += 1;
    writeParts(writing, value);
    stack.length -= 1;
  }

  function writeParts(writing: Writing, value: object): void {
    if (P.isArray(value)) {
      writeItems(writing, value, value.length);
      return;
    }
    const prototype = P.prototypeOf(value);
    if (prototype === P.promisePrototype) {
      onPromise(value);
      writing.text += '[object Promise]';
    } else if (prototype === P.datePrototype) writing.text += dateText(value);
    else if (prototype === P.regexpPrototype) writing.text += P.regexpText(value);
    else if (prototype === P.mapPrototype) writeMap(writing, value);
    else if (prototype === P.setPrototype) writeSet(writing, value);
    else if (P.isError(value)) writing.text += errorText(value, writing.limit);
    else if (P.isView(value) && P.viewName(value) !== undefined) {
      writing.text += `${P.viewName(value)}(${P.viewLength(value)}) `;
      writeItems(writing, value as unknown as ArrayLike<unknown>, P.viewLength(value));
    } else writeFields(writing, value, prototype);
  }

  function dateText(value: object): string {
    try {
      return P.dateText(value);
    } catch {
      return 'Invalid Date';
    }
  }

  function writeItems(writing: Writing, items: ArrayLike<unknown>, length: number): void {
    writing.text += '[';
    for (let at = 0; at < length; at += 1) {
      if (at > 0) writing.text += ', ';
      if (writing.text.length > writing.limit) {
        writing.text += `… ${length - at} more`;
        break;
      }
      write(writing, items[at]);
    }
    writing.text += ']';
  }

  function writeMap(writing: Writing, map: object): void {
    let first = true;
    writing.text += `Map(${P.mapSize(map)}) {`;
    P.mapEach(map, (value, key) => {
      if (writing.text.length > writing.limit) return;
      if (!first) writing.text += ', ';
      first = false;
      write(writing, key);
      writing.text += ' => ';
      write(writing, value);
    });
    writing.text += writing.text.length > writing.limit ? ', …}' : '}';
  }

  function writeSet(writing: Writing, set: object): void {
    let first = true;
    writing.text += `Set(${P.setSize(set)}) {`;
    P.setEach(set, (value) => {
      if (writing.text.length > writing.limit) return;
      if (!first) writing.text += ', ';
      first = false;
      write(writing, value);
    });
    writing.text += writing.text.length > writing.limit ? ', …}' : '}';
  }

  function writeFields(writing: Writing, value: object, prototype: object | null): void {
    const maker = prototype && P.descriptor(prototype, 'constructor')?.value;
    const name = typeof maker === 'function' ? (P.descriptor(maker as object, 'name')?.value as unknown) : undefined;
    if (prototype !== P.objectPrototype && typeof name === 'string' && name !== '' && name !== 'Object') {
      writing.text += `${P.slice(name, 0, 200)} `;
    }
    const keys = P.ownKeys(value);
    let first = true;
    writing.text += '{';
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at];
      if (typeof key !== 'string') continue;
      const field = P.descriptor(value, key);
      if (!field || !field.enumerable) continue;
      if (!first) writing.text += ', ';
      first = false;
      if (writing.text.length > writing.limit) {
        writing.text += `… ${keys.length - at} more`;
        break;
      }
      writing.text += `${quote(key, 1000)}: `;
      if (field.get || field.set) writing.text += '[getter]';
      else write(writing, field.value);
    }
    writing.text += '}';
  }

  /** `Name: message`, whatever was thrown. */
  function errorText(error: unknown, limit: number): string {
    if (typeof error !== 'object' || error === null) return `Uncaught ${show(error, limit)}`;
    try {
      if (!P.isError(error)) return `Uncaught ${show(error, limit)}`;
      const { name, message } = error as { name: unknown; message: unknown };
      const label = typeof name === 'string' && name !== '' ? P.slice(name, 0, 200) : 'Error';
      const text = typeof message === 'string' ? message : show(message, limit);
      return text === '' ? label : `${label}: ${P.slice(text, 0, limit)}`;
    } catch {
      return 'Error: the thrown value could not be read';
    }
  }

  /** A final answer: text as it is, objects as JSON, at most `limit` characters and the number left out. */
  function answer(value: unknown, limit: number): { text: string; cut: number } {
    let text: string | undefined;
    if (typeof value === 'string') text = value;
    else if (typeof value === 'object' && value !== null) {
      const prototype = P.prototypeOf(value);
      try {
        if (prototype !== P.mapPrototype && prototype !== P.setPrototype && !P.isError(value))
          text = P.stringify(value);
      } catch {
        text = undefined;
      }
      if (typeof text !== 'string') text = show(value, limit);
    } else text = typeof value === 'symbol' ? P.symbolText(value) : P.toText(value);
    const kept = P.slice(text, 0, limit);
    return { __proto__: null, text: kept, cut: text.length - kept.length } as { text: string; cut: number };
  }

  return P.freeze({ __proto__: null, show, errorText, answer });
}

export type Formatter = ReturnType<typeof makeFormatter>;
