// The sum of several test runs, and the plain last line that says it.
import { readFileSync } from 'node:fs';
import { note } from './steps.mjs';

export const emptySummary = () => ({ passed: 0, failed: 0, skipped: 0, skips: [] });

/** What a run wrote; a run that ended without writing anything counts as one failure. */
export function readSummary(file, exitCode) {
  const summary = parseSummary(file) ?? { ...emptySummary(), failed: 1 };
  return exitCode !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
}

function parseSummary(file) {
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8'));
    return parsed.suites ? fromPlaywright(parsed) : parsed;
  } catch {
    return undefined; // it stopped before it could write
  }
}

/** Playwright's JSON report; a flaky test failed at least once and counts as failed. */
function fromPlaywright({ stats, suites, errors = [] }) {
  const skips = suites
    .flatMap(specsOf)
    .flatMap(({ title, tests }) => tests.filter(isSkipped).map((test) => reasonFor(title, test)));
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped,
    skips,
  };
}

const isSkipped = (test) => test.status === 'skipped';

function reasonFor(title, { annotations = [] }) {
  const reason = annotations.find(({ type }) => type === 'skip')?.description;
  return reason ? `${title}: ${reason}` : title;
}

/** Every spec of a suite and of those within it. */
export function specsOf(suite) {
  return [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];
}

/** Prints every skip with its reason, then the line that other programs read. Returns the exit code. */
export function printSummary(summaries) {
  const total = emptySummary();
  for (const { passed, failed, skipped, skips } of summaries) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.skips.push(...skips);
  }
  if (total.skips.length > 0) console.log('\nSkipped:');
  for (const skip of total.skips) note(skip);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}
