// One schema, four origins: who wins, what is said of faults, what is printed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { doubtsOf } from './doubts.ts';
import { readSettingsFile } from './file.ts';
import { byteCount, choice, flag, line, path, wholeNumber, writeBytes } from './kinds.ts';
import { parseJsonc } from './jsonc.ts';
import { documentSettings, printSettings } from './print.ts';
import { commandFlags, defineSettings, resolveSettings, setting } from './settings.ts';

const settings = defineSettings({
  port: setting<number>({ text: 'port', kind: wholeNumber(1, 65_535), default: 80, variable: 'T_PORT' }),
  'log-level': setting({ text: 'level', kind: choice(['info', 'warn']), default: 'info', variable: 'T_LEVEL' }),
  'max-disk': setting<number | undefined>({
    text: 'budget',
    kind: byteCount(1),
    default: undefined,
    variable: 'T_DISK',
  }),
  'retention.minutes': setting<number>({ text: 'days', kind: wholeNumber(1, 400), default: 90, variable: 'T_MINUTES' }),
  password: setting<string | undefined>({
    text: 'secret',
    kind: line(20),
    default: undefined,
    variable: 'T_PASSWORD',
    secret: true,
  }),
});
const file = (text: string, isOpenToOthers = false) => ({
  path: '/etc/t.json',
  entries: parseJsonc(text),
  faults: [],
  isOpenToOthers,
});
const resolve = (flags = {}, environment = {}, text = '{}') =>
  resolveSettings(settings, { flags, environment, file: file(text) });

test('flag before environment before file before default', () => {
  const text = '{"port": 3, "log-level": "warn", "retention": {"minutes": 5}, "max-disk": "2GB"}';
  const { values, origins, faults } = resolve({ port: '1' }, { T_PORT: '2', T_DISK: '1KiB', T_LEVEL: '' }, text);
  expect(faults).toEqual([]);
  expect(values).toMatchObject({ port: 1, 'log-level': 'warn', 'max-disk': 1024, 'retention.minutes': 5 });
  expect(origins.port).toEqual({ from: 'flag', name: '--port' });
  expect(origins['max-disk']).toEqual({ from: 'environment', name: 'T_DISK' });
  expect(origins.password).toEqual({ from: 'default' });
});

test('all faults at once, each with where it came from, and no secret among them', () => {
  const text = '{\n"retention": {"minutes": 9000},\n"logLevel": "warn",\n"password": ["hunter2"].x}'.replace(
    '["hunter2"].x',
    '"hunter2 is far too long a secret"',
  );
  expect(resolve({ port: 'x' }, { T_DISK: '12 parsecs' }, text).faults).toEqual([
    '--port is "x"; a number from 1 to 65535 is required.',
    'T_DISK is "12 parsecs"; a number of bytes, at least 1, as in 20GB or 512MiB, is required.',
    '"retention.minutes" in /etc/t.json, line 2, is 9000; a number from 1 to 400 is required.',
    '"password" in /etc/t.json, line 4, is not a text of 1 to 20 printable characters.',
    '"logLevel" in /etc/t.json, line 3, is not a setting; did you mean "log-level"?',
  ]);
  expect(resolve({}, {}, '{"colour": 1}').faults[0]).toMatch(/is not a setting; known are port, log-level/);
});

test('a secret has no flag and is masked in print; what is printed is a configuration file', () => {
  expect(commandFlags(settings).map(({ flags }) => flags)).toEqual([
    '--port <number>',
    '--log-level <name>',
    '--max-disk <bytes>',
    '--retention-minutes <number>',
  ]);
  expect(resolve({ password: 'x' }).values.password).toBeUndefined();
  const printed = printSettings(settings, resolve({ port: '1' }, { T_PASSWORD: 'hunter2' }, '{\n"max-disk": "2GB"}'));
  expect(printed).not.toContain('hunter2');
  expect(printed).toMatch(/"port": 1, +\/\/ --port\n/);
  expect(printed).toMatch(/"max-disk": "2GB", +\/\/ \/etc\/t.json, line 2\n/);
  expect(printed).toMatch(/"minutes": 90, +\/\/ default\n/);
  expect(resolve({}, {}, printed).values).toMatchObject({ port: 1, 'max-disk': 2e9, password: '[secret]' });
  expect(documentSettings(settings)).toContain('| `password` | none: it is a secret | `T_PASSWORD` | none |');
});

