import { CpuMeter } from './cpu-meter.ts';
import { nothing, type Without } from './defences.ts';
import { watchEntries } from './entries.ts';
import { EntryGate } from './entry-gate.ts';
import { Bootstrap } from './isolate.ts';
import { IsolateRepl, type WorkerServices } from './isolate-repl.ts';
import { hostMessageSchema, type HostMessage, type WorkerMessage } from './messages.ts';
import { SharedContexts } from './shared-contexts.ts';

/**
 * Makes this process a worker: it holds the isolates of many REPLs, speaks only with the host that forked it, and kills
 * itself when that host is gone (a live isolate makes an orderly exit crash). The arguments are for tests.
 */
export function serveRepls(bootstrap = new Bootstrap(), without: Without = nothing): void {
  const die = () => {
    process.kill(process.pid, 'SIGKILL');
    // Process 1 of a namespace cannot kill itself.
    process.abort();
  };
  process.on('disconnect', die);

  let stuck = 0;
  const services: WorkerServices = {
    contexts: new SharedContexts(),
    meter: new CpuMeter(),
    gate: new EntryGate(),
    entries: new Set(),
    bootstrap,
    without,
    onStuck(change) {
      stuck += change;
      reply({ type: 'stuck', threads: stuck });
    },
  };
  const repls = new Map<number, IsolateRepl>();

  let outbox: WorkerMessage[] = [];
  let operations = 0;
  /** While several REPLs are busy, replies of one turn of the loop go out as one message: a send costs more than its content. */
  function reply(message: WorkerMessage): void {
    outbox.push(message);
    if (operations <= 1) flush();
    else if (outbox.length === 1) setImmediate(flush);
  }

  function flush(): void {
    if (outbox.length === 0) return;
    const messages = outbox;
    outbox = [];
    process.send?.(messages, undefined, {}, onSent);
  }

  function onSent(error: Error | null): void {
    if (error) die();
  }

  let ticker: NodeJS.Timeout | null = null;
  function keepWatch(): void {
    ticker ??= setInterval(() => {
      if (without.has('entry_watch')) services.meter.tick();
      else if (services.entries.size > 0) watchEntries(services.entries, services.meter);
      else if (ticker) {
        services.meter.tick();
        clearInterval(ticker);
        ticker = null;
      }
    }, 50);
  }

  async function operate(message: Extract<HostMessage, { type: 'run' | 'answer' }>): Promise<void> {
    const repl = repls.get(message.repl);
    if (!repl) return;
    keepWatch();
    operations += 1;
    try {
      const progress = await (message.type === 'run' ? repl.run(message.code) : repl.answer(message.answers));
      if (!repl.closed) reply(progress);
    } catch (error) {
      if (repl.closed) return;
      repl.close();
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      reply({ type: 'failed', repl: message.repl, failure: 'bug', message: text.slice(0, 2000) });
    } finally {
      operations -= 1;
    }
  }

  function receive(message: HostMessage): void {
    switch (message.type) {
      case 'context':
        services.contexts.define(message);
        return;
      case 'open':
        repls.set(message.repl, new IsolateRepl(message, services));
        return;
      case 'close':
        keepWatch();
        repls.get(message.repl)?.close();
        repls.delete(message.repl);
        return;
      default:
        void operate(message);
    }
  }

  process.on('message', (messages: unknown) => {
    if (!Array.isArray(messages)) return;
    for (const message of messages) receive(hostMessageSchema.parse(message));
  });
  reply({ type: 'ready' });
}
