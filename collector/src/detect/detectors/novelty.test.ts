// What is new on a host: listeners, programs, destinations. Nothing while it learns, one finding for one new thing, no flood.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aConnection, aProcess, monday, runDetector } from '../../../test/observations.ts';
import type { ConnectionObservation } from '../observation.ts';
import { newListener } from './new-listener.ts';
import { newNetworkProcess } from './new-network-process.ts';
import { unusualDestination } from './unusual-destination.ts';

const day = 86_400;
const sshd = aProcess({ comm: 'sshd', executable: '/usr/sbin/sshd' });

function listener(at: number, port: number, changes: Partial<ConnectionObservation> = {}) {
  const local = { address: '0.0.0.0', port };
  return aConnection(at, { direction: 'listening', remote: undefined, local, process: sshd, ...changes });
}

/** Ten days of the same. */
const usual = Array.from({ length: 11 }, (_, at) => listener(monday + at * day, 22));

test('a listener is new only after a week', () => {
  const early = runDetector(newListener);
  for (const observation of [listener(monday, 22), listener(monday + 2 * day, 8080)]) early.run.observe(observation);
  expect(early.told).toEqual([]);
  expect(early.run.learnt?.('1')).toBeGreaterThan(0);
  expect(early.run.learnt?.('1')).toBeLessThan(1);
  const later = runDetector(newListener);
  for (const observation of [...usual, listener(monday + 11 * day, 8080), listener(monday + 11 * day + 60, 8080)])
    later.run.observe(observation);
  expect(later.told.map(({ severity, summary }) => [severity, summary])).toEqual([
    ['low', 'sshd (/usr/sbin/sshd) listens on TCP port 8080 of every address for the first time'],
  ]);
});

test.each<[string, Partial<ConnectionObservation>, string | undefined]>([
  ['out of /tmp', { process: aProcess({ executable: '/tmp/.x/d' }) }, 'medium'],
  [
    'an interpreter on a port below 1024',
    { process: aProcess({ executable: '/usr/bin/python3.11' }), local: { address: '0.0.0.0', port: 444 } },
    'medium',
  ],
  ['on loopback', { local: { address: '127.0.0.1', port: 9000 } }, undefined],
  ['on a port that the system gave', { local: { address: '0.0.0.0', port: 40_000 } }, undefined],
  ['a client of datagrams', { protocol: 17, local: { address: '0.0.0.0', port: 30_000 } }, undefined],
  ['told late', { late: true }, undefined],
])('a new listener %s', (_, changes, severity) => {
  const { run, told } = runDetector(newListener);
  for (const observation of [...usual, listener(monday + 11 * day, 9000, changes)]) run.observe(observation);
  expect(told[0]?.severity).toBe(severity);
});

test('a program that takes port after port is one that does', () => {
  const { run, told } = runDetector(newListener);
  const rpc = aProcess({ executable: '/opt/rpc/bin/rpcd' });
  const learnt = Array.from({ length: 6 }, (_, at) => listener(monday + at * day, 5000 + at, { process: rpc }));
  for (const observation of [...learnt, ...usual, listener(monday + 12 * day, 5999, { process: rpc })])
    run.observe(observation);
  expect(told).toEqual([]);
});

test('a program is new by its path without its version, and a flood of new ones ends', () => {
  const { run, told } = runDetector(newNetworkProcess);
  const by = (at: number, executable: string) => run.observe(aConnection(at, { process: aProcess({ executable }) }));
  for (let at = 0; at < 11; at++) by(monday + at * day, '/opt/app-1.2.3/bin/app');
  by(monday + 11 * day, '/opt/app-1.2.4/bin/app');
  expect(told).toEqual([]);
  for (const letter of 'abcdefghij') by(monday + 11 * day + 60, `/home/ada/${letter}/program`);
  expect(told.length).toBe(5);
});

test.each([
  ['in a fleet where no other host has it', { hosts: 1, fleet: 100 }, ['medium']],
  ['in a small fleet', { hosts: 1, fleet: 3 }, ['low']],
  ['in a fleet where many have it', { hosts: 30, fleet: 100 }, []],
])('a new program %s', (_, prevalence, severities) => {
  const { run, told } = runDetector(newNetworkProcess, { prevalence: () => prevalence });
  for (let at = 0; at < 11; at++) run.observe(aConnection(monday + at * day, { process: sshd }));
  run.observe(aConnection(monday + 11 * day, { process: aProcess({ executable: '/home/ada/new' }) }));
  expect(told.map(({ severity }) => severity)).toEqual(severities);
});

const places: Record<string, { country: string; asn: number }> = {
  '203.0.114.1': { country: 'DE', asn: 1 },
  '203.0.114.2': { country: 'DE', asn: 2 },
  '203.0.114.3': { country: 'KP', asn: 3 },
};
const knowledge = { place: (address: string) => places[address] ?? {} };
const agent = aProcess({ comm: 'backupd', executable: '/usr/bin/backupd' });
const call = (at: number, address: string, changes: Partial<ConnectionObservation> = {}) =>
  aConnection(at, { process: agent, remote: { address, port: 443 }, ...changes });
/** Three weeks of one place, five times a day. */
const habit = Array.from({ length: 105 }, (_, at) => call(monday + at * 0.2 * day, '203.0.114.1'));

