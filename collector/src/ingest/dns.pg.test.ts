// DNS exchanges, scan evidence, and the new fields of segments and minutes, from a sealed batch into the tables.
import {
  type DnsExchange,
  DnsKind,
  DnsRole,
  DnsTransport,
  limits,
  Metric,
  OwnerRule,
  packDeltas,
  type ScanEvidence,
  ScanKind,
} from '@foretop/proto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { bootUs, chunkOf, sealBatch, segmentOf, type TestHost, testHost } from '../../test/batches.ts';
import { ingestSuite } from '../../test/ingest-suite.ts';

const { store, open, count, gaps } = ingestSuite();

const strings = ['', 'curl', 'www.example.com', 'example.net', 'cdn.example.net', 'h2'];
const exchangeOf = (host: TestHost, changes: Partial<DnsExchange> = {}): DnsExchange => ({
  askedUs: bootUs(host) - 1_000_000,
  answered: true,
  latencyUs: 12_000,
  pid: 100,
  pidStartTicks: 5_000,
  comm: 1,
  transport: DnsTransport.DNS_TRANSPORT_UDP,
  kind: DnsKind.DNS_KIND_DNS,
  role: DnsRole.DNS_ROLE_CLIENT,
  peerAddress: Uint8Array.of(192, 0, 2, 53),
  peerPort: 53,
  name: 2,
  type: 1,
  rcode: 0,
  addresses: [Uint8Array.of(198, 51, 100, 1), Uint8Array.of(198, 51, 100, 2)],
  canonicalNames: [3, 4],
  queryBytes: 33,
  answerBytes: 120,
  count: 1,
  cookie: 77,
  ...changes,
});
const scanOf = (host: TestHost, changes: Partial<ScanEvidence> = {}): ScanEvidence => ({
  startUs: bootUs(host) - 5_000_000,
  endUs: bootUs(host) - 1_000_000,
  kind: ScanKind.SCAN_KIND_SYN,
  sourceAddress: Uint8Array.of(203, 0, 113, 9),
  localAddress: Uint8Array.of(10, 0, 0, 1),
  localPort: 22,
  ports: 1,
  packets: 40,
  ...changes,
});

test('every field of an exchange is stored as it came, and the same batch again changes nothing', async () => {
  await using ingest = open();
  const host = testHost(200);
  const v6 = Uint8Array.from({ length: 16 }, (_, i) => i);
  const unanswered = { answered: false, latencyUs: undefined, rcode: 3, addresses: [], canonicalNames: [], cookie: 0 };
  const dnsExchanges = [
    exchangeOf(host),
    exchangeOf(host, { ...unanswered, pid: 0, answerBytes: 0, count: 0, peerAddress: v6, name: 3, type: 65 }),
    exchangeOf(host, { addresses: [v6], canonicalNames: [] }),
  ];
  const batch = sealBatch(host, 1, { strings, dnsExchanges });
  expect(await ingest.submit(batch)).toBe('committed');
  expect(await ingest.submit(batch)).toBe('duplicate');
  const { rows } = await sql<Record<string, unknown>>`
    select answered, latency_us, pid, comm, host(peer_address) as peer, name, type, rcode, addresses::text, canonical_names,
      query_bytes, answer_bytes, exchange_count, connection_id is not null as linked, process_id is not null as owned,
      lpad(to_hex(exchange_id), 16, '0') as id
    from dns_exchange where host_id = 200 order by name desc, addresses::text collate "C"`.execute(store().db);
  expect(rows.map(({ id: _id, ...row }) => row)).toEqual([
    {
      answered: true,
      latency_us: 12_000,
      pid: 100,
      comm: 'curl',
      peer: '192.0.2.53',
      name: 'www.example.com',
      type: 1,
      rcode: 0,
      addresses: '{198.51.100.1,198.51.100.2}',
      canonical_names: ['example.net', 'cdn.example.net'],
      query_bytes: 33,
      answer_bytes: 120,
      exchange_count: 1,
      linked: true,
      owned: true,
    },
    expect.objectContaining({ addresses: '{1:203:405:607:809:a0b:c0d:e0f}', canonical_names: [] }),
    expect.objectContaining({
      ...{ answered: false, latency_us: null, pid: null, type: 65, rcode: null, addresses: '{}', answer_bytes: null },
      ...{ exchange_count: 1, linked: false, owned: false, peer: '1:203:405:607:809:a0b:c0d:e0f' },
    }),
  ]);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(3);
  expect(ingest.counters()).toMatchObject({ dnsRowsCommitted: 3, rowsCommitted: 3 });
});

