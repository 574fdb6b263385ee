import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { soak } from './kill.ts';

const noProc = existsSync('/proc/self/task') ? '' : ' (skipped: workers are found in /proc, which is not here)';

test.skipIf(noProc !== '')(
  `ten kills of engines and workers lose nothing, repeat nothing and change no shard${noProc}`,
  { timeout: 240_000 },
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}; the same again: npm run -s soak -- kill --count 10 --seed ${seed}`);
    const { broken, figures } = await soak.run({ count: 10, seed, log: () => undefined });
    expect(broken).toEqual([]);
    expect(figures).toMatchObject({ kills: 10, lost: 0, twice: 0 });
  },
);
