// Which tests there are: fast ones (unit), those that need a real Postgres (pg), whole systems under load and
// faults (system), and several hosts (hosts).
import { defineConfig } from 'vitest/config';
import { isCi } from './deploy/local/environment.mjs';

// A shared machine stalls now and then. What passes only at the second try is counted as passed, and named at the end of the run.
const retry = isCi ? 1 : 0;

/** Hosts of their own, in containers and network namespaces: they wait for each other more than for a processor. */
const apart = [
  'lab/{compose,service}/**/*.system.test.ts',
  'lab/system/{capture,card,commands,database-socket,hostile,identity,namespaces,tools}*.system.test.ts',
];

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
          exclude: [...apart, '**/node_modules/**'],
          fileParallelism: false, // each of them measures or disturbs the whole machine
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry,
        },
      },
      {
        test: {
          name: 'hosts',
          include: apart,
          exclude: ['**/node_modules/**'],
          globalSetup: ['./lab/service/global-release.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry,
        },
      },
    ],
  },
});
