// `foretop-agent run`: the agent itself, until it is stopped.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { closeReasons } from '@foretop/proto';
import { commandFlags } from '@foretop/proto/settings';
import { readEnvironment } from '../config/environment.ts';
import { createLogger } from '../config/logger.ts';
import { loadRunConfig, type RunConfig, type RunOptions } from '../config/run-config.ts';
import { settings } from '../config/settings.ts';
import type { EnrolmentToken } from '../wire/enrolment.ts';
import { configHelp, exitCodes, fail, failWith, isRoot, readToken, type Registration } from './command.ts';

export const registerRun: Registration = (program) => {
  const command = program.command('run').description('Collect and send until stopped.');
  for (const { flags, text } of commandFlags(settings)) command.option(flags, text);
  command
    .option('--config <file>', configHelp)
    .option('--print-config', 'print the configuration as it would be in effect and where each value is from, then end')
    .action(run);
};

async function run(options: RunOptions & { printConfig?: boolean }): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  try {
    const environment = readEnvironment();
    const config = loadRunConfig(options, environment, isRoot);
    if (options.printConfig) return void process.stdout.write(`${config.printed}\n`);
    const token = await tokenOf(config);
    const log = createLogger(config.logLevel, process.stderr);
    for (const doubt of config.doubts) log.warn({ event: 'configuration-doubtful' }, doubt);
    // Here rather than above: no other command needs what calls the operating system.
    const { runAgent } = await import('../agent.ts');
    const { openNotifier } = await import('../service/notify.ts');
    using notifier = openNotifier(environment.notifySocket);
    stop.signal.addEventListener('abort', () => notifier.stopping());
    const refusal = await runAgent({ config, token, log, signal: stop.signal, onLook: () => notifier.looked() });
    if (refusal) fail(exitCodes.refused, closeReasons[refusal].text);
  } catch (error) {
    failWith(error);
  }
}

/** Of the file that is named, else the one that an installation left in the data directory, which goes once it was used. */
async function tokenOf({ tokenFile, dataDirectory }: RunConfig): Promise<EnrolmentToken | undefined> {
  if (tokenFile !== undefined) return readToken(tokenFile);
  const placed = join(dataDirectory, 'enrolment-token');
  if (!existsSync(placed)) return undefined;
  return { ...(await readToken(placed)), spent: () => rmSync(placed, { force: true }) };
}
