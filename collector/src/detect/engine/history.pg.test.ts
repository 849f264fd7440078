// What was stored comes back as the same observations that the stream had: detectors cannot tell one from the other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsKind, DnsRole, DnsTransport, Metric, packDeltas } from '@foretop/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootUs, sealBatch, segmentOf, type TestHost } from '../../../test/batches.ts';
import { enrolledHost, scanned, watching } from '../../../test/detection-suite.ts';
import { testStore } from '../../../test/postgres.ts';
import type { Store } from '../../store/database.ts';
import type { Detector } from '../detector.ts';
import type { Observation, ObservationKind } from '../observation.ts';
import { readHistory } from './history.ts';
import { ProcessFacts } from './process-facts.ts';

let store: Store;
let quarantineDir: string;

beforeAll(async () => {
  store = await testStore();
  quarantineDir = await mkdtemp(join(tmpdir(), 'foretop-quarantine-'));
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(quarantineDir, { recursive: true });
});

const kinds: readonly ObservationKind[] = ['connection', 'dns', 'scan', 'process', 'usage', 'agent'];

function recording(seen: Observation[]): Detector {
  return {
    ...{ id: 'recording', title: '', technique: { id: 'T1', name: '' }, severity: 'low', consumes: kinds },
    ...{ thresholds: {}, description: '', falsePositives: '', advice: [], onByDefault: true },
    start: () => ({
      observe: (observation) => void seen.push(observation),
      ...{ advance: () => undefined, save: () => undefined, restore: () => undefined, forget: () => undefined },
    }),
  };
}

/** A batch with something of everything, most of it a minute ago. */
function everything(host: TestHost, sequence: number) {
  const nowUs = bootUs(host) + host.offsetUs;
  const minuteUs = Math.floor((nowUs - 120_000_000) / 60_000_000) * 60_000_000 - host.offsetUs;
  const processes = [
    { pid: 1, startTicks: 1, startedUs: 1_000_000, comm: 'systemd', executable: '/usr/lib/systemd/systemd' },
    {
      ...{ pid: 100, startTicks: 5_000, startedUs: bootUs(host) - 40_000_000, parentPid: 1, parentStartTicks: 1 },
      ...{ comm: 'curl', executable: '/tmp/curl (deleted)', commandLine: 'curl x', user: 'ann', unit: 'a.service' },
      ...{ cgroup: '/x', containerId: 'f00', containerRuntime: 'docker' },
    },
  ];
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7);
  const v6 = Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
  const segments = [
    segmentOf(host, 1, { name: 2, nameSource: 2, rttUs: 900 }),
    segmentOf(host, 2, { closed: true, state: 7, rxBytes: 0, txBytes: 0, remoteAddress: v6, localAddress: v6 }),
    segmentOf(host, 3, { protocol: 17, remoteAddress: mapped, name: 2, nameSource: 3, pid: 0, pidStartTicks: 0 }),
    segmentOf(host, 4, { direction: 3, state: 10, remoteAddress: new Uint8Array(), remotePort: 0, rxBytes: undefined }),
    segmentOf(host, 5, { startedUs: bootUs(host) - 50_000_000, connectionCount: 12 }),
  ];
  const exchange = {
    ...{ askedUs: bootUs(host) - 3_000_000, answered: true, latencyUs: 900, pid: 100, pidStartTicks: 5_000, comm: 1 },
    ...{ transport: DnsTransport.DNS_TRANSPORT_UDP, kind: DnsKind.DNS_KIND_DNS, role: DnsRole.DNS_ROLE_CLIENT },
    ...{ peerAddress: Uint8Array.of(10, 0, 0, 53), peerPort: 53, name: 2, type: 1, rcode: 0, count: 2, cookie: 9 },
    ...{ addresses: [Uint8Array.of(192, 0, 2, 1), v6, mapped], queryBytes: 40, answerBytes: 80 },
  };
  const silent = { ...exchange, answered: false, latencyUs: undefined, addresses: [], kind: DnsKind.DNS_KIND_MDNS };
  const series = (metric: Metric, value: number) => ({
    metric,
    values: packDeltas(Array.from({ length: 60 }, () => value)),
  });
  const metrics = [
    {
      ...{ subject: '', startUs: minuteUs, intervalUs: 1_000_000, count: 60 },
      series: [
        series(Metric.METRIC_CPU_PERMILLE, 250),
        series(Metric.METRIC_MEMORY_BYTES, 1_000),
        series(Metric.METRIC_RX_BYTES, 10),
        series(Metric.METRIC_TX_BYTES, 20),
        series(Metric.METRIC_CONNECTIONS, 3),
      ],
    },
  ];
  const processMinutes = [
    {
      ...{ pid: 100, startTicks: 5_000, startUs: minuteUs, seconds: 60, cpuUs: 30_000_000, memoryBytes: 5_000 },
      ...{ rxBytes: 7, txBytes: undefined, connections: 2, threads: 1 },
    },
  ];
  const gaps = [{ startUs: bootUs(host) - 9_000_000, endUs: bootUs(host) - 8_000_000, reason: 'stalled', lost: 1 }];
  return sealBatch(host, sequence, {
    ...{ strings: ['', 'curl', 'api.example.org'], processes, segments, dnsExchanges: [exchange, silent] },
    ...{ metrics, processMinutes, gaps },
  });
}