const invalid: [string, Partial<DnsExchange>][] = [
  ['no resolver', { peerAddress: new Uint8Array() }],
  ['an answer of 5 bytes', { addresses: [new Uint8Array(5)] }],
  ['more addresses than an answer may have', { addresses: Array.from({ length: 65 }, () => new Uint8Array(4)) }],
  ['a port beyond 65535', { peerPort: 65_536 }],
  ['no transport', { transport: 0 as DnsTransport }],
  ['an unknown kind', { kind: 9 as DnsKind }],
  ['an unknown role', { role: 3 as DnsRole }],
  ['a name that is not in the table', { name: 99 }],
  ['a canonical name that is not in the table', { canonicalNames: [99] }],
  ['a type of 17 bits', { type: 0x1_0000 }],
  ['a pid beyond int4', { pid: 2 ** 31 }],
  ['a time beyond 2^53', { askedUs: 2 ** 60 }],
];
test.each(invalid)('an exchange with %s does not stop the others', async (what, changes) => {
  await using ingest = open();
  const hostId = 300 + invalid.findIndex(([name]) => name === what);
  const host = testHost(hostId);
  const result = await ingest.submit(
    sealBatch(host, 1, { strings, dnsExchanges: [exchangeOf(host, changes), exchangeOf(host)] }),
  );
  // Too many entries are refused before they are decoded, and then the batch as a whole.
  const refused = changes.addresses?.length === 65;
  expect(result).toBe(refused ? 'quarantined' : 'committed');
  expect(await count('dns_exchange', hostId)).toBe(refused ? 0 : 1);
  expect(await gaps(hostId)).toMatchObject([{ reason: refused ? 'quarantined' : 'invalid-rows', lost: 1 }]);
});

test('hostile names are cleaned and cut, and a clock ten years off leaves a gap', async () => {
  await using ingest = open();
  const host = testHost(210);
  const nasty = ['', 'a\0b', `<script>\0${'x'.repeat(5_000)}`];
  const dnsExchanges = [exchangeOf(host, { comm: 1, name: 2, canonicalNames: [2] })];
  await ingest.submit(sealBatch(host, 1, { strings: nasty, dnsExchanges }));
  const row = await store()
    .db.selectFrom('dns_exchange')
    .select(['comm', 'name', 'canonical_names'])
    .where('host_id', '=', 210)
    .executeTakeFirstOrThrow();
  expect([row.comm, row.name.length, row.name.slice(0, 9)]).toEqual(['a\ufffdb', 1_012, '<script>\ufffd']);
  expect(row.canonical_names).toEqual([row.name]);
  const years = 10 * 365 * 86_400_000_000;
  const batch = sealBatch(host, 2, { strings, dnsExchanges: [exchangeOf(host)], scans: [scanOf(host)] });
  await ingest.submit({ ...batch, offsetUs: host.offsetUs - years });
  expect(await gaps(210)).toMatchObject([{ reason: 'clock', lost: 2 }]);
});

test('scan evidence is stored; impossible entries are counted', async () => {
  await using ingest = open();
  const host = testHost(220);
  const scans = [
    scanOf(host),
    scanOf(host, { kind: ScanKind.SCAN_KIND_UDP, localPort: 0, ports: 1_000, packets: 2 ** 40 }),
    scanOf(host, { kind: 0 as ScanKind }),
    scanOf(host, { sourceAddress: new Uint8Array(3) }),
    scanOf(host, { startUs: bootUs(host), endUs: 1 }),
    scanOf(host, { startUs: 1, endUs: limits.scanSpanUs + 2 }),
    scanOf(host, { packets: 2 ** 60 }),
  ];
  expect(await ingest.submit(sealBatch(host, 1, { scans }))).toBe('committed');
  const { rows } = await sql`
    select kind, host(source_address) as source, local_port, ports, packets from scan_evidence where host_id = 220 order by kind`.execute(
    store().db,
  );
  expect(rows).toEqual([
    { kind: 1, source: '203.0.113.9', local_port: 22, ports: 1, packets: 40 },
    { kind: 5, source: '203.0.113.9', local_port: null, ports: 1_000, packets: 2 ** 40 },
  ]);
  expect(await gaps(220)).toMatchObject([{ reason: 'invalid-rows', lost: 5 }]);
  expect(ingest.counters()).toMatchObject({ scanRowsCommitted: 2 });
});

