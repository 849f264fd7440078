// Uploads that are made up: which are told of before anything is learnt, and what a baseline changes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aConnection, aProcess, monday, runDetector, seededRandom } from '../../../test/observations.ts';
import type { ConnectionObservation } from '../observation.ts';
import { exfiltration } from './exfiltration.ts';

const hour = 3600;
const day = 24 * hour;

function upload(at: number, megabytes: number, changes: Partial<ConnectionObservation> = {}) {
  return aConnection(at, { sentBytes: megabytes * 1e6, receivedBytes: megabytes * 1e4, ...changes });
}

function feed(observations: readonly ConnectionObservation[], knowledge = {}) {
  const running = runDetector(exfiltration, knowledge);
  for (const observation of observations) running.run.observe(observation);
  return running;
}

test.each([
  [5, undefined],
  [30, 'low'],
  [300, 'medium'],
  [3000, 'high'],
])('%d MB to one place outside, nothing learnt: %s', (megabytes, severity) => {
  expect(feed([upload(monday, megabytes)]).findings()[0]?.severity).toBe(severity);
});

test('in many connections of a day as in one, but not of two days', () => {
  const spread = (hours: number) =>
    Array.from({ length: 40 }, (_, at) => upload(monday + (at * hours * hour) / 40, 10));
  expect(feed(spread(20)).findings()[0]?.severity).toBe('medium');
  expect(feed(spread(72)).findings()[0]?.severity).toBe('low');
});

test('two days later it is told of again', () => {
  const quiet = Array.from({ length: 72 }, (_, at) => upload(monday + at * hour, 0.1));
  const { told } = feed([...quiet, upload(monday + 3 * day, 400), upload(monday + 5 * day, 390)]);
  expect(told.map(({ endUs }) => Math.round((endUs / 1e6 - monday) / day))).toEqual([3, 5]);
});

test.each<[string, Partial<ConnectionObservation>]>([
  ['a call: as much comes back', { receivedBytes: 3e8 }],
  ['to the inside', { remote: { address: '10.0.0.8', port: 22 } }],
  ['what a server gives out', { direction: 'inbound' }],
  ['loopback', { remote: { address: '127.0.0.1', port: 22 } }],
  ['bytes that are not known', { sentBytes: undefined }],
])('nothing: %s', (_, changes) => expect(feed([upload(monday, 400, changes)]).findings()).toEqual([]));

test('to where many hosts of the fleet go it weighs less', () => {
  expect(feed([upload(monday, 400)], { prevalence: () => ({ hosts: 50, fleet: 100 }) }).findings()[0]?.severity).toBe(
    'low',
  );
});

test('a program that sends to many: two findings, and one for all the others', () => {
  const to = (host: number) => upload(monday + host, 400, { remote: { address: `203.0.113.${host}`, port: 443 } });
  const found = feed([1, 2, 3, 4, 5, 6].map(to)).findings();
  expect(found.map(({ key }) => key.at(-1))).toEqual(['203.0.113.1', '203.0.113.2', 'several destinations']);
  expect(found[2]!.summary).toContain('sent 2.40 GB to 6 destinations within a day, 400 MB of it to 203.0.113.6');
});

test('an installed program weighs less, an interpreter and a browser do not', () => {
  const by = (executable: string) =>
    feed([upload(monday, 400, { process: aProcess({ executable }) })]).findings()[0]?.severity;
  expect(by('/usr/bin/restic')).toBe('low');
  expect(by('/usr/bin/python3.11')).toBe('medium');
  expect(by('/tmp/x')).toBe('medium');
});

/** Two gigabytes each night, little by day. */
function backups(days: number): ConnectionObservation[] {
  const random = seededRandom(1);
  return Array.from({ length: days * 24 }, (_, at) =>
    upload(monday + at * hour + 600, at % 24 === 2 ? 2000 + 400 * random() : 1 + random()),
  );
}

test('a nightly backup is told of in its first nights and learnt', () => {
  const { told } = feed(backups(21));
  expect(told.length).toBeGreaterThan(0);
  expect(Math.max(...told.map(({ endUs }) => endUs))).toBeLessThan((monday + 6 * day) * 1e6);
});

test.each([
  ['Europe/Berlin', 'nothing is told of'],
  ['', 'the first Monday is told of'],
])('a backup at nine in Berlin over the end of summer time, by the clock of "%s": %s', (zone) => {
  const random = seededRandom(4);
  const { run, told } = runDetector(exfiltration, { timeZone: () => zone });
  let at = Temporal.ZonedDateTime.from('2026-09-14T00:10[Europe/Berlin]');
  for (; at.month < 11; at = at.add({ hours: 1 })) {
    const isBackup = at.hour === 9 && at.dayOfWeek <= 5;
    const megabytes = isBackup ? (at.dayOfWeek === 1 ? 9_000 : 1_000) + 100 * random() : 1 + random();
    const remote = { address: `203.0.114.${at.hour}`, port: 443 };
    run.observe(upload(at.epochMilliseconds / 1000, megabytes, { remote }));
  }
  const after = told.filter(({ endUs }) => endUs > Date.parse('2026-10-25T01:00Z') * 1000);
  const days = after.map(({ endUs }) => new Date(endUs / 1000).toISOString().slice(0, 10));
  expect(days).toEqual(zone === '' ? ['2026-10-26'] : []);
});

test('the same volume at noon, to somewhere else, is told of although the night has more', () => {
  const noon = monday + 21 * day + 12 * hour;
  const { told } = feed([...backups(21), upload(noon, 900, { remote: { address: '203.0.114.200', port: 443 } })]);
  expect(told.at(-1)).toMatchObject({ peer: '203.0.114.200', severity: 'medium' });
  expect(told.at(-1)?.evidence.some(({ label }) => label.includes('hour of the'))).toBe(true);
});

test('a restart forgets nothing and fits', () => {
  const before = feed(backups(21));
  const state = JSON.stringify(before.run.save('1'));
  expect(state.length).toBeLessThan(262_144);
  const after = runDetector(exfiltration);
  after.run.restore('1', JSON.parse(state));
  after.run.observe(upload(monday + 21 * day + 2 * hour + 600, 2000));
  expect(after.told).toEqual([]);
});

test('a host that uploads everywhere with every program keeps less than 256 KiB', () => {
  const running = runDetector(exfiltration);
  for (let at = 0; at < 40_000; at++) {
    const process = aProcess({
      executable: `/home/${'abcdefghij'[at % 10]}/${String.fromCharCode(97 + (at % 26))}${'xyz'[at % 3]}`,
    });
    running.run.observe(
      upload(monday + at * 60, 30, { process, remote: { address: `203.0.${at % 199}.${at % 251}`, port: 443 } }),
    );
  }
  expect(JSON.stringify(running.run.save('1')).length).toBeLessThan(262_144);
});

test('nothing that a host can say makes it throw, nor anything that can be restored', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double(), fc.option(fc.double(), { nil: undefined }), fc.string()), { maxLength: 40 }),
      fc.jsonValue(),
      (claims, state) => {
        const { run } = runDetector(exfiltration);
        run.restore('1', state);
        for (const [at, bytes, name] of claims) run.observe(aConnection(0, { atUs: at, sentBytes: bytes, name }));
        run.restore('1', JSON.parse(JSON.stringify(run.save('1') ?? null)));
      },
    ),
  );
});
