import type { Episode } from '../env/episode.ts';

const fewest = 50;

/**
 * Counts episodes that killed their sandbox twice (`sandbox_killed`). Each costs a worker and the replay of its
 * neighbours, so a policy that learns to do it would slow a run down without end: above a share, the run stops.
 */
export class KillerCount {
  /** null: never stop. */
  readonly #share: number | null;
  #episodes = 0;
  #killers = 0;

  constructor(share: number | null) {
    this.#share = share;
  }

  /** What to tell when the run must stop. */
  count(episode: Episode): { readonly message: string; readonly next: string } | null {
    this.#episodes += 1;
    if (Number(episode.metrics['sandbox_killed'] ?? 0) > 0) this.#killers += 1;
    const share = this.#killers / this.#episodes;
    if (this.#share === null || this.#episodes < fewest || share <= this.#share) return null;
    return {
      message: `${this.#killers} of ${this.#episodes} episodes killed their sandbox`,
      next: 'look at their cells in the store (stop reason sandbox_killed); if they mean no harm, raise environment.repl.memoryMb in a new run; to go on all the same, set rollout.haltKilled to null and run the same command',
    };
  }
}