test.each([
  ['20GB', 20e9],
  ['512MiB', 512 * 2 ** 20],
  ['1.5 gb', 1.5e9],
  [4096, 4096],
  ['4096', 4096],
  ['', undefined],
  ['-1', undefined],
  ['1e9', undefined],
  ['9999999TB', undefined],
  [1.5, 2],
  [true, undefined],
  [null, undefined],
])('bytes %j are %s', (text, bytes) => {
  expect(byteCount(1).parse(text)).toBe(bytes);
  if (bytes !== undefined) expect(byteCount(1).parse(writeBytes(bytes))).toBe(bytes);
});

test('kinds take texts of flags and values of files, and nothing else', () => {
  expect([
    wholeNumber(1, 9).parse('3'),
    wholeNumber(1, 9).parse(3),
    wholeNumber(1, 9).parse('0x3'),
    wholeNumber(1, 9).parse(3.5),
  ]).toEqual([3, 3, undefined, undefined]);
  expect([flag.parse(true), flag.parse('true'), flag.parse('0'), flag.parse('yes')]).toEqual([
    true,
    true,
    false,
    undefined,
  ]);
  expect([path.parse('/a'), path.parse(' '), path.parse('a\0'), path.parse(1)]).toEqual([
    '/a',
    undefined,
    undefined,
    undefined,
  ]);
  expect([line(3).parse(' ab'), line(3).parse('abcd'), line(3).parse('a\n')]).toEqual(['ab', undefined, undefined]);
});

test('a file that is missing, huge or broken is told in one sentence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-settings-'));
  const name = join(folder, 'x.json');
  expect(readSettingsFile(name, false)).toBeUndefined();
  expect(readSettingsFile(name, true)!.faults[0]).toMatch(/cannot be read: ENOENT/);
  writeFileSync(name, '{\n"a" 1}');
  expect(readSettingsFile(name, false)!.faults).toEqual([
    `The configuration file ${name} cannot be understood: in line 2, “1” stands where : is required.`,
  ]);
  writeFileSync(name, ' '.repeat(2 ** 20 + 1));
  expect(readSettingsFile(name, false)!.faults[0]).toMatch(/has 1048577 bytes/);
  rmSync(folder, { recursive: true });
});

test("a mistyped variable and a secret that all can read are doubtful, other programs' variables are not", () => {
  const one = defineSettings({
    disk: setting<number>({ text: 'x', kind: wholeNumber(1, 9), default: 1, variable: 'FORETOP_MAX_DISK' }),
    url: setting<string>({ text: 'x', kind: path, default: '', variable: 'DATABASE_URL', secret: true }),
  });
  const environment = {
    FORETOP_MAXDISK: '1',
    FORETOP_MAX_DISC: '1',
    FORETOP_TEST_DATA: '1',
    FORETOP_AGENT_DATA: '1',
    FORETOP_MAX_DISK: '1',
    FORETOP_CONFIX: '',
  };
  const given = { flags: {}, environment, file: file('{"url": "hunter2"}', true) };
  expect(doubtsOf(one, given, ['FORETOP_CONFIG'])).toEqual([
    'The variable FORETOP_MAXDISK is not known and sets nothing. Is FORETOP_MAX_DISK meant?',
    'The variable FORETOP_MAX_DISC is not known and sets nothing. Is FORETOP_MAX_DISK meant?',
    'Every user of this machine can read "url" in /etc/t.json. Close the file with: chmod 600',
  ]);
  expect(doubtsOf(one, { ...given, environment: {}, file: file('{"url": "x"}') }, [])).toEqual([]);
});

test('whether others can read a file is seen', () => {
  const folder = mkdtempSync(join(tmpdir(), 'foretop-settings-'));
  const modes = [0o600, 0o640, 0o644].map((mode) => {
    const name = join(folder, `${mode}.json`);
    writeFileSync(name, '{}', { mode });
    return readSettingsFile(name, true)!.isOpenToOthers;
  });
  rmSync(folder, { recursive: true });
  expect(modes).toEqual([false, false, true]);
});
