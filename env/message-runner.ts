import { mix } from './seed.ts';
import type { Stop } from './episode.ts';
import { readsAsPlan } from './plan.ts';
import { ReplError } from './repl/repl.ts';
import type { CellProgress, CellResult, SubcallRequest } from './repl/repl.ts';
import type { RlmCall, Run } from './rlm-call.ts';
import type { Finish, RlmEpisode } from './rlm-episode.ts';

type Rejection = 'finish_unseen' | 'plan_as_answer' | 'final_var_unknown';

type Entered = { progress: CellProgress; failure?: undefined } | { failure: Stop; progress?: undefined };

const childQuery =
  'Do what the text in `context` asks, or answer what it asks; it may hold both an instruction and the material for it.';

/**
 * Runs the code of one message, block by block: opens the children that a cell asks for, hands it their answers, and
 * when the code has ended takes its finish or tells the model what came of it.
 */
export class MessageRunner {
  readonly #tree: RlmEpisode;

  constructor(tree: RlmEpisode) {
    this.#tree = tree;
  }

  async run(call: RlmCall, run: Run): Promise<void> {
    while (run.block < run.parsed.blocks.length) {
      const { progress, failure } = await this.#enter(call, run, async () =>
        (await this.#replOf(call)).run(run.parsed.blocks[run.block]!),
      );
      if (failure) return this.#tree.finish(failure);
      if (!(await this.#progress(call, run, progress))) return;
      if (this.#tree.stop || call.ended) return;
      if (run.shown.at(-1)!.result.finish || !run.shown.at(-1)!.result.alive) break;
    }
    await this.#afterCode(call, run);
  }

  /** Follows a cell until it rests. False: it waits for children (or the episode is over). */
  async #progress(call: RlmCall, run: Run, first: CellProgress): Promise<boolean> {
    let progress = first;
    for (;;) {
      if (progress.state === 'done') {
        this.#cellDone(call, run, progress.result);
        return true;
      }
      const refused: { id: number; text: string }[] = [];
      for (const request of progress.requests) {
        const refusal = this.#openChild(call, run, request);
        if (refusal === null) continue;
        run.refused.push({ slot: request.id, reason: refusal });
        this.#tree.counters.add('subcalls_refused');
        refused.push({ id: request.id, text: call.dialect!.errorText(refusal) });
      }
      if (refused.length === 0) return false;
      const answered = await this.#enter(call, run, () => call.repl!.answer(refused));
      if (answered.failure) {
        this.#tree.finish(answered.failure);
        return false;
      }
      progress = answered.progress;
    }
  }

  /** A child's answer reaches the cell that asked. */
  async resume(call: RlmCall, run: Run, answer: { readonly id: number; readonly text: string }): Promise<void> {
    const { progress, failure } = await this.#enter(call, run, () => call.repl!.answer([answer]));
    if (failure) return this.#tree.finish(failure);
    if (!(await this.#progress(call, run, progress))) return;
    if (this.#tree.stop || call.ended) return;
    const last = run.shown.at(-1)!.result;
    if (last.finish || !last.alive) return this.#afterCode(call, run);
    await this.run(call, run);
  }

  #openChild(parent: RlmCall, run: Run, request: SubcallRequest): string | null {
    const { budget, limits, contexts } = this.#tree.parts;
    const depth = parent.record.depth + 1;
    const refusal = budget.openSubcall(depth, request.batch?.size ?? 1);
    if (refusal) return refusal;
    const kind = request.kind === 'rlm' && depth < budget.limits.depth ? 'rlm' : 'llm';
    const context = kind === 'rlm' ? contexts.prepare(request.prompt.slice(0, limits.promptChars)) : null;
    const child = this.#tree.addCall(
      {
        id: `${parent.record.id}.${request.id}`,
        parent: parent.record.id,
        slot: request.id,
        openedBy: { turn: parent.turn - 1, cell: run.block },
        batch: request.batch ? { ...request.batch } : null,
        kind,
        depth,
      },
      context,
      kind === 'rlm' ? budget.limits.childTurns : 1,
    );
    if (kind === 'llm') child.say([{ role: 'user', content: request.prompt }]);
    const short = kind === 'rlm' ? this.#tree.open(child, childQuery) : this.#tree.ask(child);
    if (short) {
      budget.returnSubcall();
      this.#tree.calls.delete(child.record.id);
      return short;
    }
    run.calls.push(child.record.id);
    run.open.set(request.id, child.record.id);
    return null;
  }

  #cellDone(call: RlmCall, run: Run, result: CellResult): void {
    const { budget } = this.#tree.parts;
    for (const id of run.open.values()) this.#tree.cancel(this.#tree.calls.get(id)!);
    run.open.clear();
    const room = budget.showOutput(result.stdout.length);
    const shown = room < result.stdout.length ? result.stdout.slice(0, room).toWellFormed() : result.stdout;
    run.shown.push({ result, shown, refused: run.refused });
    this.#tree.cellTimes.push({
      call: call.record.id,
      turn: call.turn - 1,
      cell: run.block,
      cpuMs: result.cpuMs,
      wallMs: result.wallMs,
    });
    run.turn.cells.push({
      code: run.parsed.blocks[run.block]!.toWellFormed(),
      stdout: result.stdout,
      stderr: result.stderr,
      cut: result.cut,
      variables: [...result.variables],
      calls: run.calls,
      refused: run.refused,
      overwritten: [...result.overwritten],
      hints: [...result.hints],
      limit: result.limit,
      finish: result.finish && { ...result.finish },
    });
    this.#limitMet(call, run, result);
    if (result.stderr !== '') this.#tree.counters.add('cell_errors');
    if (result.cut > 0) this.#tree.counters.add('cells_cut');
    this.#tree.counters.add('output_chars', shown.length);
    this.#tree.counters.add('overwritten_names', result.overwritten.length);
    this.#tree.counters.add('subcalls_cancelled', result.cancelled.length);
    for (const hint of result.hints) this.#tree.counters.add(hint);
    run.calls = [];
    run.refused = [];
    run.entries = 0;
    run.block += 1;
  }

