// The command line: defaults, and all faults at once.
import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';

const collector = ['--collector', 'http://localhost:8420/'];

test('defaults', () => {
  expect(parseCommandLine(collector)).toMatchObject({
    options: {
      collectorUrl: 'http://localhost:8420',
      hosts: 20,
      profile: 'mix',
      seed: '1',
      speed: 1,
      historySeconds: 0,
    },
  });
});

test('an hour at 60 times the speed begins 59 minutes ago and ends now', () => {
  expect(parseCommandLine([...collector, '--speed', '60', '--seconds', '3600'])).toMatchObject({
    options: { historySeconds: 3_540 },
  });
});

test('--history wins over what --seconds would need', () => {
  const args = [...collector, '--speed', '60', '--seconds', '3600', '--history', '600'];
  expect(parseCommandLine(args)).toMatchObject({ options: { historySeconds: 600, seconds: 3_600 } });
});

test('outages', () => {
  expect(parseCommandLine([...collector, '--outages', '600,60'])).toMatchObject({
    options: { outages: { everySeconds: 600, lastSeconds: 60 } },
  });
});

test('snapshots are in place of a profile', () => {
  expect(parseCommandLine([...collector, '--snapshot', 'a.json,b.json'])).toMatchObject({
    options: { snapshots: ['a.json', 'b.json'] },
  });
  expect(parseCommandLine([...collector, '--snapshot', 'a.json', '--profile', 'idle'])).toEqual({
    faults: ['--snapshot and --profile both say what the hosts are: give one'],
  });
});

test('all faults are told at once, with what was found', () => {
  const result = parseCommandLine([
    '--collector',
    'localhost',
    '--hosts',
    'many',
    '--profile',
    'mainframe',
    '--speed',
    '9',
    '--outages',
    '5',
  ]);
  expect(result).toMatchInlineSnapshot(`
    {
      "faults": [
        "--collector 'localhost' is not an http or https address",
        "--profile 'mainframe' is none of mix, idle, web-server, database, workstation, noisy, typical, recorded",
        "--speed above 1 catches up with the past: it needs --history or --seconds",
        "--hosts 'many' is not a number from 1 to 60000",
        "--outages '5' is not two numbers of seconds such as 600,60",
      ],
    }
  `);
});

test('an unknown option', () => {
  expect(parseCommandLine(['--fleet', '3'])).toEqual({ faults: [expect.stringContaining('--fleet')] });
});

test('help', () => {
  expect(parseCommandLine(['--help'])).toEqual({ help: true });
});
