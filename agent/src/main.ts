// The command line of the agent. The only file that decides how the process ends.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closeReasons } from '@foretop/proto';
import { commandFlags } from '@foretop/proto/settings';
import { Command, CommanderError } from 'commander';
import { agentVersion, runAgent } from './agent.ts';
import { readEnvironment } from './config/environment.ts';
import { createLogger } from './config/logger.ts';
import { ConfigError, dataDirectoryOf, loadRunConfig, type RunOptions } from './config/run-config.ts';
import { settings } from './config/settings.ts';
import { AgentError } from './wire/agent-error.ts';
import { parseEnrolmentToken, type EnrolmentToken } from './wire/enrolment.ts';
import { formatStatus, readStatus } from './wire/status.ts';

const exitCodes = { stopped: 0, failed: 1, config: 2, refused: 3 } as const;
const isRoot = process.getuid?.() === 0;

const program = new Command('foretop-agent')
  .description('Shows the connections of this host to a Foretop collector.')
  .version(agentVersion)
  .exitOverride();

const configHelp =
  'configuration file (or FORETOP_AGENT_CONFIG, else agent.json in the data directory if there is one)';

const runCommand = program.command('run').description('Collect and send until stopped.');
for (const { flags, text } of commandFlags(settings)) runCommand.option(flags, text);
runCommand
  .option('--config <file>', configHelp)
  .option('--print-config', 'print the configuration as it would be in effect and where each value is from, then end')
  .action(run);

program
  .command('status')
  .description('Tell what the agent sees, what it misses and why, and how its connection is.')
  .option('--data <path>', "the agent's data directory (or FORETOP_AGENT_DATA)")
  .option('--config <file>', configHelp)
  .option('--json', 'as JSON')
  .action(status);

try {
  await program.parseAsync();
} catch (error) {
  // Help, version and usage errors, which commander has printed.
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? exitCodes.stopped : exitCodes.config;
}

async function run(options: RunOptions & { printConfig?: boolean }): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  try {
    const config = loadRunConfig(options, readEnvironment(), isRoot);
    if (options.printConfig) return void process.stdout.write(`${config.printed}\n`);
    const token = config.tokenFile === undefined ? undefined : readToken(config.tokenFile);
    const log = createLogger(config.logLevel, process.stderr);
    for (const doubt of config.doubts) log.warn({ event: 'configuration-doubtful' }, doubt);
    const refusal = await runAgent({ config, token, log, signal: stop.signal });
    if (refusal) fail(exitCodes.refused, closeReasons[refusal].text);
  } catch (error) {
    if (error instanceof ConfigError || error instanceof AgentError) fail(exitCodes.config, error.message);
    else fail(exitCodes.failed, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function readToken(file: string): EnrolmentToken {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([`The enrolment token cannot be read from '${file}': ${reason}`]);
  }
  return parseEnrolmentToken(text);
}

function status(options: { data?: string; config?: string; json?: boolean }): void {
  const path = join(dataDirectoryOf(options, readEnvironment(), isRoot), 'status.json');
  try {
    const report = readStatus(path);
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : formatStatus(report, Date.now())}\n`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = 'Has an agent run with this data directory, and as which user? Choose another with --data.';
    fail(exitCodes.failed, `The agent's status cannot be read: ${reason}\n${advice}`);
  }
}

function fail(code: number, message: string): void {
  process.stderr.write(`foretop-agent: ${message}\n`);
  process.exitCode = code;
}
