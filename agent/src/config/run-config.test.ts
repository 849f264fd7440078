// Options and environment become a configuration, or a list of all that is wrong.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentSettings } from '@foretop/proto/settings';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readEnvironment } from './environment.ts';
import { shortLines } from './logger.ts';
import { ConfigError, dataDirectoryOf, loadRunConfig, parseRunConfig, type RunOptions } from './run-config.ts';
import { settings } from './settings.ts';

const none = readEnvironment({});
const parse = (options: RunOptions, environment = none) => parseRunConfig(options, environment, true);

describe('run configuration', () => {
  it.each([
    ['http://localhost:8420', 'ws://localhost:8420/agent'],
    ['http://127.0.0.1:8420/', 'ws://127.0.0.1:8420/agent'],
    ['http://[::1]:8420', 'ws://[::1]:8420/agent'],
    ['https://watch.example.org/foretop/', 'wss://watch.example.org/foretop/agent'],
  ])('%s is %s', (collector, socketUrl) => {
    expect(parse({ collector }).socketUrl).toBe(socketUrl);
  });

  it('tells all faults at once', () => {
    const options = { collector: 'ftp://x', name: 'a\u0007', logLevel: 'loud', tokenFile: '' };
    expect(() => parse(options)).toThrow(ConfigError);
    try {
      parse(options);
    } catch (error) {
      expect((error as ConfigError).faults).toHaveLength(4);
    }
  });

  it.each([
    [{}, 'Where is the collector?'],
    [{ collector: 'localhost:8420' }, 'is required'],
    [{ collector: 'http://10.0.0.9:8420' }, 'plain http'],
    [{ collector: 'http://localhost.evil.example' }, 'plain http'],
    [{ collector: 'http://127.0.0.1.evil.example' }, 'plain http'],
    [{ collector: 'https://user:pw@x.example' }, /^(?!.*:pw).*without a user, a query or a fragment/],
    [{ collector: 'http://localhost', name: ' ' }, '--name'],
  ])('%j is refused', (options, message) => {
    expect(() => parse(options)).toThrow(message);
  });

  it('takes plain http to another machine only when told so', () => {
    expect(parse({ collector: 'http://10.0.0.9:1', insecure: true }).socketUrl).toBe('ws://10.0.0.9:1/agent');
  });

  it('takes the option before the environment before the default', () => {
    const environment = readEnvironment({
      FORETOP_COLLECTOR: 'http://localhost:1',
      FORETOP_AGENT_DATA: '/e',
      HOME: '/h',
    });
    expect(parse({}, environment)).toMatchObject({
      collectorUrl: 'http://localhost:1',
      dataDirectory: '/e',
      logLevel: 'info',
    });
    expect(parse({ collector: 'http://localhost:2', data: '/o' }, environment).dataDirectory).toBe('/o');
    expect(dataDirectoryOf({}, none, true)).toBe('/var/lib/foretop-agent');
    expect(dataDirectoryOf({}, readEnvironment({ HOME: '/h' }), false)).toBe('/h/.local/state/foretop-agent');
    expect(dataDirectoryOf({}, readEnvironment({ HOME: '/h', XDG_STATE_HOME: '/s' }), false)).toBe('/s/foretop-agent');
  });
});

it('hands the process that talks to the network nothing but what it needs', () => {
  const environment = readEnvironment({ NODE_EXTRA_CA_CERTS: '/ca.pem', FORETOP_AGENT_NAME: 'n', RES_OPTIONS: '' });
  const config = parse({ collector: 'http://localhost:1', privilegeSplit: 'on' }, environment);
  expect(config).toMatchObject({ networkEnvironment: { NODE_EXTRA_CA_CERTS: '/ca.pem' }, privilegeSplit: 'on' });
  expect(parse({ collector: 'http://localhost:1' })).toMatchObject({ networkEnvironment: {}, privilegeSplit: 'auto' });
});

describe('configuration file', () => {
  const folderWith = (text: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'foretop-agent-config-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'agent.json'), text);
    return folder;
  };

  it('is found in the data directory and stands below flags and environment', () => {
    const data = folderWith('{ "collector": "http://localhost:3", "name": "file", "max-spool": "1GiB" }');
    const environment = readEnvironment({ FORETOP_AGENT_DATA: data, FORETOP_AGENT_NAME: 'variable' });
    expect(loadRunConfig({}, environment, true)).toMatchObject({
      socketUrl: 'ws://localhost:3/agent',
      name: 'variable',
      maxSpoolBytes: 2 ** 30,
      dataDirectory: data,
    });
    expect(loadRunConfig({ collector: 'http://localhost:4', maxSpool: '8MiB' }, environment, true)).toMatchObject({
      socketUrl: 'ws://localhost:4/agent',
      maxSpoolBytes: 8 << 20,
    });
  });

  it('that is named may say where the data directory is, one that was found may not', () => {
    const folder = folderWith('{ "collector": "http://localhost:3", "data": "/d" }');
    const config = join(folder, 'agent.json');
    expect(loadRunConfig({ config }, none, true).dataDirectory).toBe('/d');
    expect(dataDirectoryOf({ config }, none, true)).toBe('/d');
    expect(() => loadRunConfig({ data: folder }, none, true)).toThrow('would lead away');
    expect(() => loadRunConfig({ config: '/nowhere.json' }, none, true)).toThrow('/nowhere.json cannot be read');
  });

  it('has its faults in the one list, with their lines', () => {
    const data = folderWith('{\n"colector": "http://x",\n"insecure": "maybe",\n"max-spool": 1 }');
    try {
      loadRunConfig({ data, name: '' }, none, true);
      expect.unreachable();
    } catch (error) {
      expect((error as ConfigError).faults).toEqual([
        expect.stringContaining('Where is the collector?'),
        expect.stringMatching(/^--name is ""/),
        expect.stringMatching(/^"insecure" in .*agent\.json, line 3, is "maybe"; true or false is required\.$/),
        expect.stringMatching(/^"max-spool" in .*, line 4, is 1; a number of bytes, at least 4MiB/),
        expect.stringMatching(/^"colector" in .*, line 2, is not a setting; did you mean "collector"\?$/),
      ]);
    }
  });

  it('is what --print-config prints, with the origin of each value', () => {
    const { printed } = parseRunConfig(
      { collector: 'http://localhost:3' },
      readEnvironment({ FORETOP_AGENT_NAME: 'n' }),
      true,
    );
    expect(printed).toMatch(/"collector": "http:\/\/localhost:3", +\/\/ --collector\n/);
    expect(printed).toMatch(/"name": "n", +\/\/ FORETOP_AGENT_NAME\n/);
    expect(printed).toMatch(/"data": "\/var\/lib\/foretop-agent", +\/\/ default\n/);
  });

  it('has its documentation from the schema', () => {
    const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(text).toContain(documentSettings(settings));
  });
});

it('short log lines show control characters as codes', () => {
  const lines: string[] = [];
  const stream = shortLines((line) => lines.push(line));
  stream.write(JSON.stringify({ level: 40, time: 0, event: 'x', msg: 'Not \u001b[31mconnected', reason: 'a\nb' }));
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}Not \\u\{1b\}\[31mconnected reason=a\\u\{a\}b\n$/);
});