  /** The message's code has ended: take its finish, or tell the model what came of it. */
  async #afterCode(call: RlmCall, run: Run): Promise<void> {
    const last = run.shown.at(-1)?.result;
    call.run = null;
    if (last && !last.alive) return this.#tree.fail(call, last.limit ?? 'sandbox_killed');
    const { finish, rejected } = await this.#finishOf(call, run);
    if (this.#tree.stop || call.ended) return;
    if (finish) return this.#tree.end(call, finish.value, finish);
    for (const reason of rejected) this.#tree.flag(run.turn, reason);
    if (this.#tree.parts.budget.outputSpent) return this.#tree.fail(call, 'budget_output');
    if (call.turn >= call.maxTurns) return this.#tree.fail(call, 'max_turns');
    call.say(
      call.dialect!.feedback({
        cells: run.shown,
        slips: run.parsed.slips,
        rejected,
        turn: call.turn + 1,
        maxTurns: call.maxTurns,
        left: this.#tree.parts.budget.left(),
      }),
    );
    const refusal = this.#tree.ask(call);
    if (refusal) await this.#tree.fail(call, refusal);
  }

  /** The finish of a message, if it stands; on the last turn every finish stands, since nothing can be told any more. */
  async #finishOf(call: RlmCall, run: Run): Promise<{ finish: Finish | null; rejected: Rejection[] }> {
    const { parsed } = run;
    const inCode = run.shown.at(-1)?.result.finish ?? null;
    let finish: Finish | null = inCode;
    const lastTurn = call.turn >= call.maxTurns;
    if (!finish && parsed.finish) {
      if (parsed.finish.source === 'FINAL') finish = this.#capped('FINAL', parsed.finish.text);
      else {
        const found = await this.#readVariable(call, run, parsed.finish.text);
        if (this.#tree.stop || call.ended) return { finish: null, rejected: [] };
        if (!found) return { finish: null, rejected: ['final_var_unknown'] };
        finish = found;
      }
    }
    if (!finish) return { finish: null, rejected: [] };
    const unseen = inCode ? parsed.literalFinish : parsed.blocks.length > 0;
    const plan = readsAsPlan(finish.value);
    if (unseen) this.#tree.flag(run.turn, 'finish_unseen', false);
    if (plan) this.#tree.flag(run.turn, 'plan_as_answer', false);
    const rejected: Rejection[] = [];
    if (unseen && this.#tree.parts.finishUnseen === 'reject' && !lastTurn) rejected.push('finish_unseen');
    if (plan && this.#tree.parts.planAsAnswer === 'reject' && !lastTurn) rejected.push('plan_as_answer');
    if (unseen) this.#tree.counters.add('finish_unseen');
    if (plan) this.#tree.counters.add('plan_as_answer');
    return rejected.length > 0 ? { finish: null, rejected } : { finish, rejected };
  }

  /**
   * Reads a REPL variable as text by running `FINAL_VAR` in a cell of the environment's own. Turning it into text may run
   * the model's code (`toJSON`, a getter), so it meets limits as every cell does.
   */
  async #readVariable(call: RlmCall, run: Run, name: string): Promise<Finish | null> {
    if (!call.repl) return null;
    const read = await this.#enter(call, run, () => call.repl!.run(`FINAL_VAR(${JSON.stringify(name)})`));
    if (read.failure) {
      this.#tree.finish(read.failure);
      return null;
    }
    if (read.progress.state !== 'done') return null;
    const { result } = read.progress;
    this.#limitMet(call, run, result);
    run.entries = 0;
    if (!result.alive) await this.#tree.fail(call, result.limit ?? 'sandbox_killed');
    return result.finish;
  }

  /** A limit that ended a cell is an event of the record. */
  #limitMet(call: RlmCall, run: Run, { limit, alive, cancelled }: CellResult): void {
    if (!limit) return;
    this.#tree.events.push({
      seq: this.#tree.seq + 1,
      type: 'limit',
      call: call.record.id,
      kind: limit,
      cell: run.block,
      entry: run.entries,
      alive,
      cancelled: [...cancelled],
    });
    this.#tree.counters.add(limit);
  }

  #capped(source: string, text: string): Finish {
    const most = this.#tree.parts.limits.answerChars;
    const value = (text.length > most ? text.slice(0, most) : text).toWellFormed();
    return { source, value, cut: Math.max(0, text.length - most) };
  }

  async #replOf(call: RlmCall): Promise<NonNullable<RlmCall['repl']>> {
    const { backend, limits, index } = this.#tree.parts;
    const context = call.context!;
    call.repl ??= await backend.open({
      context,
      seed: mix(context.hash, index, call.record.id),
      limits: this.#tree.parts.recorded?.limitsOf(call.record.id, limits) ?? limits,
      functions: this.#tree.functions(call.record.depth),
    });
    return call.repl;
  }

  /** Lets the block at work go on. In a replay, one that a limit had ended here ends as it had, whatever the clock says. */
  async #enter(call: RlmCall, run: Run, work: () => Promise<CellProgress>): Promise<Entered> {
    run.entries += 1;
    const place = { call: call.record.id, turn: call.turn - 1, cell: run.block, entry: run.entries };
    const result = this.#tree.parts.recorded?.endOf(place);
    if (!result) return this.#inRepl(work);
    // Later cells see what the code had done by then, so it runs; where the REPL's state was gone, nothing can see it.
    const now = result.alive ? await this.#inRepl(work) : null;
    if (now?.failure) return now;
    if (now && (now.progress.state === 'waiting' || !now.progress.result.alive)) {
      const instead = now.progress.state === 'waiting' ? 'waits for sub-calls' : 'lost its REPL';
      const message = `a cell of call ${place.call} that ${result.limit} had ended ${instead} in the replay`;
      return { failure: { reason: 'host_overloaded', class: 'infra', message } };
    }
    return { progress: { state: 'done', requests: [], result } };
  }

  async #inRepl(work: () => Promise<CellProgress>): Promise<Entered> {
    try {
      return { progress: await work() };
    } catch (error) {
      const reason = error instanceof ReplError ? error.failure : 'bug';
      return { failure: { reason, class: 'infra', message: error instanceof Error ? error.message : String(error) } };
    }
  }
}
