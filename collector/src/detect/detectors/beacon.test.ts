// Beacons that are made up: what is found and how severe, what is not, and that a hostile host costs no more than any.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aConnection, aProcess, monday, nothingKnown, runDetector, seededRandom } from '../../../test/observations.ts';
import type { ConnectionObservation } from '../observation.ts';
import { beacon } from './beacon.ts';

const hour = 3600;
const browser = aProcess({ comm: 'firefox', executable: '/usr/lib/firefox/firefox' });

interface Beat {
  period: number;
  jitter?: number;
  missing?: number;
  hours: number;
  seed?: number;
  from?: number;
}

function beats(
  { period, jitter = 0, missing = 0, hours, seed = 1, from = 0 }: Beat,
  changes: Partial<ConnectionObservation> = {},
) {
  const random = seededRandom(seed);
  const connections: ConnectionObservation[] = [];
  for (let at = monday + from; at < monday + from + hours * hour; at += period * (1 + jitter * (2 * random() - 1))) {
    if (random() >= missing)
      connections.push(aConnection(at, { sentBytes: 390 + Math.floor(20 * random()), ...changes }));
  }
  return connections;
}

/** A person at a browser: pages at irregular times to a few hundred places, some of them often, each with a burst of connections. */
function browsing(hours: number, seed: number): ConnectionObservation[] {
  const random = seededRandom(seed);
  const connections: ConnectionObservation[] = [];
  for (let at = monday; at < monday + hours * hour; at += -90 * Math.log(1 - random())) {
    const place = Math.floor(300 * random() ** 3);
    const remote = { address: `198.51.${place >> 8}.${place & 255}`, port: 443 };
    for (let part = 0; part < 1 + 5 * random(); part++) {
      connections.push(
        aConnection(at + 2 * random(), { remote, process: browser, sentBytes: Math.floor(500 + 5000 * random()) }),
      );
    }
  }
  return connections.toSorted((a, b) => a.atUs - b.atUs);
}

function feed(observations: readonly ConnectionObservation[], knowledge = {}) {
  const running = runDetector(beacon, knowledge);
  for (const observation of observations) running.run.observe(observation);
  return running;
}

test.each([
  ['a minute without jitter, 7 h', { period: 60, hours: 7 }],
  ['a minute, ± 20 %, 7 h', { period: 60, jitter: 0.2, hours: 7 }],
  ['a minute, ± 50 %, 24 h', { period: 60, jitter: 0.5, hours: 24 }],
  ['five minutes, ± 30 %, 24 h', { period: 300, jitter: 0.3, hours: 24 }],
  ['a minute, 30 % missing, 24 h', { period: 60, missing: 0.3, hours: 24 }],
  ['ten seconds, ± 10 %, 10 % missing, 7 h', { period: 10, jitter: 0.1, missing: 0.1, hours: 7 }],
])('high: %s', (_, beat) => {
  for (let seed = 1; seed <= 5; seed++) {
    const [finding, ...others] = feed(beats({ ...beat, seed })).findings();
    expect(others).toEqual([]);
    expect(finding?.severity).toBe('high');
    expect(finding?.peer).toBe('203.0.114.7');
  }
});

test.each([
  ['a minute, ± 50 %, 30 % missing, 24 h', { period: 60, jitter: 0.5, missing: 0.3, hours: 24 }],
  ['an hour, ± 10 %, 24 h', { period: hour, jitter: 0.1, hours: 24 }],
  ['six hours, ± 5 %, a week', { period: 6 * hour, jitter: 0.05, hours: 7 * 24 }],
  ['a minute, ± 20 %, one hour', { period: 60, jitter: 0.2, hours: 1 }],
])('at least medium: %s', (_, beat) => {
  for (let seed = 1; seed <= 5; seed++) {
    const [finding] = feed(beats({ ...beat, seed })).findings();
    expect(['medium', 'high']).toContain(finding?.severity);
  }
});

test('amid a day of browsing by the same host', () => {
  const all = [
    ...browsing(24, 9),
    ...beats({ period: 4 * hour, jitter: 0.02, hours: 72 }),
    ...beats({ period: 300, jitter: 0.2, hours: 24 }, { remote: { address: '203.0.114.99', port: 443 } }),
  ];
  const found = feed(all.toSorted((a, b) => a.atUs - b.atUs)).findings();
  expect(found.map(({ peer }) => peer).toSorted()).toEqual(['203.0.114.7', '203.0.114.99']);
});

test('two periods at once: both are named', () => {
  const slow = beats({ period: hour, hours: 48, seed: 3 });
  const bursts = slow.flatMap((connection) =>
    Array.from({ length: 12 }, (_, at) => aConnection(connection.atUs / 1e6 + at * 10)),
  );
  const [finding] = feed(bursts).findings();
  expect(finding?.summary).toMatch(/every (10 s|60 min) and every (10 s|60 min)/);
});

