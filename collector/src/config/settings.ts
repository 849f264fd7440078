// Everything that can be set on the collector: the one schema of flags, environment and file.
import { isIP } from 'node:net';
import {
  byteCount,
  choice,
  defineSettings,
  flag,
  type Kind,
  path,
  setting,
  wholeNumber,
} from '@foretop/proto/settings';
import { defaultRetention } from '../store/retention.ts';
import { Secret } from './secret.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const defaultPort = 8420;
/** Whoever runs the zone of a public address sees that its name is asked for. */
export const reverseDnsScopes = ['all', 'private', 'off'] as const;
export type ReverseDnsScope = (typeof reverseDnsScopes)[number];

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

const networks: Kind<readonly string[]> = {
  placeholder: '<networks>',
  expects: 'IP addresses or networks (10.0.0.5, 10.1.0.0/16, fd00::/64) with commas between them',
  parse(value) {
    const parts = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [];
    return parts.length > 0 && parts.every(isNetwork) ? parts : undefined;
  },
  write: (value) => value.join(','),
};

function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)]!;
  return Number(prefix ?? 0) <= most;
}

/** It may hold a password, so nothing shows it. A mail server without encryption is asked for by its scheme, never by chance. */
const mailUrl: Kind<Secret> = {
  placeholder: '<url>',
  expects:
    'smtp://USER:PASSWORD@HOST:PORT (STARTTLS is required), smtps:// (TLS from the start) or smtp+plain:// (unencrypted)',
  parse(value) {
    const url = typeof value === 'string' ? URL.parse(value) : null;
    if (url === null || !/^smtp(s|\+plain)?:$/.test(url.protocol) || url.hostname === '') return undefined;
    if (!isDecodable(url.username + url.password)) return undefined;
    return /^\/?$/.test(url.pathname) && url.search === '' && url.hash === '' ? new Secret(value as string) : undefined;
  },
  write: String,
};

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const mailAddress: Kind<string> = {
  placeholder: '<address>',
  expects: 'an e-mail address',
  parse: (value) =>
    typeof value === 'string' && value.length <= 254 && /^[^\s@<>"',;:\\()[\]]+@[a-z0-9.-]+$/i.test(value)
      ? value
      : undefined,
  write: (value) => value,
};

/** One MaxMind DB for both families, or one of IPv4 and one of IPv6; an empty list = none. */
const databaseFiles: Kind<readonly string[]> = {
  placeholder: '<paths>',
  expects: '"none", a path, or two paths (of IPv4 and of IPv6) with a comma between them',
  parse(value) {
    if (value === 'none') return [];
    const parts = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [];
    const good = parts.length >= 1 && parts.length <= 2 && parts.every((part) => part !== '' && !part.includes('\0'));
    return good ? parts : undefined;
  },
  write: (value) => value.join(',') || 'none',
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
    text: 'listen on this address too (0.0.0.0 or ::, on all), for a proxy in front; requires an administrator, an https public-url and trusted-proxy',
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
  'trusted-proxy': setting<readonly string[] | undefined>({
    text: 'addresses or networks of the proxy in front, with commas between them: its X-Forwarded-For is believed, and nobody else but this machine may connect',
    kind: networks,
    default: undefined,
    variable: 'FORETOP_TRUSTED_PROXY',
  }),
  'insecure-lab': setting<boolean>({
    text: 'listen beyond localhost without administrator, proxy or TLS: whoever is on the way reads along. For labs that nobody else reaches',
    kind: flag,
    default: false,
    variable: 'FORETOP_INSECURE_LAB',
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
  'places.city': setting<readonly string[] | undefined>({
    text: 'MaxMind DB of countries and cities, or none',
    kind: databaseFiles,
    default: undefined,
    defaultText: 'DB-IP City Lite, which comes with it',
    variable: 'FORETOP_PLACES_CITY',
  }),
  'places.asn': setting<readonly string[] | undefined>({
    text: 'MaxMind DB of autonomous systems, or none',
    kind: databaseFiles,
    default: undefined,
    defaultText: 'made of the RouteViews data that comes with it',
    variable: 'FORETOP_PLACES_ASN',
  }),
  lists: setting<string | undefined>({
    text: 'folder of known-bad lists',
    kind: path,
    default: undefined,
    defaultText: '`lists` in the data directory',
    variable: 'FORETOP_LISTS',
  }),
  'reverse-dns': setting<ReverseDnsScope>({
    text: `names of which addresses are looked up where people look at them: ${reverseDnsScopes.join(', ')}`,
    kind: choice(reverseDnsScopes),
    default: 'all',
    variable: 'FORETOP_REVERSE_DNS',
  }),
  'smtp.url': setting<Secret | undefined>({
    text: 'mail server for notifications: smtp:// (STARTTLS required), smtps:// or smtp+plain:// (unencrypted)',
    kind: mailUrl,
    default: undefined,
    variable: 'FORETOP_SMTP_URL',
    secret: true,
  }),
  'smtp.password-file': setting<string | undefined>({
    text: 'file with the password of the mail server, in place of one in its URL; read for each mail',
    kind: path,
    default: undefined,
    variable: 'FORETOP_SMTP_PASSWORD_FILE',
  }),
  'smtp.from': setting<string | undefined>({
    text: 'sender of mails; required with smtp.url',
    kind: mailAddress,
    default: undefined,
    variable: 'FORETOP_SMTP_FROM',
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
  'retention.findings': days(
    'findings that are resolved or muted, after that and after they were last seen,',
    'FORETOP_RETENTION_FINDINGS',
    defaultRetention.finding,
  ),
});
