import { availableParallelism } from 'node:os';

/** An entry that has run for longer no longer holds its place. */
const longMs = 10;

/**
 * Lets about as many entries into isolates at once as there are threads waiting for them: isolated-vm starts a new thread
 * for each entry above that, which costs more than a small cell. An entry that runs for long gives its place up, so a
 * loop keeps nobody waiting for more than some milliseconds.
 */
export class EntryGate {
  readonly #places: number;
  readonly #inside = new Map<symbol, number>();
  readonly #queue: ((ticket: symbol) => void)[] = [];
  #head = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(places = availableParallelism() + 1) {
    this.#places = places;
  }

  /** A ticket, at once where there is a place. */
  enter(): symbol | Promise<symbol> {
    if (this.#inside.size < this.#places && this.#head === this.#queue.length) return this.#admit();
    if (this.#timer === null) this.#timer = setTimeout(() => this.#retire(), longMs);
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  leave(ticket: symbol): void {
    if (this.#inside.delete(ticket)) this.#next();
  }

  #admit(): symbol {
    const ticket = Symbol('entry');
    this.#inside.set(ticket, performance.now());
    return ticket;
  }

  #next(): void {
    while (this.#inside.size < this.#places && this.#head < this.#queue.length) {
      const resolve = this.#queue[this.#head];
      this.#head += 1;
      resolve?.(this.#admit());
    }
    if (this.#head > 1000 || this.#head === this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Takes the places of long entries away while others wait. */
  #retire(): void {
    this.#timer = null;
    const before = performance.now() - longMs;
    for (const [ticket, since] of this.#inside) if (since <= before) this.#inside.delete(ticket);
    this.#next();
    if (this.#queue.length > 0) this.#timer = setTimeout(() => this.#retire(), longMs / 2);
  }
}