const byText = (observations: readonly Observation[]) =>
  observations
    .map((observation) => JSON.stringify({ ...observation, late: false }, Object.keys(flat(observation)).sort()))
    .sort();
const flat = (value: object): Record<string, unknown> =>
  Object.assign(
    {},
    ...Object.entries(value).map(([key, part]) => ({
      [key]: 1,
      ...(typeof part === 'object' && part !== null ? flat(part as object) : {}),
    })),
  ) as Record<string, unknown>;

test('every kind is the same from the tables as from the stream', async () => {
  const host = await enrolledHost(store, 'everything');
  await store.db.updateTable('host').set({ cpus: 4 }).where('host_id', '=', host.hostId).execute();
  const streamed: Observation[] = [];
  await using watch = await watching(store, quarantineDir, { detectors: [recording(streamed)] });
  await watch.submit(everything(host, 1), scanned(host, 2, '198.51.100.7', 3));
  const stored: Observation[] = [];
  const history = readHistory({
    ...{ db: store.db, fromUs: (Date.now() - 3_600_000) * 1_000, toUs: (Date.now() + 60_000) * 1_000 },
    ...{ hostIds: [host.hostId], kinds: new Set(kinds), facts: new ProcessFacts(), cpus: () => 4 },
    signal: new AbortController().signal,
  });
  for await (const { observations } of history) stored.push(...observations);

  const counts = Object.fromEntries(kinds.map((kind) => [kind, streamed.filter((one) => one.kind === kind).length]));
  expect(counts).toEqual({ connection: 5, dns: 2, scan: 3, process: 2, usage: 2, agent: 1 });
  for (const kind of kinds) {
    // When a process was first seen the table tells a little differently than the batch; and which one began long before, it is not asked for.
    if (kind === 'process') continue;
    const of = (list: readonly Observation[]) => byText(list.filter((one) => one.kind === kind));
    expect([kind, of(stored)]).toEqual([kind, of(streamed)]);
  }
  const processes = stored.filter((one) => one.kind === 'process');
  const [curl] = streamed.filter((one) => one.kind === 'process' && one.process.comm === 'curl');
  expect(processes.find(({ process }) => process.comm === 'curl')).toMatchObject({
    ...{ ...curl, atUs: expect.any(Number) as number },
    ...{ deleted: true, commandLine: 'curl x', exited: false },
  });
});

test('a span with more rows than a slice may have is read in shorter ones, whole', async () => {
  const host = await enrolledHost(store, 'many');
  await using watch = await watching(store, quarantineDir);
  for (let sequence = 1; sequence <= 4; sequence++)
    await watch.submit(scanned(host, sequence, '198.51.100.7', 15_000, sequence * 20_000));
  const portions: number[] = [];
  const history = readHistory({
    ...{ db: store.db, fromUs: (Date.now() - 600_000) * 1_000, toUs: Date.now() * 1_000, hostIds: [host.hostId] },
    ...{ kinds: new Set<ObservationKind>(['scan']), facts: new ProcessFacts(), cpus: () => 1 },
    signal: new AbortController().signal,
  });
  for await (const { observations } of history) portions.push(observations.length);
  expect(portions.reduce((sum, rows) => sum + rows, 0)).toBe(60_000);
  expect(Math.max(...portions)).toBeLessThan(50_000);
});
