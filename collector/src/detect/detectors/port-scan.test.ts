// Scans of every kind that are made up, and the honest senders that look like them.
import { describe, expect, test } from 'vitest';
import { aConnection, aProcess, monday, runDetector, seededRandom } from '../../../test/observations.ts';
import type { ConnectionObservation, Observation, ScanObservation } from '../observation.ts';
import { portScan } from './port-scan.ts';

const hour = 3_600;
const victim = '203.0.114.9';

const to = (address: string, port: number) => ({ remote: { address, port } });
const failed = { outcome: 'attempted', sentBytes: 0, receivedBytes: 0 } as const;
const hostOf = (index: number) => `198.51.${100 + (index >> 8)}.${index & 255}`;

function aProbe(at: number, localPort: number, changes: Partial<ScanObservation> = {}): ScanObservation {
  return {
    kind: 'scan',
    host: '1',
    atUs: at * 1e6,
    late: false,
    scan: 'syn',
    startUs: at * 1e6,
    source: '192.0.2.66',
    localAddress: '10.0.0.5',
    localPort,
    ports: 1,
    packets: 1,
    ...changes,
  };
}

function scanned(observations: Iterable<Observation>) {
  const { run, findings, told } = runDetector(portScan);
  let nowUs = 0;
  for (const observation of observations) {
    run.observe(observation);
    nowUs = Math.max(nowUs, observation.atUs);
    run.advance(nowUs);
  }
  run.advance(nowUs + 10e6);
  run.advance(nowUs + hour * 1e6);
  return { findings: findings(), told, run };
}

function* range(count: number, make: (index: number) => Observation) {
  for (let index = 0; index < count; index++) yield make(index);
}

test('a scan of a thousand ports is one finding, and is told by its ninth port', () => {
  const probes = range(1_000, (index) => aConnection(monday + index / 100, { ...failed, ...to(victim, index + 1) }));
  const { findings, told } = scanned(probes);
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ severity: 'high', peer: victim, count: 1_000 });
  expect(told[0]?.count).toBe(9);
});

test.each([
  ['five minutes, as nmap -T0', 300],
  ['an hour', hour],
])('a scan with a probe every %s is found', (_, gap) => {
  const probes = range(20, (index) => aConnection(monday + index * gap, { ...failed, ...to(victim, 20 + index) }));
  expect(scanned(probes).findings).toHaveLength(1);
});

test.each(['fin', 'null', 'xmas', 'syn', 'udp'] as const)('a %s scan of this host is found', (scan) => {
  const { findings } = scanned(range(20, (index) => aProbe(monday + index, 20 + index, { scan })));
  expect(findings).toMatchObject([{ peer: '192.0.2.66', severity: 'low', count: 20 }]);
});

test('FINs of which a log does not tell whether they end something are a scan over the ports of a host', () => {
  const { findings } = scanned(
    range(60, (index) => aProbe(monday + index, 1 + index, { scan: 'fin', maybeEnd: true })),
  );
  expect(findings).toMatchObject([{ count: 60 }]);
});

test('from inside, a scan of this host is worth more', () => {
  const { findings } = scanned(range(20, (index) => aProbe(monday + index, 20 + index, { source: '10.0.0.66' })));
  expect(findings).toMatchObject([{ severity: 'medium' }]);
});

test('probes that an agent folded count as many ports', () => {
  const { findings } = scanned([aProbe(monday, 0, { ports: 300, packets: 320 })]);
  expect(findings).toMatchObject([{ count: 300 }]);
});

test('refused datagrams to many ports are a scan', () => {
  const rejected = { protocol: 17, outcome: 'rejected' } as const;
  expect(
    scanned(range(20, (index) => aConnection(monday + index, { ...rejected, ...to(victim, 100 + index) }))).findings,
  ).toHaveLength(1);
});

test('ports that are opened and left are a scan, whatever they answer', () => {
  const opened = { outcome: 'reset', sentBytes: 0, receivedBytes: 40 } as const;
  expect(
    scanned(range(20, (index) => aConnection(monday + index, { ...opened, ...to(victim, 20 + index) }))).findings,
  ).toHaveLength(1);
});

test('one port of many hosts is a scan, slow too', () => {
  const probes = range(12, (index) => aConnection(monday + index * 600, { ...failed, ...to(hostOf(index), 445) }));
  expect(scanned(probes).findings).toMatchObject([{ severity: 'medium', count: 12 }]);
});

test('an open port of many hosts that nobody looks at again is a scan', () => {
  const opened = { outcome: 'reset', sentBytes: 0, receivedBytes: 0 } as const;
  const probes = range(60, (index) => aConnection(monday + index, { ...opened, ...to(hostOf(index), 22) }));
  expect(scanned(probes).findings).toHaveLength(1);
});