test('a slow beacon that calls in bursts of fifty', () => {
  const bursts = beats({ period: 2 * hour, jitter: 0.1, hours: 72 }).flatMap(({ atUs }) =>
    Array.from({ length: 50 }, (_, at) => aConnection(atUs / 1e6 + at * 0.7)),
  );
  expect(feed(bursts).findings()[0]?.severity).toMatch(/medium|high/);
});

test('behind a proxy that is busy otherwise: by the size of what is sent', () => {
  const proxy = { remote: { address: '10.0.0.9', port: 3128 }, process: undefined };
  const traffic = browsing(12, 4).map((connection) => ({ ...connection, ...proxy }));
  const hidden = beats({ period: 60, jitter: 0.1, hours: 12 }, { ...proxy, sentBytes: 677 });
  const found = feed([...traffic, ...hidden].toSorted((a, b) => a.atUs - b.atUs)).findings();
  expect(found.map(({ key }) => key.at(-1))).toContain('677 bytes');
});

test('a port inside that the port mapper of the same address gives out is less', () => {
  const at = (address: string, port: number) => ({ remote: { address, port } });
  const calls = beats({ period: 5_400, jitter: 0.1, hours: 96 }, at('10.0.0.2', 49_155));
  const mapper = beats({ period: 5_400, jitter: 0.1, hours: 96 }, at('10.0.0.2', 135));
  const severityOf = (connections: readonly ConnectionObservation[]) =>
    feed(connections.toSorted((a, b) => a.atUs - b.atUs))
      .findings()
      .filter(({ key }) => key.includes('49155'))
      .map(({ severity }) => severity);
  expect(severityOf(calls)).toEqual(['medium']);
  expect(severityOf([...calls, ...mapper]).filter((severity) => severity !== 'low')).toEqual([]);
});

test('in one connection that stays open: low', () => {
  const spans = Array.from({ length: 200 }, (_, at) =>
    aConnection(monday + at * 300, {
      id: 'long',
      first: at === 0,
      closed: false,
      startUs: (monday + at * 300) * 1e6,
      sentBytes: at % 6 === 0 ? 200 : 0,
    }),
  );
  const [finding] = feed(spans).findings();
  expect(finding?.severity).toBe('low');
  expect(finding?.summary).toContain('every 30 min');
});

test('a connection that stays open and sends by chance does not beat', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const spans = Array.from({ length: 600 }, (_, at) => {
      const startUs = (monday + at * 300) * 1e6;
      return aConnection(monday + at * 300, {
        id: 'long',
        first: at === 0,
        closed: false,
        startUs,
        sentBytes: random() < 0.3 ? 200 : 0,
      });
    });
    expect(feed(spans).findings()).toEqual([]);
  }
});

test('two connections that stay open and take turns do not beat', () => {
  const spans = Array.from({ length: 400 }, (_, at) =>
    aConnection(monday + at * 150, {
      id: at % 2 ? 'busy' : 'idle',
      first: at < 2,
      closed: false,
      sentBytes: at % 2 ? 900 : 0,
    }),
  );
  expect(feed(spans).findings()).toEqual([]);
});

test('days of browsing give nothing', () => {
  let findings = 0;
  for (let seed = 1; seed <= 30; seed++) findings += feed(browsing(24, seed)).findings().length;
  expect(findings).toBe(0);
});

test.each<[string, Partial<ConnectionObservation>]>([
  ['NTP', { protocol: 17, remote: { address: '203.0.114.7', port: 123 } }],
  ['multicast', { protocol: 17, remote: { address: '239.255.255.250', port: 5000 } }],
  ['IPv6 multicast', { protocol: 17, remote: { address: 'ff02::fb', port: 5000 } }],
  ['broadcast', { protocol: 17, remote: { address: '192.168.1.255', port: 5000 } }],
  ['link-local metadata', { remote: { address: '169.254.169.254', port: 80 } }],
  ['loopback', { remote: { address: '127.0.0.1', port: 8080 } }],
  ['inward', { direction: 'inbound' }],
  ['listening', { direction: 'listening', remote: undefined }],
  ['DHCP', { protocol: 17, remote: { address: '10.0.0.1', port: 67 } }],
])('nothing: %s', (_, changes) =>
  expect(feed(beats({ period: 64, jitter: 0.01, hours: 24 }, changes)).findings()).toEqual([]),
);

