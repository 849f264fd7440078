// Configuration out of environment and options: defaults, precedence, and every fault in one report.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, loadConfig, type Options, parseConfig } from './config.ts';
import { readEnvironment } from './environment.ts';

const parse = (environment: Record<string, string>, options: Options = {}, root = false) =>
  parseConfig(readEnvironment(environment, 'linux'), options, root);

const faultsOf = (environment: Record<string, string>, options: Options = {}): readonly string[] => {
  try {
    parse(environment, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

test.each<[Record<string, string>, Options, boolean, string]>([
  [{ HOME: '/home/ann' }, {}, false, '/home/ann/.local/share/foretop'],
  [{ HOME: '/root' }, {}, true, '/var/lib/foretop'],
  [{ HOME: '/home/ann', XDG_DATA_HOME: '/data' }, {}, false, '/data/foretop'],
  [{ HOME: '/home/ann', XDG_DATA_HOME: 'relative' }, {}, false, '/home/ann/.local/share/foretop'],
  [{ HOME: '/home/ann', FORETOP_DATA: '/srv/f' }, {}, true, '/srv/f'],
  [{ HOME: '/home/ann', FORETOP_DATA: '/srv/f' }, { data: '/opt/f' }, true, '/opt/f'],
  [{ HOME: '/home/ann', FORETOP_DATA: '' }, {}, true, '/var/lib/foretop'],
])('data directory of %j %j root=%s is %s', (environment, options, root, expected) => {
  expect(parse(environment, options, root).dataDir).toBe(expected);
});

test('the option wins over the environment, the environment over the default', () => {
  expect(parse({ HOME: '/h' })).toMatchObject({ port: 8420, logLevel: 'info', databaseUrl: undefined });
  expect(parse({ HOME: '/h', FORETOP_PORT: '9000', FORETOP_LOG_LEVEL: 'warn' })).toMatchObject({
    port: 9000,
    logLevel: 'warn',
  });
  expect(parse({ HOME: '/h', FORETOP_PORT: '9000' }, { port: '9001', logLevel: 'debug' })).toMatchObject({
    port: 9001,
    logLevel: 'debug',
  });
});

test.each<[string, Record<string, string>, Options, RegExp]>([
  ['port 0', { HOME: '/h', FORETOP_PORT: '0' }, {}, /^FORETOP_PORT is "0"; a number from 1 to 65535/],
  ['port too high', { HOME: '/h' }, { port: '65536' }, /^--port is "65536"/],
  ['port in words', { HOME: '/h' }, { port: 'http' }, /^--port is "http"/],
  ['port in hexadecimal', { HOME: '/h' }, { port: '0x50' }, /^--port is "0x50"/],
  ['log level', { HOME: '/h', FORETOP_LOG_LEVEL: 'loud' }, {}, /^FORETOP_LOG_LEVEL is "loud"; one of trace/],
  ['no home', {}, {}, /HOME is not set.*--data or FORETOP_DATA/],
  ['NUL in the path', { FORETOP_DATA: 'a\0b' }, {}, /^FORETOP_DATA is .*; a path is required/],
  [
    'another database',
    { HOME: '/h', DATABASE_URL: 'mysql://me:hunter2@host/db' },
    {},
    /^DATABASE_URL is not a URL of the form/,
  ],
  ['a budget too small', { HOME: '/h', FORETOP_MAX_DISK: '1MB' }, {}, /^FORETOP_MAX_DISK is "1MB"; .* at least 100MB/],
  ['listening widely, unknown to browsers', { HOME: '/h', FORETOP_LISTEN: '0.0.0.0' }, {}, /FORETOP_PUBLIC_URL/],
  [
    'listening widely without TLS',
    {
      HOME: '/h',
      FORETOP_LISTEN: '::',
      FORETOP_PUBLIC_URL: 'http://localhost:8420',
      FORETOP_TRUSTED_PROXY: '10.0.0.1',
    },
    {},
    /^To listen on ::, name with --public-url.*https address.*--insecure-lab/,
  ],
  [
    'listening widely without a proxy by name',
    { HOME: '/h', FORETOP_LISTEN: '10.0.0.9', FORETOP_PUBLIC_URL: 'https://f.example' },
    {},
    /^To listen on 10\.0\.0\.9, name with --trusted-proxy.*--insecure-lab/,
  ],
  ['a lab that no browser knows', { HOME: '/h', FORETOP_LISTEN: '::', FORETOP_INSECURE_LAB: '1' }, {}, /--public-url/],
  ['no network', { HOME: '/h', FORETOP_TRUSTED_PROXY: '10.0.0.0/33' }, {}, /^FORETOP_TRUSTED_PROXY .*IP addresses/],
  ['a proxy by name', { HOME: '/h', FORETOP_TRUSTED_PROXY: '10.0.0.1, proxy' }, {}, /^FORETOP_TRUSTED_PROXY /],
  ['no address', { HOME: '/h', FORETOP_LISTEN: 'eth0', FORETOP_PUBLIC_URL: 'https://f.example' }, {}, /an IP address/],
  ['public in plain', { HOME: '/h', FORETOP_PUBLIC_URL: 'http://f.example' }, {}, /^FORETOP_PUBLIC_URL .*; https:/],
  ['public with a path', { HOME: '/h', FORETOP_PUBLIC_URL: 'https://f.example/app' }, {}, /without a path/],
  ['no retention', { HOME: '/h', FORETOP_RETENTION_GAPS: '0' }, {}, /^FORETOP_RETENTION_GAPS is "0"; a number from 1/],
  ['no URL at all', { HOME: '/h', DATABASE_URL: 'hunter2' }, {}, /^DATABASE_URL/],
])('fault: %s', (_name, environment, options, expected) => {
  const faults = faultsOf(environment, options);
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(expected);
  expect(faults[0]).not.toContain('hunter2');
});

test('beyond localhost an administrator is needed, unless it is a lab', () => {
  const proxied = { FORETOP_PUBLIC_URL: 'https://f.example', FORETOP_TRUSTED_PROXY: '10.0.0.1, fd00::/8' };
  expect(parse({ HOME: '/h', FORETOP_LISTEN: '0.0.0.0', ...proxied })).toMatchObject({
    needsAdministrator: true,
    trustedProxies: ['10.0.0.1', 'fd00::/8'],
  });
  const lab = { FORETOP_PUBLIC_URL: 'http://localhost:8420', FORETOP_INSECURE_LAB: 'true' };
  expect(parse({ HOME: '/h', FORETOP_LISTEN: '0.0.0.0', ...lab })).toMatchObject({ needsAdministrator: false });
  expect(parse({ HOME: '/h', FORETOP_LISTEN: '127.0.0.2' })).toMatchObject({ needsAdministrator: false });
  expect(parse({ HOME: '/h' })).toMatchObject({ needsAdministrator: false, trustedProxies: [] });
});

test('all faults are told at once', () => {
  expect(faultsOf({ FORETOP_PORT: 'x', DATABASE_URL: 'y', FORETOP_LOG_LEVEL: 'z' })).toHaveLength(4);
});

test('the database URL does not show itself', () => {
  const config = parse({ HOME: '/h', DATABASE_URL: 'postgres://me:hunter2@host/db' });
  const shown = [
    inspect(config, { depth: 9, showHidden: true }),
    JSON.stringify(config),
    `${config.databaseUrl}`,
  ].join();
  expect(shown).not.toContain('hunter2');
  expect(config.databaseUrl!.reveal()).toBe('postgres://me:hunter2@host/db');
  expect(Object.isFrozen(config)).toBe(true);
});

test('a browser is opened only where somebody sits', () => {
  const can = (environment: Record<string, string>, platform: NodeJS.Platform = 'linux') =>
    readEnvironment(environment, platform).canOpenBrowser;
  expect([
    can({}),
    can({ DISPLAY: ':0' }),
    can({ WAYLAND_DISPLAY: 'w' }),
    can({ DISPLAY: ':0', CI: '1' }),
    can({}, 'darwin'),
  ]).toEqual([false, true, true, false, true]);
});

/** A data directory with a configuration file in it. */
function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'other'));
  writeFileSync(join(folder, 'foretop.json'), text);
  return folder;
}

