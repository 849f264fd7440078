// `npm test`: installs what the tests need, builds, runs every test that this machine can run, and sums them up in the last line.
// Arguments name vitest projects (unit, pg, container, system, hosts) and `browser`; without any: unit, pg and browser.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './browser.mjs';
import { pinnedNode, root, toolEnvironment } from './environment.mjs';
import { ensureBuilt, ensureInstalled } from './install.mjs';
import { runInForeground, runProgram } from './program.mjs';
import { note, printFailure } from './steps.mjs';
import { emptySummary, oneLine, printSummary, readSummary, specsOf } from './summary.mjs';

const wanted = process.argv.slice(2);
const kinds = wanted.length > 0 ? wanted : ['unit', 'pg', 'browser'];
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const playwright = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
const playwrightArgs = ['test', '--config', join('lab', 'playwright.config.ts')];
const folder = mkdtempSync(join(tmpdir(), 'foretop-test-'));

// What `container` would test is tested by `pg` too, on the embedded server: without an engine nothing has failed.
const noEngine = kinds.includes('container') ? engineMissing() : undefined;
if (noEngine) {
  note(
    `Skipped: the database suite on a Postgres in a container: ${noEngine}. npm run test:pg runs it on the embedded one.`,
  );
  console.log('\n0 passed, 0 failed, 1 skipped');
} else {
  await runTests();
}
rmSync(folder, { recursive: true, force: true });

async function runTests() {
  try {
    await ensureInstalled();
    const browser = kinds.includes('browser') ? await ensureBrowser() : undefined;
    await ensureBuilt();
    const summaries = [];
    const projects = kinds.filter((kind) => kind !== 'browser');
    if (projects.length > 0) summaries.push(await runVitest(projects));
    if (kinds.includes('browser')) summaries.push(browser ? await runPlaywright(browser) : await countBrowserTests());
    process.exitCode = printSummary(summaries);
  } catch (error) {
    printFailure(error);
    process.exitCode = printSummary([{ ...emptySummary(), failed: 1, failures: [oneLine(error.message)] }]);
  }
}

/** Why there is no container engine, or undefined when one answers. */
function engineMissing() {
  const { error, status, stderr } = spawnSync('docker', ['info'], { encoding: 'utf8', timeout: 20_000 });
  if (error) return 'the command `docker` is not installed';
  return status === 0 ? undefined : stderr.trim().split('\n').at(-1);
}

async function runVitest(projects) {
  const file = join(folder, 'vitest.json');
  const reporters = ['--reporter=default', `--reporter=${join(root, 'deploy', 'local', 'vitest-summary.mjs')}`];
  const args = [vitest, 'run', ...projects.flatMap((project) => ['--project', project]), ...reporters];
  const exitCode = await runInForeground(pinnedNode, args, toolEnvironment({ FORETOP_TEST_SUMMARY: file }));
  return readSummary(file, exitCode);
}

async function runPlaywright(browser) {
  const file = join(folder, 'playwright.json');
  const env = toolEnvironment({ FORETOP_TEST_BROWSER: browser, PLAYWRIGHT_JSON_OUTPUT_FILE: file });
  const exitCode = await runInForeground(pinnedNode, [playwright, ...playwrightArgs, '--reporter=list,json'], env);
  return readSummary(file, exitCode);
}

/** Without a browser its tests are listed, so that they count as skipped. */
async function countBrowserTests() {
  const args = [playwright, ...playwrightArgs, '--list', '--reporter=json'];
  const report = await runProgram('playwright', pinnedNode, args, { env: toolEnvironment() });
  const { suites } = JSON.parse(report);
  const titles = suites.flatMap(specsOf).map(({ title }) => title);
  return { ...emptySummary(), skipped: titles.length, skips: titles.map((title) => `${title}: no browser`) };
}