test('what was open before anybody looked, and says nothing more, is no scan; what begins with data counts as ever', () => {
  const idle = { outcome: 'established', sentBytes: 0, receivedBytes: 0, openedBefore: true } as const;
  expect(
    scanned(range(200, (index) => aConnection(monday + index, { ...idle, ...to(hostOf(index), 443) }))).findings,
  ).toEqual([]);
});

test('what is open and silent when it is first told of is no scan, unless it ends without a word', () => {
  const silent = { outcome: 'established', sentBytes: 0, receivedBytes: 0, closed: false } as const;
  const opened = Array.from({ length: 200 }, (_, index) =>
    aConnection(monday + index, { ...silent, ...to(hostOf(index), 443) }),
  );
  const later = (sentBytes: number) =>
    opened.map((one) => ({ ...one, first: false, atUs: one.atUs + 20e6, closed: true, sentBytes }));
  expect(scanned([...opened, ...later(400)]).findings).toEqual([]);
  expect(scanned([...opened, ...later(0)]).findings).toMatchObject([{ count: 200 }]);
});

test('a monitor is none either where a host tells of an hour ago at once', () => {
  const opened = { outcome: 'reset', sentBytes: 0, receivedBytes: 0 } as const;
  const nowUs = (monday + 3_600) * 1e6;
  const { run, findings } = runDetector(portScan);
  for (let index = 0; index < 60 * 30; index++) {
    run.observe(aConnection(monday + index, { ...opened, ...to(hostOf(index % 60), 22) }));
    if (index % 20 === 0) run.advance(nowUs + index * 1e4);
  }
  run.advance(nowUs + 1e9);
  expect(findings()).toEqual([]);
});

test('a few ports of many hosts are a scan, though no port has many', () => {
  const probes = range(60, (index) =>
    aConnection(monday + index, {
      ...failed,
      ...to(hostOf(index), [23, 2_323, 81, 5_555, 7_547, 8_081, 37_215, 52_869][index % 8]!),
    }),
  );
  expect(scanned(probes).findings).toHaveLength(1);
});

test('a scan between much that succeeds is found', () => {
  const random = seededRandom(3);
  const observations: ConnectionObservation[] = [];
  for (let index = 0; index < 400; index++) observations.push(aConnection(monday + index, to(hostOf(index), 443)));
  for (let index = 0; index < 20; index++)
    observations.push(aConnection(monday + 400 * random(), { ...failed, ...to(victim, 1_000 + index) }));
  expect(scanned(observations.toSorted((a, b) => a.atUs - b.atUs)).findings).toHaveLength(1);
});

test('it goes on after a restart', () => {
  const probe = (index: number) => aConnection(monday + index * 60, { ...failed, ...to(victim, 20 + index) });
  const before = runDetector(portScan);
  for (let index = 0; index < 6; index++) before.run.observe(probe(index));
  const saved: unknown = JSON.parse(JSON.stringify(before.run.save('1')));
  const after = runDetector(portScan);
  after.run.restore('1', saved);
  for (let index = 6; index < 10; index++) after.run.observe(probe(index));
  expect(before.findings()).toEqual([]);
  expect(after.findings()).toHaveLength(1);
  for (const junk of [undefined, null, 7, 'x', [[1]], [{}], { a: 1 }]) after.run.restore('1', junk);
});

