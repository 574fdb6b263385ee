import { expect, test } from 'vitest';
import { soak } from './storm.ts';

test(
  'sixty episodes against a storm of faults all end, are counted, and none is a 0',
  { timeout: 180_000 },
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}; the same again: npm run -s soak -- storm --count 60 --seed ${seed}`);
    const { broken } = await soak.run({ count: 60, seed, log: () => undefined });
    expect(broken).toEqual([]);
  },
);