const load = (environment: Record<string, string>, options: Options = {}) =>
  loadConfig(readEnvironment(environment, 'linux'), options, true);

test('the file in the data directory is found; --config and FORETOP_CONFIG name another', () => {
  const folder = folderWith('{ "port": 1, "retention": { "connections": 2 }, "max-disk": "20GB", } // mine');
  const other = join(folder, 'other', 'x.json');
  writeFileSync(other, JSON.stringify({ data: folder, port: 3 }));
  const config = load({ FORETOP_DATA: folder });
  expect(config).toMatchObject({ port: 1, maxDiskBytes: 20e9, retention: { connection_segment: 2, metric_1m: 90 } });
  expect(load({ FORETOP_CONFIG: other })).toMatchObject({ dataDir: folder, port: 3, maxDiskBytes: undefined });
  expect(load({ FORETOP_CONFIG: '/nowhere' }, { config: other, port: '4' })).toMatchObject({
    dataDir: folder,
    port: 4,
  });
  expect(load({}, { data: join(folder, 'other') }).port).toBe(8420);
  expect(() => load({ FORETOP_CONFIG: '/nowhere' })).toThrow('/nowhere cannot be read');
});

test('a found file cannot move the data directory away from itself', () => {
  const folder = folderWith('{ "data": "/elsewhere" }');
  expect(() => load({}, { data: folder })).toThrow('would lead away');
});

test('what is printed says where each value is from, and keeps the secret of a file', () => {
  const folder = folderWith('{\n"database-url": "postgres://me:hunter2@host/db" }');
  const config = load({ FORETOP_DATA: folder, FORETOP_PORT: '9' }, { logLevel: 'warn' });
  expect(config.databaseUrl!.reveal()).toContain('hunter2');
  expect(config.printed).not.toContain('hunter2');
  expect(config.printed).toMatch(/"port": 9, +\/\/ FORETOP_PORT/);
  expect(config.printed).toMatch(/"log-level": "warn", +\/\/ --log-level/);
  expect(config.printed).toMatch(/"database-url": "\[secret\]", +\/\/ .*foretop\.json, line 2/);
  expect(() => load({ FORETOP_DATA: folderWith('{"database-url": "hunter2"}') })).toThrow(/^(?!.*hunter2)/);
});
