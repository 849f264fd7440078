// A vitest reporter that writes how many tests passed, failed and were skipped, and why, to the file named in the environment.
import { writeFileSync } from 'node:fs';
import { summaryFile } from './environment.mjs';
import { emptySummary, oneLine } from './summary.mjs';

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const summary = emptySummary();
    for (const module of modules) countModule(module, summary);
    // An error outside of any test fails the run, so it counts as one.
    summary.failed += unhandledErrors.length;
    summary.failures.push(...unhandledErrors.map(withCauses));
    if (summaryFile) writeFileSync(summaryFile, JSON.stringify(summary));
  }
}

function countModule(module, summary) {
  const before = summary.failed;
  for (const test of module.children.allTests()) {
    const { state, note } = test.result();
    if (state === 'passed') {
      summary.passed++;
      if (test.diagnostic()?.flaky) summary.flaky.push(failureOf(module, test));
    } else if (state === 'failed') {
      summary.failed++;
      summary.failures.push(failureOf(module, test));
    } else {
      summary.skipped++;
      summary.skips.push(`${test.fullName}${note ? `: ${note}` : ''}`);
    }
  }
  // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
  if (module.state() === 'failed' && summary.failed === before) {
    summary.failed++;
    summary.failures.push(`${module.relativeModuleId}: ${oneLine(module.errors()[0]?.message)}`);
  }
}

/** What vitest says of a file whose process died stands in the cause of its error. */
function withCauses({ message, cause }) {
  return cause ? `${oneLine(message)} ${withCauses(cause)}` : oneLine(message);
}

const failureOf = (module, test) =>
  `${module.relativeModuleId}: ${test.fullName}: ${oneLine(test.result().errors?.[0]?.message)}`;
