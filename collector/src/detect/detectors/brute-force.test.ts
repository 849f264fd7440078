// Guessed passwords that are made up, and the sessions that look like them.
import { expect, test } from 'vitest';
import { aConnection, monday, runDetector, seededRandom } from '../../../test/observations.ts';
import type { ConnectionObservation } from '../observation.ts';
import { bruteForce } from './brute-force.ts';

const local = { address: '10.0.0.5', port: 22 };
const remote = { address: '203.0.114.7', port: 40_000 };

/** A session of so many seconds that ends at `at`; the host is the server. */
function session(at: number, said: number, answered: number, changes: Partial<ConnectionObservation> = {}) {
  return aConnection(at, {
    direction: 'inbound',
    local,
    remote,
    openedUs: (at - 3) * 1e6,
    startUs: (at - 3) * 1e6,
    receivedBytes: said,
    sentBytes: answered,
    ...changes,
  });
}

function judged(sessions: readonly ConnectionObservation[]) {
  const { run, findings } = runDetector(bruteForce);
  for (const one of sessions) run.observe(one);
  run.advance((monday + 90_000) * 1e6);
  return findings();
}

const many = (count: number, make: (index: number) => ConnectionObservation) =>
  Array.from({ length: count }, (_, index) => make(index));
const guesses = (count: number, gap = 5) =>
  many(count, (index) => session(monday + index * gap, 2_500 + (index % 7), 2_300));

test('guesses at ssh from outside are one finding', () => {
  expect(judged(guesses(200))).toMatchObject([{ severity: 'medium', peer: '203.0.114.7', count: 200 }]);
});

test('a longer session after them makes it high', () => {
  const findings = judged([...guesses(20), session(monday + 200, 30_000, 90_000)]);
  expect(findings).toMatchObject([{ severity: 'high' }]);
  expect(findings[0]?.summary).toContain('a longer session followed');
});

test.each([
  ['rdp', 3_389, 2_700, 3_100],
  ['ftp', 21, 40, 300],
  ['telnet', 23, 60, 400],
  ['smb', 445, 700, 900],
  ['vnc', 5_900, 30, 60],
])('guesses at %s are found', (_, port, said, answered) => {
  expect(
    judged(many(25, (index) => session(monday + index * 9, said, answered, { local: { ...local, port } }))),
  ).toHaveLength(1);
});

test('a host that guesses elsewhere is found as the sender', () => {
  const out = many(15, (index) =>
    aConnection(monday + index * 4, {
      remote: { address: '10.0.0.9', port: 22 },
      sentBytes: 2_500,
      receivedBytes: 2_300,
    }),
  );
  expect(judged(out)).toMatchObject([{ severity: 'high', peer: '10.0.0.9' }]);
});

test('guesses at a database need twenty', () => {
  const mysql = (count: number) =>
    many(count, (index) => session(monday + index, 200, 180, { local: { ...local, port: 3_306 } }));
  expect(judged(mysql(19))).toEqual([]);
  expect(judged(mysql(21))).toHaveLength(1);
});

const random = seededRandom(5);
const innocent: Record<string, ConnectionObservation[]> = {
  'nine tries': guesses(9),
  'a check every two minutes': guesses(200, 120),
  'backups that move data': many(60, (index) => session(monday + index * 5, 40_000 + 9_000 * random(), 9_000)),
  'deployments: some short sessions, some with work': many(60, (index) =>
    session(monday + index * 5, index % 2 === 0 ? 2_800 : 60_000, index % 2 === 0 ? 3_100 : 20_000),
  ),
  'commands of different length': many(60, (index) => session(monday + index * 8, 900 + 5_000 * random(), 2_500)),
  'probes that say nothing': many(60, (index) => session(monday + index, 0, 40)),
  'ports that are closed': many(60, (index) => session(monday + index, 0, 0, { outcome: 'rejected' })),
  'pages of a web server': many(60, (index) =>
    session(monday + index, 2_500, 2_300, { local: { ...local, port: 443 } }),
  ),
  'many senders with a session each': many(60, (index) =>
    session(monday + index, 2_500, 2_300, { remote: { address: `203.0.114.${index}`, port: 40_000 } }),
  ),
};

test.each(Object.keys(innocent))('nothing is said of %s', (name) => {
  expect(judged(innocent[name]!)).toEqual([]);
});

test('guesses before a restart count, and junk is no guess', () => {
  const before = runDetector(bruteForce);
  const all = guesses(12);
  for (const one of all.slice(0, 6)) before.run.observe(one);
  expect(before.findings()).toEqual([]);
  const after = runDetector(bruteForce);
  after.run.restore('1', JSON.parse(JSON.stringify(before.run.save('1'))));
  for (const one of all.slice(6)) after.run.observe(one);
  after.run.advance((monday + 90_000) * 1e6);
  expect(after.findings()).toMatchObject([{ count: 12, peer: '203.0.114.7' }]);
  expect(after.run.save('2')).toBeUndefined();
  expect(() =>
    after.run.restore('1', [null, 3, { port: 22, sender: 'x' }, { port: 22, connections: {} }]),
  ).not.toThrow();
});
