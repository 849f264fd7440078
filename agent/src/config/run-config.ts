// Turns options, environment and the configuration file into the configuration of a run, or into a list of all that is wrong with them.
import { dirname, resolve } from 'node:path';
import { doubtsOf, printSettings, readSettingsFile, resolveSettings, type SettingsFile } from '@foretop/proto/settings';
import type { Environment } from './environment.ts';
import { type Engine, type LogLevel, type PrivilegeSplit, settings } from './settings.ts';

/** As they come from the command line. */
export interface RunOptions {
  collector?: string;
  tokenFile?: string;
  data?: string;
  name?: string;
  logLevel?: string;
  insecure?: boolean;
  maxSpool?: string;
  engine?: string;
  privilegeSplit?: string;
  ceilingFile?: string;
  cpuLimit?: string;
  memoryLimit?: string;
  /** The configuration file; without, agent.json in the data directory, if there is one. */
  config?: string;
}

export interface RunConfig {
  /** As the person wrote it. */
  collectorUrl: string;
  /** ws: or wss:, ending in /agent. */
  socketUrl: string;
  /** A path, '-' for stdin, or undefined. */
  tokenFile: string | undefined;
  dataDirectory: string;
  name: string | undefined;
  logLevel: LogLevel;
  maxSpoolBytes: number;
  engine: Engine;
  privilegeSplit: PrivilegeSplit;
  /** undefined = the host's own. */
  ceilingFile: string | undefined;
  /** Environment of the process that talks to the network. */
  networkEnvironment: Readonly<Record<string, string>>;
  /** Of a core. */
  cpuLimitPercent: number;
  memoryLimitBytes: number;
  /** As a configuration file, with the origin of each value. */
  printed: string;
  /** What is probably not as it was meant, though it is not wrong. */
  doubts: readonly string[];
}

export class ConfigError extends Error {
  readonly code = 'config';
  readonly retryable = false;
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Reads the configuration file too. Throws ConfigError with all faults at once. */
export function loadRunConfig(options: RunOptions, environment: Environment, isRoot: boolean): RunConfig {
  return parseRunConfig(options, environment, isRoot, findFile(options, environment, isRoot));
}

export function parseRunConfig(
  options: RunOptions,
  environment: Environment,
  isRoot: boolean,
  file?: SettingsFile,
): RunConfig {
  const flags = { ...options };
  const resolved = resolveSettings(settings, { flags, environment: environment.variables, file });
  const { values, origins, faults } = resolved;
  if (origins.collector.from === 'default') {
    faults.unshift(
      'Where is the collector? Give its address with --collector URL or FORETOP_COLLECTOR, as in http://localhost:8420.',
    );
  }
  if (file?.entries.has('data') && fileName(options, environment) === undefined) {
    faults.push(`"data" in ${file.path} would lead away from where that file was found. Give it with --data instead.`);
  }
  const socketUrl = values.collector === undefined ? '' : socketUrlOf(values.collector, values.insecure, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  const base = origins.data.from === 'file' ? dirname(file!.path) : '';
  const dataDirectory =
    values.data === undefined ? defaultDataDirectory(environment, isRoot) : resolve(base, values.data);
  return Object.freeze({
    collectorUrl: values.collector ?? '',
    socketUrl,
    tokenFile: values['token-file'],
    dataDirectory,
    name: values.name,
    logLevel: values['log-level'],
    maxSpoolBytes: values['max-spool'],
    engine: values.engine,
    privilegeSplit: values['privilege-split'],
    ceilingFile: values['ceiling-file'],
    networkEnvironment: environment.network ?? {},
    cpuLimitPercent: values['cpu-limit'],
    memoryLimitBytes: values['memory-limit'],
    printed: printSettings(settings, { ...resolved, values: { ...values, data: dataDirectory } }),
    doubts: doubtsOf(settings, { flags, environment: environment.variables, file }, ['FORETOP_AGENT_CONFIG']),
  });
}

/** Of commands that need nothing else: --data, else FORETOP_AGENT_DATA, else the configuration file that is named, else the default. */
export function dataDirectoryOf(options: RunOptions, environment: Environment, isRoot: boolean): string {
  const chosen = options.data || environment.variables[settings.data.variable];
  if (chosen) return resolve(chosen);
  const named = fileName(options, environment);
  const given = named === undefined ? undefined : readSettingsFile(resolve(named), true)?.entries.get('data')?.value;
  return typeof given === 'string' ? resolve(dirname(named!), given) : defaultDataDirectory(environment, isRoot);
}

const fileName = (options: RunOptions, environment: Environment) => options.config ?? environment.configFile;

function findFile(options: RunOptions, environment: Environment, isRoot: boolean): SettingsFile | undefined {
  const named = fileName(options, environment);
  if (named !== undefined) return readSettingsFile(resolve(named), true);
  return readSettingsFile(resolve(dataDirectoryOf(options, environment, isRoot), 'agent.json'), false);
}

function defaultDataDirectory({ stateHome, home }: Environment, isRoot: boolean): string {
  if (isRoot) return '/var/lib/foretop-agent';
  return resolve(stateHome ?? `${home ?? '.'}/.local/state`, 'foretop-agent');
}

function socketUrlOf(collector: string, insecure: boolean, faults: string[]): string {
  const url = new URL(collector);
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecure) {
    faults.push(
      `The collector's address '${url.origin}' is plain http to another machine: the enrolment token could be read on the way. Use https, or --insecure if the network in between is yours.`,
    );
  }
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/agent`;
  return url.href;
}

/** Names and addresses that never leave the machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname) ||
    hostname === '[::1]'
  );
}