test('a program of habit in a country and network where it never was: medium, once', () => {
  const { run, told } = runDetector(unusualDestination, knowledge);
  for (const observation of [
    ...habit,
    call(monday + 22 * day, '203.0.114.3'),
    call(monday + 22.1 * day, '203.0.114.3'),
  ])
    run.observe(observation);
  expect(told.map(({ severity, summary }) => [severity, summary])).toEqual([
    ['medium', 'backupd connects to 203.0.114.3: a country and a network where it never went before'],
  ]);
});

test('another network of the same country is low', () => {
  const { run, told } = runDetector(unusualDestination, knowledge);
  for (const observation of [...habit, call(monday + 22 * day, '203.0.114.2')]) run.observe(observation);
  expect(told.map(({ severity }) => severity)).toEqual(['low']);
});

test.each<[string, Partial<ConnectionObservation>]>([
  ['an attempt', { outcome: 'attempted' }],
  ['a browser', { process: aProcess({ executable: '/usr/lib/firefox/firefox' }) }],
  ['inward', { direction: 'inbound' }],
  ['told late', { late: true }],
])('nothing of %s', (_, changes) => {
  const { run, told } = runDetector(unusualDestination, knowledge);
  for (const observation of habit) run.observe({ ...observation, process: changes.process ?? observation.process });
  run.observe(call(monday + 22 * day, '203.0.114.3', changes));
  expect(told).toEqual([]);
});

test('nothing in the first week of a host or a program', () => {
  const { run, told } = runDetector(unusualDestination, knowledge);
  for (const observation of habit.slice(0, 25)) run.observe(observation);
  run.observe(call(monday + 6 * day, '203.0.114.3'));
  expect(told).toEqual([]);
});

test('what two other hosts did with the program is known; what one did is not', () => {
  for (const [others, findings] of [
    [['2'], 1],
    [['2', '3'], 0],
  ] as const) {
    const { run, told } = runDetector(unusualDestination, knowledge);
    for (const host of others) run.observe(call(monday, '203.0.114.3', { host }));
    for (const observation of [...habit, call(monday + 22 * day, '203.0.114.3')]) run.observe(observation);
    expect(told.length).toBe(findings);
  }
});

test('a program that meets a new name every day has no habit in names', () => {
  const { run, told } = runDetector(unusualDestination, knowledge);
  for (const [at, observation] of habit.entries())
    run.observe({
      ...observation,
      name: `www.site${'abcdefghij'[at % 10]}${'klmnopqrstu'[Math.floor(at / 10)]}.com`,
      nameSource: 'dns',
    });
  run.observe(call(monday + 22 * day, '203.0.114.1', { name: 'www.another.com', nameSource: 'dns' }));
  expect(told).toEqual([]);
});

test.each([newListener, newNetworkProcess, unusualDestination])('$id: a restart keeps what was learnt', (detector) => {
  const before = runDetector(detector as typeof newListener, knowledge);
  for (const observation of [...habit, ...usual]) before.run.observe(observation);
  const state = JSON.stringify(before.run.save('1'));
  expect(state.length).toBeLessThan(262_144);
  const after = runDetector(detector as typeof newListener, knowledge);
  after.run.restore('1', JSON.parse(state));
  for (const observation of [...habit.slice(-3), ...usual.slice(-2)]) after.run.observe(observation);
  expect(after.told).toEqual([]);
  expect(after.run.learnt?.('1')).toBe(1);
  after.run.observe(call(monday + 23 * day, '203.0.114.3', { process: aProcess({ executable: '/home/ada/else' }) }));
  after.run.observe(call(monday + 23 * day, '203.0.114.3'));
  after.run.observe(listener(monday + 23 * day, 8081));
  expect(after.told.length).toBe(1);
});

test.each([newListener, newNetworkProcess, unusualDestination])(
  '$id: whatever a host says or was saved, it goes on, bounded',
  (detector) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double(), fc.string(), fc.integer()), { maxLength: 50 }),
        fc.jsonValue(),
        (claims, state) => {
          const { run } = runDetector(detector as typeof newListener, knowledge, { 'learning-days': 0 });
          run.restore('1', state);
          for (const [at, text, port] of claims) {
            run.observe(
              aConnection(0, {
                atUs: at,
                name: text,
                remote: { address: text, port },
                process: aProcess({ executable: text }),
              }),
            );
            run.observe(listener(0, port, { atUs: at, local: { address: text, port } }));
          }
          run.restore('1', JSON.parse(JSON.stringify(run.save('1') ?? null)));
        },
      ),
    );
    const { run } = runDetector(detector as typeof newListener, knowledge);
    for (let at = 0; at < 20_000; at++) {
      const letters = [...String(at)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
      run.observe(
        listener(monday + at, at % 32_000, {
          process: aProcess({ executable: `/home/${letters}/${letters.repeat(20)}` }),
        }),
      );
      run.observe(
        call(monday + at, '203.0.114.1', {
          name: `${letters}.com`,
          process: aProcess({ executable: `/home/${letters}` }),
        }),
      );
    }
    expect(JSON.stringify(run.save('1')).length).toBeLessThan(262_144);
  },
);
