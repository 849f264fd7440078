// A vitest reporter that writes how many tests passed, failed and were skipped, and why, to the file named in the environment.
import { writeFileSync } from 'node:fs';
import { summaryFile } from './environment.mjs';

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = { passed: 0, failed: 0, skipped: 0, skips: [] };
    for (const module of modules) countModule(module, summary);
    // An error outside of any test fails the run, so it counts as one.
    summary.failed += unhandledErrors.length;
    if (summaryFile) writeFileSync(summaryFile, JSON.stringify(summary));
  }
}

function countModule(module, summary) {
  const before = summary.failed;
  for (const test of module.children.allTests()) {
    const { state, note } = test.result();
    if (state === 'passed') summary.passed++;
    else if (state === 'failed') summary.failed++;
    else {
      summary.skipped++;
      summary.skips.push(`${test.fullName}${note ? `: ${note}` : ''}`);
    }
  }
  // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
  if (module.state() === 'failed' && summary.failed === before) summary.failed++;
}
