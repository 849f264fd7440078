// `npm run verify`: every check that needs no service, side by side where they share nothing, with a short sum at the end.
// Arguments name single checks (format, lint, types, unused, tests).
import { join } from 'node:path';
import { pinnedNode, root, toolEnvironment } from './environment.mjs';
import { ensureInstalled } from './install.mjs';
import { runProgram } from './program.mjs';
import { printFailure } from './steps.mjs';
import { emptySummary, printSummary } from './summary.mjs';

const tool = (...path) => join(root, 'node_modules', ...path);
const turbo = (...tasks) => [
  tool('turbo', 'bin', 'turbo'),
  'run',
  ...tasks,
  '--output-logs=errors-only',
  '--continue=always',
  '--log-order=grouped',
  '--no-update-notifier',
];

const checks = {
  format: [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
  lint: [tool('oxlint', 'bin', 'oxlint'), '--deny-warnings', '--report-unused-disable-directives'],
  types: turbo('check'),
  unused: [tool('knip', 'bin', 'knip.js'), '--no-progress'],
  tests: [tool('vitest', 'vitest.mjs'), 'run', '--project', 'unit', '--reporter=dot'],
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(checks);
const unknown = names.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(', ')}. There are ${Object.keys(checks).join(', ')}.`);
  process.exitCode = 2;
} else {
  process.exitCode = await verify();
}

async function verify() {
  const env = toolEnvironment();
  try {
    await ensureInstalled();
    // Types, unused exports and tests read generated code, so it is made first.
    await runProgram('turbo', pinnedNode, turbo('gen'), { env, failure: 'The generated code could not be made' });
  } catch (error) {
    printFailure(error);
    return printSummary([{ ...emptySummary(), failed: 1 }]);
  }
  const results = await Promise.allSettled(names.map((name) => check(name, env)));
  for (const { reason } of results) if (reason) printFailure(reason);
  const failed = results.filter(({ status }) => status === 'rejected').length;
  return printSummary([{ ...emptySummary(), passed: results.length - failed, failed }]);
}

async function check(name, env) {
  const startedMs = performance.now();
  await runProgram(name, pinnedNode, checks[name], { env, failure: `The check "${name}" failed` });
  console.log(`✓ ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
}