const innocent: Record<string, () => Iterable<Observation>> = {
  'a client that tries a dead server again and again': () =>
    range(2_000, (index) => aConnection(monday + index, { ...failed, ...to(victim, 5_432) })),
  'backscatter: answers to forged addresses': () =>
    range(500, (index) => aConnection(monday + index, { outcome: 'unknown', ...to(hostOf(index % 9), index + 1) })),
  'a browser: many places, some of them away': () => {
    const random = seededRandom(1);
    return range(3_000, (index) =>
      aConnection(monday + index * 20, {
        ...(random() < 0.08 ? failed : {}),
        ...to(hostOf(index), random() < 0.9 ? 443 : 80),
        name: random() < 0.5 ? `host${index}.example.net` : '',
      }),
    );
  },
  'a host without network that looks up nothing new': () =>
    range(200, (index) =>
      aConnection(monday + index, { ...failed, ...to(hostOf(index), 443), name: `h${index}.example.net` }),
    ),
  'peers that come and go on ports of their own': () => {
    const random = seededRandom(2);
    return range(5_000, (index) =>
      aConnection(monday + index * 5, {
        protocol: random() < 0.5 ? 6 : 17,
        ...(random() < 0.65 ? failed : {}),
        ...to(hostOf(index), 10_000 + Math.floor(50_000 * random())),
      }),
    );
  },
  'peers on the default port of BitTorrent': () =>
    range(500, (index) => aConnection(monday + index, { ...failed, ...to(hostOf(index), 6_881) })),
  'a resolver that asks name servers, of which one in ten is away': () =>
    range(2_000, (index) =>
      aConnection(monday + index, { protocol: 17, ...(index % 10 === 0 ? failed : {}), ...to(hostOf(index), 53) }),
    ),
  'a mail server whose receivers are sometimes away': () =>
    range(1_000, (index) =>
      aConnection(monday + index * 60, { ...(index % 6 === 0 ? failed : {}), ...to(hostOf(index), 25) }),
    ),
  'time servers': () =>
    range(40, (index) =>
      aConnection(monday + index * 600, {
        protocol: 17,
        ...(index % 5 === 0 ? failed : {}),
        ...to(hostOf(index), 123),
      }),
    ),
  'a monitor that opens a port of 60 hosts every minute': () =>
    range(60 * 30, (index) =>
      aConnection(monday + index, { outcome: 'reset', sentBytes: 0, receivedBytes: 0, ...to(hostOf(index % 60), 22) }),
    ),
  'a monitor that pings, with some that are down': () =>
    range(2_000, (index) =>
      aConnection(monday + index, { protocol: 1, ...(index % 100 < 12 ? failed : {}), ...to(hostOf(index % 100), 0) }),
    ),
  'passive FTP behind a firewall that blocks its data': () => [
    aConnection(monday, to(victim, 21)),
    ...range(40, (index) => aConnection(monday + index, { ...failed, ...to(victim, 40_000 + 7 * index) })),
  ],
  'active FTP to a client that is closed': () =>
    range(40, (index) =>
      aConnection(monday + index, {
        ...failed,
        local: { address: '10.0.0.5', port: 20 },
        ...to(victim, 40_000 + index),
      }),
    ),
  'late answers of a resolver to ports that are closed by now': () =>
    range(200, (index) => aProbe(monday + index, 33_000 + 100 * index, { scan: 'udp', source: '10.0.0.1' })),
  traceroute: () =>
    range(90, (index) => aConnection(monday + index, { protocol: 17, ...failed, ...to(victim, 33_434 + index) })),
  'connections to many hosts of which only the end was seen': () =>
    range(60, (index) =>
      aProbe(monday + index / 10, 80, {
        host: '10.0.0.5',
        source: '10.0.0.5',
        localAddress: hostOf(index),
        scan: 'fin',
        maybeEnd: true,
      }),
    ),
  'announcements to everybody': () =>
    range(100, (index) =>
      aConnection(monday + index, { protocol: 17, ...failed, ...to('239.255.255.250', 1_000 + index) }),
    ),
  'a service that knocks on eight closed ports': () =>
    range(8, (index) => aConnection(monday + index, { ...failed, ...to(victim, 8_801 + index) })),
};

test.each(Object.keys(innocent))('nothing is said of %s', (name) => {
  expect(scanned(innocent[name]!()).findings).toEqual([]);
});

test('the sender is named with its process', () => {
  const probes = range(20, (index) =>
    aConnection(monday + index, { ...failed, ...to(victim, 20 + index), process: aProcess({ comm: 'masscan' }) }),
  );
  const { findings } = scanned(probes);
  expect(findings[0]?.summary).toBe(`10.0.0.5 (masscan) probed 20 ports of ${victim} in 19 s`);
});

test('a host that scans everything costs bounded memory and time', () => {
  const { run } = runDetector(portScan);
  const { user, system } = process.threadCpuUsage();
  for (let index = 0; index < 200_000; index++) {
    run.observe(aConnection(monday + index / 1_000, { ...failed, ...to(hostOf(index % 5_000), 1 + (index % 60_000)) }));
    if (index % 10_000 === 0) run.advance((monday + index / 1_000) * 1e6);
  }
  const after = process.threadCpuUsage();
  expect((after.user + after.system - user - system) / 1_000).toBeLessThan(15_000);
  expect(JSON.stringify(run.save('1')).length).toBeLessThan(262_144);
});

const stranger = (index: number) => `198.51.${100 + (index >> 8)}.${index & 255}`;
const inbound = (at: number, source: string, port: number, changes: Partial<ConnectionObservation> = {}) =>
  aConnection(at, {
    direction: 'inbound',
    local: { address: '10.0.0.5', port },
    remote: { address: source, port: 40_000 },
    ...changes,
  });

/** A scanner from the Internet every minute, each of 120 ports. */
function* strangers(first: number, count: number, at = monday) {
  for (let index = first; index < first + count; index++) {
    for (let port = 0; port < 120; port++)
      yield aProbe(at + (index - first) * 60 + port / 10, 1_000 + port, { source: stranger(index) });
  }
}

