// `foretop-agent status`: what a running agent says of itself.
import { join } from 'node:path';
import { readEnvironment } from '../config/environment.ts';
import { dataDirectoryOf } from '../config/run-config.ts';
import { policyRows } from '../trust/policy-summary.ts';
import { type AgentStatus, formatStatus, readStatus } from '../wire/status.ts';
import { configHelp, dataHelp, exitCodes, fail, isRoot, type Registration } from './command.ts';

export const registerStatus: Registration = (program) => {
  program
    .command('status')
    .description('Tell what the agent sees, what it misses and why, and how its connection is.')
    .option('--data <path>', dataHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'as JSON')
    .action(status);
};

function status(options: { data?: string; config?: string; json?: boolean }): void {
  const path = join(dataDirectoryOf(options, readEnvironment(), isRoot), 'status.json');
  try {
    const report = readStatus(path);
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : textOf(report)}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = 'Has an agent run with this data directory, and as which user? Choose another with --data.';
    fail(exitCodes.failed, `The agent's status cannot be read: ${reason}\n${advice}`);
  }
}

/** What it sees, then what it is allowed and by whom. */
function textOf(report: AgentStatus): string {
  const nowMs = Date.now();
  return formatStatus(report, nowMs, report.policy ? policyRows(report.policy, nowMs) : []);
}
