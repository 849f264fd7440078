// Which tests there are: fast ones (unit), those that need a real Postgres (pg), and whole systems under load and faults (system).
import { defineConfig } from 'vitest/config';
import { isCi } from './deploy/local/environment.mjs';

// A shared machine stalls now and then. What passes only at the second try is counted as passed, and named at the end of the run.
const retry = isCi ? 1 : 0;

export default defineConfig({
  test: {
    maxWorkers: '100%', // many tests wait for something else than a processor
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{proto,agent,collector,web,lab,deploy}/**/*.test.ts'],
          exclude: ['**/*.{pg,system,e2e}.test.ts', '**/node_modules/**'],
          testTimeout: 20_000,
          retry,
        },
      },
      {
        test: {
          name: 'pg',
          include: ['{collector,lab}/**/*.pg.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['./collector/test/global-postgres.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'container', // the same, on a Postgres in a container
          include: ['{collector,lab}/**/*.pg.test.ts'],
          exclude: ['collector/src/store/embedded/**', '**/node_modules/**'],
          globalSetup: ['./collector/test/global-postgres-container.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'system',
          include: ['lab/**/*.system.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: ['./lab/service/global-release.ts'],
          fileParallelism: false, // each of them measures or disturbs the whole machine
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry,
        },
      },
    ],
  },
});
