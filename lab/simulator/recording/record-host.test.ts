// What stands in a snapshot: the shape of the host that was observed, and nothing that tells which host it was.
import type { Connection, DnsExchange, Host, Interface, Process } from '@foretop/proto/api';
import { expect, test } from 'vitest';
import type { Observation } from './observation.ts';
import { snapshotOf } from './record-host.ts';
import { parseSnapshot } from './snapshot.ts';

const fromMs = Date.parse('2026-03-01T12:00:00Z');
const toMs = fromMs + 60_000;
const at = (seconds: number) => new Date(fromMs + seconds * 1_000).toISOString();

const process = (pid: number, executable: string, more: Partial<Process> = {}): Process => ({
  ...{ id: `7-${pid}`, hostId: 7, pid, parentPid: 1, process: executable.split('/').at(-1)!, executable },
  ...{
    commandLine: `${executable} --password hunter2`,
    uid: 1_000,
    user: 'gwendolyn',
    cgroup: '/berlin.slice',
    unit: '',
  },
  ...{ container: null, startedAt: at(-500), exitedAt: null, cpuPercent: 2, memoryBytes: 50 * 2 ** 20, threads: 3 },
  ...{ descriptors: 20, connections: 1, rxRate: null, txRate: null },
  ...more,
});
const containerId = 'c0ffee'.repeat(10);
const processes = [
  process(10, '/usr/sbin/nginx', { uid: 0, user: 'root', unit: 'nginx.service' }),
  process(11, '/home/gwendolyn/bin/acme-billing', { unit: 'acme-berlin.service' }),
  process(12, '/usr/bin/redis-server', {
    unit: `docker-${containerId}.scope`,
    container: { runtime: 'docker', id: containerId },
  }),
  process(13, ''),
  process(14, '/opt/gandalf-sync/bin/gandalf-sync'),
];
const jobs = [20, 40].map((second, index) =>
  process(30 + index, '/usr/bin/git', { startedAt: at(second), exitedAt: at(second + 2) }),
);

let made = 0;
const connection = (more: Partial<Connection>): Connection => ({
  ...{ id: `7-${made++}`, hostId: 7, protocol: 'tcp', state: 'established', direction: 'outbound' },
  ...{ localAddress: '10.1.2.3', localPort: 40_000, remoteAddress: '93.184.216.34', remotePort: 443, pid: 11 },
  ...{ process: 'acme-billing', processId: '7-11', unit: null, container: null, uid: 1_000, startedAt: at(-400) },
  ...{ startedBefore: false, endedAt: null, rxBytes: 6_000, txBytes: 600, rxRate: 100, txRate: 10, rttUs: 300 },
  ...{ retransmissions: 0, name: null, nameSource: 'none', alpn: null, ownerRule: 'connect', communityId: null },
  ...{ connectionCount: 1, place: null },
  ...more,
});
const listening = connection({
  ...{ state: 'listen', direction: 'listen', localAddress: '0.0.0.0', localPort: 443, remoteAddress: null },
  ...{ remotePort: null, processId: '7-10', rxRate: null, txRate: null },
});
const open = [
  connection({ remoteAddress: '192.168.7.9', remotePort: 5_432, localPort: 1 }),
  connection({ remoteAddress: '192.168.7.9', remotePort: 5_432, localPort: 2 }),
  connection({ remoteAddress: '2606:2800:220:1::25', name: 'secret.corp.internal', localPort: 3 }),
  connection({ direction: 'inbound', localPort: 443, remoteAddress: '8.8.4.4', remotePort: 9_999, processId: '7-10' }),
];
const ended = Array.from({ length: 30 }, (_, index) =>
  connection({
    ...{
      localPort: 100 + index,
      startedAt: at(index),
      endedAt: at(index + 10),
      remoteAddress: `151.101.1.${index % 3}`,
    },
    ...{ name: `cdn-${index % 3}.acme-berlin.com` },
  }),
);
const question = (name: string, rcode: string): DnsExchange => ({
  ...{ id: `7-${name}`, hostId: 7, askedAt: at(3), answered: true, latencyUs: 900, pid: 11, process: 'acme-billing' },
  ...{
    processId: '7-11',
    unit: null,
    container: null,
    connectionId: null,
    transport: 'udp',
    kind: 'dns',
    role: 'client',
  },
  ...{ forwarded: false, peerAddress: '192.168.7.1', peerPort: 53, name, type: 'A', rcode, truncated: false },
  ...{
    addresses: ['192.0.2.1'],
    places: [null],
    canonicalNames: ['edge.acme-berlin.com'],
    queryBytes: 40,
    answerBytes: 60,
  },
  count: 1,
});

const observation: Observation = {
  host: {
    ...{
      id: 7,
      name: 'gandalf.acme-berlin.com',
      labels: ['berlin'],
      status: 'live',
      addresses: ['10.1.2.3', 'fd12::3'],
    },
    ...{ os: 'Debian GNU/Linux 13 (trixie)', kernel: '6.12.48-acme', arch: 'x86_64', platform: 'linux', cpus: 4 },
    memoryBytes: 8 * 2 ** 30,
  } as Host,
  interfaces: ['lo', 'eth0', 'wg-berlin', 'enx02fc0badcafe'].map(
    (name, index) =>
      ({
        name,
        addresses: [`10.1.2.${3 + index}/24`],
        hardwareAddress: '02:fc:0b:ad:ca:fe',
        mtu: 1_400,
        speedMbit: null,
        rxBytes: 9 - index,
        txBytes: 0,
      }) as Interface,
  ),
  ...{ fromMs, toMs },
  looks: Array.from({ length: 12 }, () => ({ connections: [listening, ...open], processes })),
  connections: [listening, ...open, ...ended],
  processes: [...processes, ...jobs],
  questions: [question('www.acme-berlin.com', 'NOERROR'), question('typo.acme-berlin.com', 'NXDOMAIN')],
};

