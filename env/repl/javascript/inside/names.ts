import type { Primordials } from './primordials.ts';

/** A bound name: an assignment to it is seen, and can always be undone. */
export interface Slot {
  readonly name: string;
  original: unknown;
  value: unknown;
}

/** The global names of a REPL: those that are bound for the model, and the model's own variables. */
export function makeNames(P: Primordials) {
  'use strict';
  const unread = {};
  const slots = { __proto__: null, length: 0 } as unknown as { length: number; [index: number]: Slot };
  const builtin = { __proto__: null } as unknown as Record<string, true>;

  /** Binds a name by an accessor that cannot be redefined. With `load`, its value is made when it is first read. */
  function bind(name: string, original: unknown, load?: () => unknown): Slot {
    const slot: Slot = { name, original: load ? unread : original, value: load ? unread : original };
    slots[slots.length] = slot;
    slots.length += 1;
    P.define(P.global, name, {
      __proto__: null,
      configurable: false,
      enumerable: false,
      get: load
        ? () => {
            if (slot.value === unread) {
              slot.original = load();
              slot.value = slot.original;
            }
            return slot.value;
          }
        : () => slot.value,
      set: (value: unknown) => {
        slot.value = value;
      },
    } as PropertyDescriptor);
    return slot;
  }

  /** Called once all names are bound: whatever is global later is the model's. */
  function seal(): void {
    const names = P.ownKeys(P.global);
    for (let at = 0; at < names.length; at += 1) {
      const name = names[at];
      if (typeof name === 'string') builtin[name] = true;
    }
  }

  /** Puts bound names back; the overwritten ones as JSON strings joined by commas. */
  function restore(): string {
    let overwritten = '';
    for (let at = 0; at < slots.length; at += 1) {
      const slot = slots[at] as Slot;
      if (slot.value === slot.original) continue;
      slot.value = slot.original;
      overwritten += overwritten === '' ? `"${slot.name}"` : `,"${slot.name}"`;
    }
    return overwritten;
  }

  /** Makes the comma-joined names exist, so that assigning them works in any code. */
  function declare(names: string): void {
    let from = 0;
    while (from < names.length) {
      const comma = P.indexOf(names, ',', from);
      const to = comma === -1 ? names.length : comma;
      const name = P.slice(names, from, to);
      if (!P.descriptor(P.global, name)) P.global[name] = undefined;
      from = to + 1;
    }
  }

  /** The value of a bound name or a variable of the model's; undefined for any other. */
  function lookup(name: string): unknown {
    for (let at = 0; at < slots.length; at += 1) if ((slots[at] as Slot).name === name) return P.global[name];
    return builtin[name] !== true && P.descriptor(P.global, name) ? P.global[name] : undefined;
  }

  function typeName(value: unknown): string {
    if (value === null) return 'null';
    try {
      if (P.isArray(value)) return 'array';
    } catch {
      return 'object';
    }
    return typeof value;
  }

  /**
   * Calls `each` for the model's variables until it returns false, looking at no more than 2,000; runs no getter. Builtins
   * are not enumerable and variables are, and asking for the enumerable names alone costs a tenth.
   */
  function eachVariable(each: (name: string, type: string) => boolean): void {
    const names = P.keys(P.global);
    for (let at = 0; at < names.length && at < 2000; at += 1) {
      const name = names[at] as string;
      const found = P.descriptor(P.global, name);
      if (!found || builtin[name] === true) continue;
      if (!each(P.slice(name, 0, 200), found.get || found.set ? 'accessor' : typeName(found.value))) return;
    }
  }

  /** Variables as JSON pairs joined by commas. */
  function json(): string {
    let text = '';
    eachVariable((name, type) => {
      text += `${text === '' ? '' : ','}[${P.stringify(name)},"${type}"]`;
      return true;
    });
    return text;
  }

  /** What `SHOW_VARS()` returns. */
  function describe(limit: number): string {
    let text = '';
    eachVariable((name, type) => {
      text += `${text === '' ? '' : ', '}${name}: ${type}`;
      return text.length < limit;
    });
    return text === '' ? 'No variables yet. Create some in a ```repl block.' : `Available variables: {${text}}`;
  }

  return P.freeze({ __proto__: null, bind, seal, restore, declare, lookup, json, describe });
}

export type Names = ReturnType<typeof makeNames>;
