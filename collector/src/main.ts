// The command `foretop`: reads options, runs the collector or an operator's command, and turns failures into exit codes.
import { commandFlags } from '@foretop/proto/settings';
import { Command, CommanderError, Option } from 'commander';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { accountCommands } from './cli/account-commands.ts';
import { auditCommands } from './cli/audit-commands.ts';
import { CliError } from './cli/cli-error.ts';
import { ownerCommands } from './cli/owner-commands.ts';
import { remoteCommands } from './cli/remote-commands.ts';
import { replayCommand } from './cli/replay-command.ts';
import { wholeNumber } from './cli/whole-number.ts';
import type { Collector } from './collector.ts';
import { type Config, ConfigError, loadConfig, type Options } from './config/config.ts';
import { type Environment, readEnvironment } from './config/environment.ts';
import { createLog } from './config/log.ts';
import { settings } from './config/settings.ts';
import { openBrowser } from './serve/open-browser.ts';
import * as operations from './serve/operate.ts';

const exitFailure = 1;
const exitUsage = 2;

type CommonOptions = Options;
type ServeOptions = CommonOptions & { open: boolean; printConfig?: boolean };

async function serve(config: Config, environment: Environment, options: ServeOptions): Promise<void> {
  if (options.printConfig) return print(config.printed);
  const log = createLog(config.logLevel);
  for (const doubt of config.doubts) log.warn({ event: 'configuration-doubtful' }, doubt);
  const stop = stopSignal(log);
  const started = Promise.withResolvers<Collector>();
  // From the beginning: where nobody hears it, it ends the process.
  process.on('SIGHUP', () => void started.promise.then((running) => running.readFilesAgain()));
  // Only here: the other commands start in half the time without it.
  const { startCollector } = await import('./collector.ts');
  await using resources = new AsyncDisposableStack();
  const starting = startCollector(config, { log, signal: stop.signal, progress: print });
  const collector = await starting.catch((error: unknown) => {
    if (stop.signal.aborted) return undefined;
    throw error;
  });
  // Stopped by a person before it was ready: that is no failure.
  if (collector === undefined) return;
  resources.use(collector);
  started.resolve(collector);
  if (options.open && environment.canOpenBrowser) {
    resources.use(await openBrowser(await collector.createLoginLink(), config.dataDir, log));
  }
  print(`Foretop is ready: ${await collector.createLoginLink()}`);
  await stop.asked;
  print('Stopping …');
}

/** One Ctrl+C can arrive twice: from the terminal, and passed on by whoever started this process. */
const sameSignalMs = 1_000;

/** The first SIGINT or SIGTERM asks to stop, the second ends the process as it is. */
function stopSignal(log: Logger): { signal: AbortSignal; asked: Promise<void> } {
  const abort = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let askedMs = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted && performance.now() - askedMs > sameSignalMs) {
        log.warn({ event: 'forced-stop', signal: name });
        process.exit(exitFailure);
      }
      if (abort.signal.aborted) return;
      askedMs = performance.now();
      abort.abort();
      resolve();
    });
  }
  return { signal: abort.signal, asked: promise };
}