const snapshot = snapshotOf(observation);

test('nothing of the source stands in it', () => {
  const text = JSON.stringify(snapshot).toLowerCase();
  const secrets = [
    ...[
      'gwendolyn',
      'gandalf',
      'berlin',
      'hunter2',
      'password',
      'corp.internal',
      '/home',
      'c0ffee',
      'badcafe',
      '02:fc',
    ],
    ...['10.1.2.', '192.168.', '93.184', '151.101', '8.8.4.4', '2606:', 'fd12', '6.12.48-acme', '"192.0.2.1"'],
  ];
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
});

test('it says how many it replaced', () => {
  expect(snapshot.replaced).toEqual({
    ...{ addresses: 5, names: 6, programs: 1, paths: 2, units: 2, containers: 1, interfaces: 2 },
  });
  expect(snapshot.leftOut).toMatchObject({ kernelThreads: 1, rareTraffic: 0 });
});

test('the same things have the same names, and those of one domain stay together', () => {
  const names = snapshot.farEnds.map(({ name }) => name).filter((name) => name !== null);
  expect(new Set(names.filter((name) => /^host-[1-3]\.zone-1\.example$/.test(name))).size).toBe(3);
  expect(names).toContain('host-1.zone-2.example');
  for (const { names } of snapshot.questions) for (const name of names) expect(name).toMatch(/\.zone-1\.example$/);
});

test('the order in which things came does not matter', () => {
  const backwards: Observation = {
    ...observation,
    connections: observation.connections.toReversed(),
    processes: observation.processes.toReversed(),
    questions: observation.questions.toReversed(),
  };
  expect(snapshotOf(backwards)).toEqual(snapshot);
});

test('programs, listeners and traffic are what they were', () => {
  const shown = snapshot.processes.map(({ key, executable, unit, count }) => [key, executable, unit, count]);
  expect(shown).toEqual([
    ['acme-billing', '/opt/example/bin/acme-billing', 'acme-billing.service', 1],
    ['git', '/usr/bin/git', '', 0],
    ['nginx', '/usr/sbin/nginx', 'nginx.service', 1],
    ['program', '/opt/example/bin/program', '', 1],
    ['redis-server', '/usr/bin/redis-server', 'session-1.scope', 1],
  ]);
  expect(snapshot.processes[1]).toMatchObject({ startsPerMinute: 2, lifeSeconds: 2 });
  expect(snapshot.processes[4]).toMatchObject({ container: 1, containerRuntime: 'docker' });
  expect(snapshot.listeners).toEqual([
    { process: 'nginx', protocol: 'tcp', port: 443, local: false, acceptedBy: 'nginx' },
  ]);
  expect(snapshot.shape).toMatchObject({
    openConnections: 4,
    opensPerMinute: 30,
    closesPerMinute: 30,
    questionsPerMinute: 2,
  });
  const database = snapshot.traffic.find(({ port }) => port === 5_432)!;
  expect(database).toMatchObject({ peer: 'intranet', standing: 2, standingActive: 1, opensPerMinute: 0 });
  expect([database.standingUpBytes, database.standingDownBytes]).toEqual([10, 100]);
  const web = snapshot.traffic.find(({ port, role }) => port === 443 && role === 'connects')!;
  expect(web).toMatchObject({ peer: 'internet', opensPerMinute: 30, upBytes: 600, downBytes: 6_000 });
  expect(web.lives).toEqual(Array.from({ length: 9 }, () => 10));
});

test('connections that live longer than the recording stay, those that do not come and go: as many as were are open', () => {
  const web = snapshot.traffic.find(({ port, role }) => port === 443 && role === 'connects')!;
  expect(web.standing + (web.opensPerMinute / 60) * 10).toBe(6); // one that stayed, and 30 of 10 s in 60 s
});

test('a file is read as it was written; one that is none says where', () => {
  const text = JSON.stringify(snapshot);
  expect(parseSnapshot(text)).toEqual(snapshot);
  const faulty = (change: object) => () => parseSnapshot(JSON.stringify({ ...snapshot, ...change }));
  expect(() => parseSnapshot('{')).toThrow(/JSON/);
  expect(faulty({ format: 'other' })).toThrow('it.format is none of foretop-host-snapshot 1');
  expect(faulty({ user: 'anna' })).toThrow("it has 'user', which means nothing here");
  expect(faulty({ listeners: [{ ...snapshot.listeners[0]!, port: 70_000 }] })).toThrow('it.listeners[0].port');
  expect(faulty({ listeners: [{ ...snapshot.listeners[0]!, port: 80.5 }] })).toThrow('is not a whole number');
  expect(faulty({ listeners: [{ ...snapshot.listeners[0]!, process: 'git' }] })).toThrow(
    'of a process that does not run',
  );
  expect(faulty({ farEnds: [] })).toThrow('a far end is missing');
  expect(faulty({ farEnds: Array.from({ length: 601 }, () => snapshot.farEnds[0]) })).toThrow('a list of at most 600');
  expect(() => parseSnapshot(' '.repeat(1_100_000))).toThrow('more than');
});