describe('a host that the Internet scans', () => {
  test('has a finding for each of the first three, and one for all the others of the day', () => {
    const { findings, told } = scanned(strangers(1, 69));
    expect(findings.map(({ key, severity, count }) => [key.join(' '), severity, count])).toEqual([
      ...[1, 2, 3].map((index) => [stranger(index), 'medium', 120]),
      ['the Internet 2026-11-02', 'low', 66],
    ]);
    expect(findings[3]?.summary).toBe(
      `Scanned from the Internet by 66 addresses that nothing but public services answered; most by ${stranger(4)} (120 probes)`,
    );
    expect(findings[3]?.evidence).toContainEqual({ label: 'Probes of these', value: 66 * 120, unit: 'count' });
    expect(told.filter(({ key }) => key[0] === 'the Internet').every(({ severity }) => severity === 'low')).toBe(true);
  });

  test('has one more finding the next day, and none of its own for anybody', () => {
    const twoDays = function* () {
      yield* strangers(1, 20);
      yield* strangers(101, 20, monday + 20 * hour);
      yield* strangers(201, 20, monday + 40 * hour);
    };
    expect(scanned(twoDays()).findings.map(({ key, count }) => [key.join(' '), count])).toEqual([
      ...[1, 2, 3].map((index) => [stranger(index), 120]),
      ['the Internet 2026-11-02', 37],
      ['the Internet 2026-11-03', 20],
    ]);
  });

  test('after a quiet day a single scanner has a finding again', () => {
    const pause = function* () {
      yield* strangers(1, 10);
      yield* strangers(101, 1, monday + 48 * hour);
    };
    expect(scanned(pause()).findings.map(({ key }) => key[0])).toContain(stranger(101));
  });

  test('scanners from inside have a finding each, however many', () => {
    const inside = function* () {
      for (let source = 1; source <= 10; source++)
        yield* range(20, (index) => aProbe(monday + source * 60 + index, 20 + index, { source: `10.0.1.${source}` }));
    };
    expect(scanned(inside()).findings).toHaveLength(10);
  });

  test('who was let in after the scan has a finding, at high; who read the web page has none', () => {
    const letIn = function* () {
      yield* strangers(1, 10);
      const at = monday + 700;
      // A port is opened at first, and only later there is a talk.
      yield inbound(at, stranger(7), 22, { sentBytes: 0, receivedBytes: 0, closed: false });
      yield inbound(at + 300, stranger(7), 22, { first: false, sentBytes: 3_000, receivedBytes: 2_000 });
      yield inbound(at, stranger(8), 443);
      yield inbound(at, stranger(99), 22);
      yield* strangers(20, 1, monday + 2_000);
    };
    const { findings } = scanned(letIn());
    expect(findings.map(({ key, severity }) => [key[0], severity])).toEqual([
      ...[1, 2, 3].map((index) => [stranger(index), 'medium']),
      ['the Internet', 'low'],
      [stranger(7), 'high'],
    ]);
    expect(findings[4]?.summary).toMatch(/ probed 120 ports of 10\.0\.0\.5 in .*, and talked with tcp\/22$/);
    expect(findings[3]?.count).toBe(7);
    expect(findings[3]?.links.addresses).not.toContain(stranger(7));
  });

  test('goes on after a restart', () => {
    const before = runDetector(portScan);
    for (const probe of strangers(1, 10)) before.run.observe(probe);
    before.run.advance((monday + 600) * 1e6);
    const saved: unknown = JSON.parse(JSON.stringify(before.run.save('1')));
    const after = runDetector(portScan);
    after.run.restore('1', saved);
    for (const probe of strangers(11, 10, monday + hour)) after.run.observe(probe);
    after.run.advance((monday + 2 * hour) * 1e6);
    const groups = [before, after].map(({ findings }) => findings().find(({ key }) => key[0] === 'the Internet'));
    expect(groups.map((group) => group?.count)).toEqual([7, 17]);
    const alone = after.findings().filter(({ key }) => key[0] !== 'the Internet');
    expect(alone.every(({ key }) => [1, 2, 3].some((index) => key[0] === stranger(index)))).toBe(true);
    for (const junk of [{ internet: 7 }, { internet: { scanners: [[1], ['a', -1, true]], day: 'x' } }])
      after.run.restore('1', junk);
  });

  test('scanned by more than can be told apart, it costs bounded memory', () => {
    const { run, findings } = runDetector(portScan);
    for (let index = 0; index < 3_000; index++)
      run.observe(aProbe(monday + index, 0, { source: `203.0.${index >> 8}.${index & 255}`, ports: 50 }));
    run.advance((monday + hour) * 1e6);
    const group = findings().find(({ key }) => key[0] === 'the Internet');
    expect(group?.summary).toMatch(/by more than 512 addresses/);
    expect(group?.evidence).toContainEqual({ label: 'Ports, by addresses', value: 'tcp/* (512)' });
    expect(JSON.stringify(run.save('1')).length).toBeLessThan(262_144);
  });
});
