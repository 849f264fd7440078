// Turns environment variables, options and the configuration file into the collector's configuration, reporting every fault at once.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import {
  doubtsOf,
  printSettings,
  readSettingsFile,
  resolveSettings,
  type SettingsFile,
  type Values,
} from '@foretop/proto/settings';
import type { Retention } from '../store/retention.ts';
import type { Environment } from './environment.ts';
import type { Secret } from './secret.ts';
import { type MailSettings, mailSettings } from './mail.ts';
import { type LogLevel, type ReverseDnsScope, settings } from './settings.ts';

export interface Config {
  readonly dataDir: string;
  readonly port: number;
  /** Beside the loopback addresses. Absent: those alone. */
  readonly listen: string | undefined;
  /** An origin, such as https://foretop.example. */
  readonly publicUrl: string | undefined;
  /** Addresses and networks; empty = none was named. */
  readonly trustedProxies: readonly string[];
  /** It is reached from elsewhere, so it starts only with an administrator who has a password. */
  readonly needsAdministrator: boolean;
  /** Absent: the one that was built from this source. */
  readonly releaseFolder: string | undefined;
  /** Absent: the embedded Postgres under dataDir. */
  readonly databaseUrl: Secret | undefined;
  readonly logLevel: LogLevel;
  readonly retention: Readonly<Retention>;
  /** Absent: no budget. */
  readonly maxDiskBytes: number | undefined;
  readonly maxQuarantineBytes: number;
  readonly ingestQueueBytes: number;
  readonly admissionPerSecond: number;
  readonly places: {
    /** Paths: one for both families, or of IPv4 and of IPv6; empty = none; absent: those that are installed. */
    readonly cityFiles: readonly string[] | undefined;
    readonly asnFiles: readonly string[] | undefined;
    /** Absent: "lists" under dataDir. */
    readonly listFolder: string | undefined;
    readonly reverseDns: ReverseDnsScope;
  };
  /** Absent: no mail can be sent. */
  readonly mail: MailSettings | undefined;
  /** As a configuration file, with the origin of each value and without secrets. */
  readonly printed: string;
  /** What is probably not as it was meant, though it is not wrong. */
  readonly doubts: readonly string[];
}

/** Options given on the command line, as commander names them; they win over the environment. */
export interface Options {
  data?: string;
  port?: string;
  logLevel?: string;
  /** The configuration file; without, foretop.json in the data directory, if there is one. */
  config?: string;
}

export class ConfigError extends Error {
  readonly code = 'config';
  readonly retryable = false;
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(faults.length === 1 ? faults[0] : `The configuration has ${faults.length} faults:\n  ${faults.join('\n  ')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** Reads the configuration file too. Throws ConfigError with all faults. `root` decides the default data directory. */
export function loadConfig(environment: Environment, options: Options, root: boolean): Config {
  return parseConfig(environment, options, root, findFile(environment, options, root));
}

export function parseConfig(environment: Environment, options: Options, root: boolean, file?: SettingsFile): Config {
  const flags = options as Record<string, unknown>;
  const resolved = resolveSettings(settings, { flags, environment: environment.variables, file });
  const { values, faults } = resolved;
  const base = resolved.origins.data.from === 'file' ? dirname(file!.path) : '';
  const dataDir = values.data === undefined ? defaultDataDir(environment, root) : resolve(base, values.data);
  if (dataDir === undefined && !faults.some((fault) => /^(--data|FORETOP_DATA) /.test(fault))) {
    faults.push('No data directory is known, since HOME is not set. Name one with --data or FORETOP_DATA.');
  }
  const wide = values.listen !== undefined && !isLoopback(values.listen);
  if (wide) faults.push(...wideFaults(values));
  if (file?.entries.has('data') && !isNamed(environment, options)) {
    faults.push(`"data" in ${file.path} would lead away from where that file was found. Give it with --data instead.`);
  }
  const mail = mailSettings(values, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze({
    dataDir: dataDir!,
    port: values.port,
    listen: values.listen,
    publicUrl: values['public-url'],
    trustedProxies: Object.freeze(values['trusted-proxy'] ?? []),
    needsAdministrator: wide && !values['insecure-lab'],
    releaseFolder: values.release,
    databaseUrl: values['database-url'],
    logLevel: values['log-level'],
    retention: Object.freeze({
      connection_segment: values['retention.connections'],
      dns_exchange: values['retention.dns'],
      scan_evidence: values['retention.scans'],
      metric_chunk: values['retention.seconds'],
      metric_1m: values['retention.minutes'],
      process_1m: values['retention.process-minutes'],
      process: values['retention.processes'],
      gap: values['retention.gaps'],
      finding: values['retention.findings'],
    }),
    maxDiskBytes: values['max-disk'],
    maxQuarantineBytes: values['max-quarantine'],
    ingestQueueBytes: values['ingest-queue'],
    admissionPerSecond: values['admission-rate'],
    places: Object.freeze({
      cityFiles: values['places.city'],
      asnFiles: values['places.asn'],
      listFolder: values.lists,
      reverseDns: values['reverse-dns'],
    }),
    mail,
    printed: printSettings(settings, { ...resolved, values: { ...values, data: dataDir } }),
    doubts: doubtsOf(settings, { flags, environment: environment.variables, file }, ['FORETOP_CONFIG']),
  });
}

/** Beyond localhost, sessions and passwords go through a proxy that ends TLS, or nowhere. */
function wideFaults(values: Values<typeof settings>): string[] {
  const publicUrl = values['public-url'];
  if (publicUrl === undefined || (!values['insecure-lab'] && !publicUrl.startsWith('https:'))) {
    return [
      `To listen on ${values.listen}, name with --public-url or FORETOP_PUBLIC_URL the https address at which a proxy with TLS stands in front. ${labHint}`,
    ];
  }
  if (values['insecure-lab'] || values['trusted-proxy'] !== undefined) return [];
  return [
    `To listen on ${values.listen}, name with --trusted-proxy or FORETOP_TRUSTED_PROXY the address from which the proxy in front connects. ${labHint}`,
  ];
}

const labHint =
  'In a lab that nobody else reaches, --insecure-lab or FORETOP_INSECURE_LAB=true goes without TLS and proxy.';

const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

const isNamed = (environment: Environment, options: Options) =>
  (options.config ?? environment.configFile) !== undefined;

function findFile(environment: Environment, options: Options, root: boolean): SettingsFile | undefined {
  const named = options.config ?? environment.configFile;
  if (named !== undefined) return readSettingsFile(resolve(named), true);
  const dataDir = options.data || environment.variables['FORETOP_DATA'] || defaultDataDir(environment, root);
  return dataDir === undefined || dataDir.includes('\0')
    ? undefined
    : readSettingsFile(resolve(dataDir, 'foretop.json'), false);
}

function defaultDataDir({ dataHome, home }: Environment, root: boolean): string | undefined {
  if (root) return '/var/lib/foretop';
  if (dataHome !== undefined && isAbsolute(dataHome)) return join(dataHome, 'foretop');
  return home === undefined ? undefined : join(home, '.local', 'share', 'foretop');
}