test('half-open connections are scan evidence of a kind that only their own field may have', async () => {
  await using ingest = open();
  const host = testHost(225);
  const halfOpen = [
    scanOf(host, { kind: ScanKind.SCAN_KIND_HALF_OPEN, localPort: 80, packets: 5_000 }),
    scanOf(host, { kind: ScanKind.SCAN_KIND_HALF_OPEN, localPort: 0 }),
    scanOf(host),
  ];
  const scans = [
    scanOf(host),
    scanOf(host, { kind: ScanKind.SCAN_KIND_HALF_OPEN }),
    scanOf(host, { kind: 7 as ScanKind }),
  ];
  expect(await ingest.submit(sealBatch(host, 1, { scans, halfOpen }))).toBe('committed');
  const { rows } = await sql`
    select kind, local_port, packets from scan_evidence where host_id = 225 order by kind, local_port`.execute(
    store().db,
  );
  expect(rows).toEqual([
    { kind: 1, local_port: 22, packets: 40 },
    { kind: 6, local_port: 80, packets: 5_000 },
    { kind: 6, local_port: null, packets: 40 },
  ]);
  expect(await gaps(225)).toMatchObject([{ reason: 'invalid-rows', lost: 3 }]);
});

test('a segment keeps its ALPN and its owner rule; an unknown rule makes it invalid', async () => {
  await using ingest = open();
  const host = testHost(230);
  const segments = [
    segmentOf(host, 1, { alpn: 5, ownerRule: OwnerRule.OWNER_RULE_ACCEPT }),
    segmentOf(host, 2),
    segmentOf(host, 3, { ownerRule: 8 as OwnerRule }),
    segmentOf(host, 4, { alpn: 99 }),
  ];
  await ingest.submit(sealBatch(host, 1, { strings, segments }));
  const rows = await store()
    .db.selectFrom('connection_segment')
    .select(['alpn', 'owner_rule'])
    .where('host_id', '=', 230)
    .orderBy('owner_rule')
    .execute();
  expect(rows).toEqual([
    { alpn: null, owner_rule: 0 },
    { alpn: 'h2', owner_rule: 2 },
  ]);
  expect(await gaps(230)).toMatchObject([{ reason: 'invalid-rows', lost: 2 }]);
});

test('minutes sum what was seen, passed on and lost, and know what came late or after an outage', async () => {
  await using ingest = open();
  const host = testHost(240);
  const minuteMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const chunk = (startMs: number, socket: number[]) => ({
    ...chunkOf(bootUs(host, startMs), socket),
    series: [
      { metric: Metric.METRIC_SOCKET_BYTES, values: packDeltas(socket) },
      { metric: Metric.METRIC_INTERFACE_BYTES, values: packDeltas(socket.map((bytes) => bytes * 2)) },
      { metric: Metric.METRIC_FORWARDED_BYTES, values: packDeltas(socket.map(() => 3)) },
      { metric: Metric.METRIC_EVENTS_LOST, values: packDeltas(socket.map(() => 1)) },
    ],
  });
  const at = async (sequence: number, startMs: number, delayMs: number) =>
    ingest.submit({
      ...sealBatch(host, sequence, { metrics: [chunk(startMs, [10, 20])] }),
      receivedUs: (startMs + 2_000 + delayMs) * 1000,
    });
  await at(1, minuteMs, 5_000);
  await at(2, minuteMs + 2_000, 45_000);
  await at(3, minuteMs + 60_000, 500_000);
  const rows = await store()
    .db.selectFrom('metric_1m')
    .select(['seconds', 'late_seconds', 'backfilled_seconds'])
    .select(['socket_bytes', 'interface_bytes', 'forwarded_bytes', 'events_lost'])
    .where('host_id', '=', 240)
    .orderBy('ts')
    .execute();
  const sums = (parts: number) => ({
    ...{ socket_bytes: 30 * parts, interface_bytes: 60 * parts, forwarded_bytes: 6 * parts, events_lost: 2 * parts },
  });
  expect(rows).toEqual([
    { seconds: 4, late_seconds: 2, backfilled_seconds: 0, ...sums(2) },
    { seconds: 2, late_seconds: 0, backfilled_seconds: 2, ...sums(1) },
  ]);
});
