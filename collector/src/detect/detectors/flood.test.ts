// Floods that are made up, and the crowds that are none.
import { expect, test } from 'vitest';
import { aConnection, monday, runDetector, seededRandom } from '../../../test/observations.ts';
import type { ConnectionObservation, ScanObservation } from '../observation.ts';
import { flood } from './flood.ts';

const random = seededRandom(4);
const anywhere = () =>
  `${1 + Math.floor(200 * random())}.${Math.floor(256 * random())}.${Math.floor(256 * random())}.7`;
const inbound = (at: number, changes: Partial<ConnectionObservation>): ConnectionObservation =>
  aConnection(at, {
    direction: 'inbound',
    local: { address: '10.0.0.5', port: 80 },
    remote: { address: anywhere(), port: 1_024 },
    ...changes,
  });
const syn = (at: number, changes: Partial<ConnectionObservation> = {}) =>
  inbound(at, { outcome: 'attempted', ...changes });

function judged(observations: readonly ConnectionObservation[]) {
  const { run, findings } = runDetector(flood);
  let nowUs = 0;
  for (const observation of observations) {
    run.observe(observation);
    if (observation.atUs - nowUs >= 10e6) run.advance((nowUs = observation.atUs));
  }
  run.advance(nowUs + 3_600e6);
  return findings();
}
const many = (count: number, make: (index: number) => ConnectionObservation) =>
  Array.from({ length: count }, (_, index) => make(index));

test('SYNs from forged addresses are one finding, with how many', () => {
  const findings = judged(many(20_000, (index) => syn(monday + index / 1_000)));
  expect(findings).toMatchObject([{ severity: 'high', peer: '', count: 20_000 }]);
});

test('SYNs of one sender name it', () => {
  const remote = { address: '198.51.100.9', port: 1_024 };
  expect(judged(many(500, (index) => syn(monday + index / 200, { remote })))).toMatchObject([{ peer: '198.51.100.9' }]);
});

test('SYNs whose targets are forged too are found, though nobody gets two', () => {
  const findings = judged(
    many(100, (index) =>
      syn(monday + index / 5_000, { host: `h${index}`, local: { address: anywhere(), port: index } }),
    ),
  );
  expect(findings).toHaveLength(1);
});

test('datagrams without answers, to any port', () => {
  const udp = { protocol: 17, outcome: 'attempted', receivedPackets: 100, sentPackets: 0 } as const;
  const findings = judged(
    many(1_000, (index) => inbound(monday + index / 30, { ...udp, local: { address: '10.0.0.5', port: index } })),
  );
  expect(findings).toMatchObject([{ severity: 'high' }]);
});

test('echo requests of one long flow', () => {
  const echo = { protocol: 1, outcome: 'established', receivedPackets: 60_000, sentPackets: 59_000 } as const;
  const findings = judged([inbound(monday + 60, { ...echo, openedUs: monday * 1e6, startUs: monday * 1e6 })]);
  expect(findings).toMatchObject([{ severity: 'high', count: 60_000 }]);
});

const innocent: Record<string, ConnectionObservation[]> = {
  'a busy server': many(20_000, (index) =>
    inbound(monday + index / 500, { outcome: index % 20 === 0 ? 'attempted' : 'established' }),
  ),
  'clients of a server that is down, each every second': many(3_000, (index) =>
    syn(monday + index / 40, { remote: { address: `10.1.0.${index % 40}`, port: 1_024 } }),
  ),
  'a scan of a thousand ports in a second': many(1_000, (index) =>
    syn(monday + index / 1_000, {
      local: { address: '10.0.0.5', port: index },
      remote: { address: '198.51.100.9', port: 1 },
    }),
  ),
  'a stream of video': [
    inbound(monday + 60, {
      protocol: 17,
      outcome: 'attempted',
      receivedPackets: 50_000,
      sentPackets: 0,
      startUs: monday * 1e6,
    }),
  ],
  'a download by QUIC': [
    inbound(monday + 10, { protocol: 17, receivedPackets: 90_000, sentPackets: 9_000, startUs: monday * 1e6 }),
  ],
  'a ping every tenth of a second': [
    inbound(monday + 60, { protocol: 1, receivedPackets: 600, sentPackets: 600, startUs: monday * 1e6 }),
  ],
};

test.each(Object.keys(innocent))('nothing is said of %s', (name) => {
  expect(judged(innocent[name]!)).toEqual([]);
});

test('what goes on for long is what is normal there', () => {
  const logs = many(4 * 3_600, (second) =>
    inbound(monday + second, { protocol: 17, outcome: 'attempted', receivedPackets: 900, sentPackets: 0 }),
  );
  const more = many(600, (second) =>
    inbound(monday + 4 * 3_600 + second, {
      protocol: 17,
      outcome: 'attempted',
      receivedPackets: 3_000,
      sentPackets: 0,
    }),
  );
  expect(judged([...logs, ...more])).toEqual([]);
});

