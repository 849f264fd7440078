// Browser tests: the system's own Chromium, two files at a time, against a Foretop that each test file starts for itself.
import { defineConfig } from '@playwright/test';
import { chromiumOptions } from './harness/chromium.ts';

export default defineConfig({
  testDir: './e2e',
  testMatch: '**/*.e2e.ts',
  outputDir: '../test-results',
  workers: 2, // many tests wait for something else than a processor
  forbidOnly: true,
  retries: process.env['CI'] ? 1 : 0, // what passes only then is named at the end of the run
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    headless: true,
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    launchOptions: chromiumOptions,
  },
});
