// Everything that can be set on the collector: the one schema of flags, environment and file.
import { isIP } from 'node:net';
import { byteCount, choice, defineSettings, type Kind, path, setting, wholeNumber } from '@foretop/proto/settings';
import { defaultRetention } from '../store/retention.ts';
import { Secret } from './secret.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const defaultPort = 8420;

/** It may hold a password, so nothing shows it. */
const databaseUrl: Kind<Secret> = {
  placeholder: '<url>',
  expects: 'a URL of the form postgres://user:password@host:port/database',
  parse(value) {
    const url = typeof value === 'string' ? URL.parse(value) : null;
    return url !== null && /^postgres(ql)?:$/.test(url.protocol) ? new Secret(value as string) : undefined;
  },
  write: String,
};

/** Scheme, name and port as a browser's address bar shows them, without a path. */
const origin: Kind<string> = {
  placeholder: '<url>',
  expects: 'https://HOST[:PORT], or http://localhost[:PORT], without a path,',
  parse(value) {
    const url = typeof value === 'string' ? URL.parse(value) : null;
    if (url === null || url.href !== `${url.origin}/`) return undefined;
    // Over plain http to another machine, sessions could be read on the way.
    const loopback = url.protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
    return loopback || url.protocol === 'https:' ? url.origin : undefined;
  },
  write: (value) => value,
};

const ipAddress: Kind<string> = {
  placeholder: '<address>',
  expects: 'an IP address',
  parse: (value) => (typeof value === 'string' && isIP(value) !== 0 ? value : undefined),
  write: (value) => value,
};

/** A table has a partition for each day that it keeps, and Postgres plans over all of them. */
const mostDays = 400;
const days = (text: string, variable: string, days: number) =>
  setting<number>({
    text: `days that ${text} are kept`,
    kind: wholeNumber(1, mostDays, 'days'),
    default: days,
    variable,
  });

export const settings = defineSettings({
  data: setting<string | undefined>({
    text: 'data directory: database, keys, quarantine',
    kind: path,
    default: undefined,
    defaultText: '`/var/lib/foretop` as root, else `$XDG_DATA_HOME/foretop` or `~/.local/share/foretop`',
    variable: 'FORETOP_DATA',
  }),
  port: setting<number>({
    text: 'port on localhost, for browsers and agents',
    kind: wholeNumber(1, 65_535),
    default: defaultPort,
    variable: 'FORETOP_PORT',
  }),
  listen: setting<string | undefined>({
    text: 'listen on this address too (0.0.0.0 or ::, on all), for a proxy in front or a published port of a container; requires public-url',
    kind: ipAddress,
    default: undefined,
    variable: 'FORETOP_LISTEN',
  }),
  'public-url': setting<string | undefined>({
    text: 'where browsers reach it, besides localhost: the address of the proxy in front or of the published port; login links name it',
    kind: origin,
    default: undefined,
    variable: 'FORETOP_PUBLIC_URL',
  }),
  release: setting<string | undefined>({
    text: 'folder with a release of the agent, served to hosts that install it',
    kind: path,
    default: undefined,
    defaultText: '`deploy/release/dist` of the source',
    variable: 'FORETOP_RELEASE',
  }),
  'database-url': setting<Secret | undefined>({
    text: 'use this Postgres (15 or newer) rather than the embedded one',
    kind: databaseUrl,
    default: undefined,
    variable: 'DATABASE_URL',
    secret: true,
  }),
  'log-level': setting<LogLevel>({
    text: `how much is logged on stderr: ${logLevels.join(', ')}`,
    kind: choice(logLevels),
    default: 'info',
    variable: 'FORETOP_LOG_LEVEL',
  }),
  'max-disk': setting<number | undefined>({
    text: 'size budget of database and quarantine: beyond it the oldest history goes first',
    kind: byteCount(100e6),
    default: undefined,
    variable: 'FORETOP_MAX_DISK',
  }),
  'max-quarantine': setting<number>({
    text: 'room for batches that could not be stored, the oldest go first',
    kind: byteCount(1 << 20),
    default: 64 << 20,
    variable: 'FORETOP_MAX_QUARANTINE',
  }),
  'ingest-queue': setting<number>({
    text: 'memory for batches that wait for the database; when it is full, agents keep theirs',
    kind: byteCount(8 << 20),
    default: 64 << 20,
    variable: 'FORETOP_INGEST_QUEUE',
  }),
  'admission-rate': setting<number>({
    text: 'agents let in a second; the others are told when to come back',
    kind: wholeNumber(1, 10_000),
    default: 200,
    variable: 'FORETOP_ADMISSION_RATE',
  }),
  'retention.connections': days('connections', 'FORETOP_RETENTION_CONNECTIONS', defaultRetention.connection_segment),
  'retention.dns': days('DNS questions and answers', 'FORETOP_RETENTION_DNS', defaultRetention.dns_exchange),
  'retention.scans': days('traces of port scans', 'FORETOP_RETENTION_SCANS', defaultRetention.scan_evidence),
  'retention.seconds': days('readings of each second', 'FORETOP_RETENTION_SECONDS', defaultRetention.metric_chunk),
  'retention.minutes': days('readings of each minute', 'FORETOP_RETENTION_MINUTES', defaultRetention.metric_1m),
  'retention.process-minutes': days(
    'readings of each process and minute',
    'FORETOP_RETENTION_PROCESS_MINUTES',
    defaultRetention.process_1m,
  ),
  'retention.processes': days(
    'processes, after they were last seen,',
    'FORETOP_RETENTION_PROCESSES',
    defaultRetention.process,
  ),
  'retention.gaps': days('entries of the gap ledger', 'FORETOP_RETENTION_GAPS', defaultRetention.gap),
});