test.each<[string, Partial<ConnectionObservation>, object]>([
  ['a resolver that is asked like a clock', { protocol: 17, remote: { address: '203.0.114.7', port: 53 } }, {}],
  ['mail', { remote: { address: '203.0.114.7', port: 993 } }, {}],
  ['a directory inside', { remote: { address: '10.0.0.2', port: 389 } }, {}],
  ['datagrams of one association', { protocol: 17, local: { address: '10.0.0.5', port: 50_000 } }, {}],
  ['an updater by its name', { name: 'ctldl.windowsupdate.com', nameSource: 'dns' }, {}],
  ['one whose name came in a hello', { name: 'client.wns.windows.com', nameSource: 'sni' }, {}],
  ['a page that polls', { process: browser, name: 'app.example.com', nameSource: 'dns' }, {}],
  [
    'what half of the fleet calls',
    { name: 'agent.example.com', nameSource: 'dns' },
    { prevalence: () => ({ hosts: 60, fleet: 120 }) },
  ],
])('low at most: %s', (_, changes, knowledge) => {
  for (const { severity } of feed(beats({ period: 60, jitter: 0.05, hours: 24 }, changes), knowledge).findings()) {
    expect(severity).toBe('low');
  }
});

test('medium at most: inside, and the network of a maker without a name', () => {
  const inside = feed(beats({ period: 60, hours: 24 }, { remote: { address: '10.9.9.9', port: 443 } })).findings();
  expect(inside.map(({ severity }) => severity)).toEqual(['medium']);
  const maker = { place: () => ({ organisation: 'Akamai International B.V.' }) };
  expect(
    feed(beats({ period: 60, hours: 24 }), maker)
      .findings()
      .map(({ severity }) => severity),
  ).toEqual(['medium']);
});

test('one that polls many at one rhythm is told of as low', () => {
  const targets = Array.from({ length: 30 }, (_, at) =>
    beats({ period: 60, hours: 24, from: at }, { remote: { address: `203.0.114.${at + 1}`, port: 9100 } }),
  );
  const found = feed(targets.flat().toSorted((a, b) => a.atUs - b.atUs)).told.slice(-30);
  expect(new Set(found.map(({ severity }) => severity))).toEqual(new Set(['low']));
});

test('records that come late, in any order within the hour, give the same beacon', () => {
  const random = seededRandom(2);
  const late = beats({ period: 60, jitter: 0.2, hours: 8 })
    .map((connection) => ({ connection: { ...connection, late: true }, order: connection.atUs + random() * 3.6e9 }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ connection }) => connection);
  expect(feed(late).findings()[0]?.severity).toBe('high');
});

test('a collector that restarts every hour finds the same one, out of less than 256 KiB', () => {
  const all = [...browsing(24, 8), ...beats({ period: 1200, jitter: 0.2, hours: 24 })].toSorted(
    (a, b) => a.atUs - b.atUs,
  );
  let running = runDetector(beacon);
  const told = [];
  let next = monday + hour;
  for (const observation of all) {
    if (observation.atUs / 1e6 > next) {
      const text = JSON.stringify(running.run.save('1'));
      expect(text.length).toBeLessThan(262_144);
      told.push(...running.told);
      running = runDetector(beacon);
      running.run.restore('1', JSON.parse(text));
      next += hour;
    }
    running.run.observe(observation);
  }
  told.push(...running.told);
  expect(told.at(-1)?.severity).toBe('high');
  expect(new Set(told.map(({ peer }) => peer))).toEqual(new Set(['203.0.114.7']));
});

test('a host that calls a million places keeps less than 256 KiB and does not disturb another', () => {
  const running = runDetector(beacon);
  const other = beats({ period: 300, jitter: 0.1, hours: 8 }).map((connection) => ({ ...connection, host: '2' }));
  for (const [at, beat] of other.entries()) {
    for (let call = 0; call < 1000; call++) {
      const place = Math.floor((at * 1000 + call) / 2);
      const remote = { address: `203.${place & 255}.${(place >> 8) & 255}.${(place >> 16) & 255}`, port: 443 };
      running.run.observe(aConnection(beat.atUs / 1e6 + call / 10, { remote }));
    }
    running.run.observe(beat);
  }
  expect(JSON.stringify(running.run.save('1')).length).toBeLessThan(262_144);
  expect(running.findings().map(({ host }) => host)).toContain('2');
});

test('nothing that a host can say makes it throw, nor anything that can be restored', () => {
  const anything = fc.record({
    at: fc.double({ min: 0, max: 4e9, noNaN: true }),
    opened: fc.double(),
    bytes: fc.option(fc.double(), { nil: undefined }),
    address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()),
    port: fc.integer(),
    name: fc.string(),
    first: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 60 }), fc.jsonValue(), (claims, state) => {
      const { run } = runDetector(beacon, nothingKnown, { 'least-beats': 2, 'least-seconds': 0 });
      run.restore('1', state);
      for (const { at, opened, bytes, address, port, name, first } of claims) {
        run.observe(
          aConnection(at, {
            openedUs: opened,
            sentBytes: bytes,
            remote: { address, port },
            name,
            nameSource: 'sni',
            first,
          }),
        );
      }
      run.restore('1', JSON.parse(JSON.stringify(run.save('1') ?? null)));
      run.forget('1');
    }),
  );
});
