import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['tests/pack/**/*.test.ts'], pool: 'forks', testTimeout: 300_000, hookTimeout: 300_000 },
});
