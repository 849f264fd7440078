// The sum of several test runs, and the plain last line that says it.
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { note } from './steps.mjs';

/** `failures` and `flaky` are titles with the first line of what went wrong; flaky ones passed at the second try. */
export const emptySummary = () => ({ passed: 0, failed: 0, skipped: 0, skips: [], failures: [], flaky: [] });

/** What a run wrote; a run that ended without writing anything counts as one failure. */
export function readSummary(file, exitCode) {
  const summary = parseSummary(file) ?? { ...emptySummary(), failed: 1, failures: ['the run wrote no summary'] };
  return exitCode !== 0 && summary.failed === 0
    ? { ...summary, failed: 1, failures: [`the run ended with status ${exitCode}`] }
    : summary;
}

function parseSummary(file) {
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8'));
    return parsed.suites ? fromPlaywright(parsed) : parsed;
  } catch {
    return undefined; // it stopped before it could write
  }
}

/** Playwright's JSON report. */
function fromPlaywright({ stats, suites, errors = [] }) {
  const tests = suites
    .flatMap(specsOf)
    .flatMap(({ title, file, tests }) => tests.map((test) => ({ title, file, test })));
  const ofStatus = (status) => tests.filter(({ test }) => test.status === status);
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected + errors.length,
    skipped: stats.skipped,
    skips: ofStatus('skipped').map(({ title, test }) => reasonFor(title, test)),
    failures: [...ofStatus('unexpected').map(failureOf), ...errors.map(({ message }) => oneLine(message))],
    flaky: ofStatus('flaky').map(failureOf),
  };
}

function failureOf({ title, file, test }) {
  const message = test.results.find(({ error }) => error)?.error.message;
  return `${file}: ${title}: ${oneLine(message)}`;
}

/** Without colours, and short: also what was expected and received, which stands below the first line. */
export function oneLine(message = 'no message') {
  return stripVTControlCharacters(message).trim().replace(/\s+/g, ' ').slice(0, 400);
}

function reasonFor(title, { annotations = [] }) {
  const reason = annotations.find(({ type }) => type === 'skip')?.description;
  return reason ? `${title}: ${reason}` : title;
}

/** Every spec of a suite and of those within it. */
export function specsOf(suite) {
  return [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
}

/**
 * Prints every skip with its reason, every test that failed at first or for good (their marks are what .ci/run repeats at its
 * end), then the line that other programs read. Returns the exit code.
 */
export function printSummary(summaries) {
  const total = emptySummary();
  for (const summary of summaries) {
    for (const key of ['passed', 'failed', 'skipped']) total[key] += summary[key];
    for (const key of ['skips', 'failures', 'flaky']) total[key].push(...summary[key]);
  }
  if (total.skips.length > 0) console.log('\nSkipped:');
  for (const skip of total.skips) note(skip);
  if (total.flaky.length > 0) console.log('\nPassed at the second try, so not to be trusted:');
  for (const failure of total.flaky) console.log(`↻ ${failure}`);
  if (total.failures.length > 0) console.log('\nFailed:');
  for (const failure of total.failures) console.log(`✗ ${failure}`);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
