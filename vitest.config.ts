import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    // tests/pack installs a package from the registry and takes a minute: `npm run test:pack`, which .ci/run does.
    exclude: ['node_modules/**', 'dist/**', 'runs/**', '.venv*/**', 'tests/pack/**'],
    // Processes, not threads: isolated-vm's addon is loaded in some of them.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
