import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { soak } from './episodes.ts';

const noProc = existsSync('/proc/self/fd') ? '' : ' (skipped: descriptors are read from /proc, which is not here)';

test.skipIf(noProc !== '')(
  `256 episodes at once and 1,500 in a row fail nowhere and keep no descriptor${noProc}`,
  { timeout: 180_000 },
  async () => {
    const { broken, figures } = await soak.run({ count: 1_500, seed: 1, log: () => undefined });
    expect(broken).toEqual([]);
    expect(figures).toMatchObject({ failed: 0, failed_of_256_at_once: 0 });
  },
);