function program(environment: Environment): Command {
  const root = process.getuid?.() === 0;
  const configOf = (options: Options) => loadConfig(environment, options, root);
  const operate = (options: Options, operation: operations.Operation) => {
    const config = configOf({ logLevel: 'warn', ...options });
    return operations.operate(
      { dataDir: config.dataDir, databaseUrl: config.databaseUrl?.reveal() },
      createLog(config.logLevel),
      { result: print, note: (text) => console.error(text) },
      operation,
    );
  };
  const foretop = new Command('foretop')
    .description('Foretop collector: stores what agents see, serves the dashboard and the API on localhost.')
    .version(manifest.version)
    .exitOverride()
    // An option after a subcommand is the subcommand's.
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(withoutValues(text)) })
    .addHelpText('after', `\n${environmentHelp}`);

  serveSettings(foretop.command('serve'))
    .description('run the collector until it is stopped (Ctrl+C); prints a login link when it is ready')
    .option('--config <file>', configHelp)
    .option('--no-open', 'do not open the browser')
    .option('--print-config', 'print the configuration as it would be in effect and where each value is from, then end')
    .action((options: ServeOptions) => serve(configOf(options), environment, options));

  const token = foretop.command('token').description('bearer tokens for the API');
  common(token.command('create'))
    .description('make a token and print it, once')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['viewer', 'operator', 'admin']).makeOptionMandatory(),
    )
    .option('--name <name>', 'what it is for', '')
    .option('--days <number>', 'days until it expires; without, it holds until revoked', wholeNumber(1, 3650))
    .action((options) => operate(options, operations.tokenCreate(options)));
  common(token.command('list'))
    .description('list tokens, without their texts')
    .option('--json', 'as JSON', false)
    .action((options) => operate(options, operations.tokenList(options.json)));
  common(token.command('revoke'))
    .description('end a token; what it has open is closed within seconds')
    .argument('<id>', 'as in the list', wholeNumber(1, 2 ** 31 - 1))
    .action((id: number, options) => operate(options, operations.tokenRevoke(id)));

  const enrolToken = foretop.command('enrol-token').description('tokens with which agents enrol');
  common(enrolToken.command('create'))
    .description('make a token that enrols one host within 15 minutes, and print it')
    .action((options) => {
      const { dataDir, databaseUrl } = configOf(options);
      return operate(options, operations.enrolTokenCreate(databaseUrl === undefined ? dataDir : undefined));
    });

  const hosts = foretop.command('hosts').description('list hosts, over the API; or, on the collector itself:');
  common(hosts.command('list'))
    .description('list hosts')
    .option('--json', 'as JSON', false)
    .action((options) => operate(options, operations.hostsList(options.json)));
  common(hosts.command('revoke'))
    .description("refuse a host's key from now on and cut its connection")
    .argument('<id>', 'as in the list', wholeNumber(1, 2 ** 31 - 1))
    .action((id: number, options) => operate(options, operations.hostsRevoke(id)));

  const local = { common, dataDir: (options: Options) => configOf(options).dataDir, operate };
  const audit = auditCommands<Options>(foretop, local);
  remoteCommands(foretop, { hosts, audit }, environment.variables);
  ownerCommands<Options>(foretop, local);
  accountCommands<Options>(foretop, local);
  replayCommand(foretop);

  common(foretop.command('login-link'))
    .description('print a link that signs a browser on this machine in as administrator, once')
    .option('--port <number>', 'port of the collector, when it is not the one last served')
    .action((options: Options) => {
      const config = configOf(options);
      return operate(
        options,
        operations.createLoginLink(options.port === undefined ? undefined : config.port, config.port, config.publicUrl),
      );
    });
  return foretop;
}

/** The value of an option that does not exist may be a secret that was meant for another place. */
const withoutValues = (fault: string) => fault.replace(/(unknown option '[^'=]*)=[^]*'/, "$1=…'");

const environmentHelp = `Each option of serve is also a key in the configuration file and an environment variable, as the help of serve names it.
FORETOP_DATA is the data directory of every command. DATABASE_URL uses a Postgres (15 or newer) rather than the embedded one.

Exit codes: 0 done, 1 failed, 2 wrong use or configuration.`;

const configHelp = 'configuration file (or FORETOP_CONFIG, else foretop.json in the data directory if there is one)';

/** All settings are options of serve. */
function serveSettings(command: Command): Command {
  for (const { flags, text } of commandFlags(settings)) command.option(flags, text);
  return command;
}

function common(command: Command): Command {
  return command
    .option('--data <path>', `${settings.data.text} (or ${settings.data.variable})`)
    .option('--config <file>', configHelp)
    .option('--log-level <name>', `${settings['log-level'].text} (or ${settings['log-level'].variable})`);
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  try {
    await program(readEnvironment()).parseAsync();
    return 0;
  } catch (error) {
    // commander has said what was wrong already; its help and version count as done.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
    if (isExpected(error)) {
      process.stderr.write(`foretop: ${error.message}\n`);
      return error instanceof ConfigError || (error instanceof CliError && error.code === 'usage')
        ? exitUsage
        : exitFailure;
    }
    throw error;
  }
}

/** Failures that Foretop's own classes describe for a person; anything else is a defect and shows its stack. */
function isExpected(error: unknown): error is Error {
  return error instanceof Error && 'retryable' in error && 'code' in error;
}

// Whoever read our output may be gone before us, as in `foretop … | head` or when a parent process was killed.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await main();