const refused = (at: number, changes: Partial<ScanObservation> = {}): ScanObservation => ({
  ...{ kind: 'scan', host: '1', atUs: at * 1e6, startUs: (at - 5) * 1e6, late: false, scan: 'syn' },
  ...{ source: anywhere(), localAddress: '10.0.0.5', localPort: 81, ports: 1, packets: 10 },
  ...changes,
});

test('what the kernel refuses at one port is a flood by the thousand a second, and says that not all senders are told', () => {
  const { run, findings } = runDetector(flood);
  for (let flush = 0; flush < 4; flush++) {
    const at = monday + 5 * flush;
    for (let sender = 0; sender < 500; sender++) run.observe(refused(at));
    run.observe(refused(at, { source: '0.0.0.0', packets: 20_000 }));
    run.advance(at * 1e6);
  }
  expect(findings()).toMatchObject([{ key: ['closed', '81'], severity: 'high', peer: '' }]);
  expect(findings()[0]!.summary).toMatch(/packets without a listener .* to port 81 .*from more than [\d,]+ addresses/);
});

test('a scan of many ports, and clients of a service that is down, are no flood', () => {
  const { run, findings } = runDetector(flood);
  run.observe(refused(monday, { localPort: 0, ports: 60_000, packets: 60_000 }));
  for (let client = 0; client < 300; client++) run.observe(refused(monday, { packets: 10 }));
  expect(findings()).toEqual([]);
});

const left = (at: number, changes: Partial<ScanObservation> = {}) =>
  refused(at, { scan: 'half-open', source: '0.0.0.0', localPort: 80, packets: 5 * 500, ...changes });

function judgedScans(observations: readonly (ConnectionObservation | ScanObservation)[]) {
  const { run, findings } = runDetector(flood);
  for (const observation of observations) {
    run.observe(observation);
    run.advance(observation.atUs);
  }
  return findings();
}

test('half-open connections that the kernel counts are a flood of the port, from its first row on', () => {
  const rows = [0, 5, 10].map((seconds) => left(monday + seconds));
  expect(judgedScans(rows.slice(0, 1))).toMatchObject([{ key: ['SYN', '80'], severity: 'medium' }]);
  const [finding] = judgedScans(rows);
  expect(finding).toMatchObject({ key: ['SYN', '80'], severity: 'high', peer: '' });
  expect(finding!.summary).toMatch(
    /connections begun and left .* to port 80 of 10\.0\.0\.5, from addresses that were not/,
  );
  expect(finding!.count).toBeGreaterThan(6_000);
});

test('the half-open connections that are also seen as such are a part of it', () => {
  const seen = (at: number) => many(512, () => syn(at));
  const [finding, ...others] = judgedScans([
    ...[left(monday), ...seen(monday + 4), left(monday + 5)],
    ...[...seen(monday + 14), left(monday + 15)],
  ]);
  expect(others).toEqual([]);
  expect(finding!.summary).toContain('from addresses that were not told apart');
  expect(finding!.count).toBe(3 * 5 * 500);
});

test('a port that the kernel does not tell is none, and a sender that it tells is the peer', () => {
  const [unknown] = judgedScans([left(monday, { localPort: 0 })]);
  expect(unknown).toMatchObject({ key: ['SYN', '?'] });
  expect(unknown!.summary).toContain('to a port that the kernel does not tell');
  expect(judgedScans([left(monday, { source: '198.51.100.9' })])).toMatchObject([{ peer: '198.51.100.9' }]);
});

test('those who leave a busy port are no flood while more stay, nor where as many always leave', () => {
  const clients = (at: number) => many(3_000, (index) => inbound(at + index / 600, {}));
  expect(judgedScans([...clients(monday - 5), left(monday)])).toEqual([]);
  expect(judgedScans([...clients(monday - 5), left(monday, { packets: 5 * 1_000 })])).toHaveLength(1);
  const { run, findings } = runDetector(flood);
  for (let row = 0; row < 360; row++) {
    run.observe(left(monday + 5 * row, { packets: 5 * 60 }));
    run.advance((monday + 5 * row) * 1e6);
  }
  run.observe(left(monday + 1_800, { packets: 5 * 200 }));
  run.advance((monday + 1_800) * 1e6);
  expect(findings()).toEqual([]);
});

test('after a restart the stream of every day is still normal', () => {
  const stream = (at: number) =>
    inbound(at, {
      protocol: 17,
      outcome: 'attempted',
      receivedPackets: 60 * 1_500,
      sentPackets: 0,
      startUs: (at - 60) * 1e6,
    });
  const before = runDetector(flood);
  for (let minute = 0; minute < 120; minute++) {
    before.run.observe(stream(monday + 60 * minute));
    before.run.advance((monday + 60 * minute) * 1e6);
  }
  const state: unknown = JSON.parse(JSON.stringify(before.run.save('1')));
  const after = runDetector(flood);
  after.run.restore('1', state);
  after.run.observe(stream(monday + 7_300));
  expect(after.findings()).toEqual([]);
  const anew = runDetector(flood);
  anew.run.observe(stream(monday + 7_300));
  expect(anew.findings()).toHaveLength(1);
  expect(() => anew.run.restore('1', [null, ['x'], { a: 1 }])).not.toThrow();
});
