// DNS rows of a host that lies, from the sealed batch to what people and programs are given: JSON, CSV, JSON lines, Zeek.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DnsExchange, DnsKind, DnsRole, DnsTransport, limits } from '@foretop/proto';
import type { DnsList, GapEntry, List } from '@foretop/proto/api';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootUs, sealBatch, type TestHost, testHost } from '../../../test/batches.ts';
import { testRetention } from '../../../test/databases.ts';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';
import { createIngest, type Ingest } from '../../ingest/ingest.ts';

let server: TestServer;
let quarantineDir: string;
let ingest: Ingest;

beforeAll(async () => {
  server = await testServer();
  quarantineDir = await mkdtemp(join(tmpdir(), 'foretop-quarantine-'));
  const { pool, hashKey } = server.store;
  ingest = createIngest({ pool, hashKey, quarantineDir, retention: testRetention, log: pino({ level: 'silent' }) });
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(quarantineDir, { recursive: true });
});

const exchangeOf = (host: TestHost, changes: Partial<DnsExchange>): DnsExchange => ({
  askedUs: bootUs(host) - 1_000_000,
  answered: true,
  transport: DnsTransport.DNS_TRANSPORT_UDP,
  kind: DnsKind.DNS_KIND_DNS,
  role: DnsRole.DNS_ROLE_CLIENT,
  peerAddress: Uint8Array.of(192, 0, 2, 53),
  peerPort: 53,
  type: 1,
  addresses: [],
  canonicalNames: [],
  count: 1,
  ...changes,
});

async function submit(strings: string[], rows: (host: TestHost) => Partial<DnsExchange>[]) {
  const hostId = await insertHost(server.store, { name: 'liar' });
  const host = testHost(hostId);
  const dnsExchanges = rows(host).map((changes) => exchangeOf(host, changes));
  const result = await ingest.submit(sealBatch(host, 1, { strings, dnsExchanges }));
  const path = `/api/v1/hosts/${hostId}`;
  const { items } = (await server.get<DnsList>(`${path}/dns?sort=name`)).body;
  const gaps = (await server.get<List<GapEntry>>(`${path}/gaps`)).body.items.map(({ reason, lost }) => [reason, lost]);
  const next = await ingest.submit(
    sealBatch(host, 2, { strings: ['', 'a'], dnsExchanges: [exchangeOf(host, { name: 1 })] }),
  );
  return { result, items, gaps, path, next };
}

test('controls and overrides of direction are replaced, in every form', async () => {
  const nasty = 'a\0b\n\t\r\x1b[31mc\u0085\u202egpj.\u2066';
  const plain = 'a\ufffdb\ufffd\ufffd\ufffd\ufffd[31mc\ufffd⟨202E⟩gpj.⟨2066⟩';
  const { result, items, gaps, path } = await submit(['', nasty, '=cmd|x'], () => [
    { name: 1, comm: 1, canonicalNames: [1] },
    { name: 2, comm: 2 },
  ]);
  expect([result, gaps]).toEqual(['committed', []]);
  expect(items.map(({ name, process, canonicalNames }) => [name, process, canonicalNames])).toEqual([
    ['=cmd|x', '=cmd|x', []],
    [plain, plain, [plain]],
  ]);
  const authorization = `Bearer ${await server.token()}`;
  for (const format of ['csv', 'jsonl', 'zeek']) {
    const response = await fetch(`${server.url}${path}/dns?format=${format}&sort=name`, { headers: { authorization } });
    const text = await response.text();
    expect({ format, status: response.status }).toEqual({ format, status: 200 });
    expect({ format, controls: text.match(/[\0\x1b\u0085\u202a-\u202e\u2066-\u2069]/g) }).toEqual({
      format,
      controls: null,
    });
    expect({ format, rows: text.split('\n').filter((line) => /gpj|cmd/.test(line)).length }).toEqual({
      format,
      rows: 2,
    });
    if (format === 'csv') expect(text).not.toMatch(/(^|,)"?=cmd/m);
  }
});

test('a name of 10 MB sets its batch aside; one of 5 MB is cut; what follows is kept', async () => {
  const huge = await submit(['', 'x'.repeat(10 << 20)], () => [{ name: 1 }]);
  expect([huge.result, huge.items, huge.gaps, huge.next]).toEqual([
    'quarantined',
    [],
    [['quarantined', 1]],
    'committed',
  ]);
  const long = await submit(['', 'x'.repeat(5 << 20)], () => [{ name: 1, comm: 1, canonicalNames: [1] }]);
  expect([long.result, long.items.length, long.gaps]).toEqual(['committed', 1, []]);
  const [row] = long.items;
  expect([row!.name.length, row!.canonicalNames[0]!.length]).toEqual([limits.dnsNameLength, limits.dnsNameLength]);
  expect(row!.process).toHaveLength(limits.commLength);
});

test('an answer has 64 addresses and 16 names at most', async () => {
  const addresses = (count: number) => Array.from({ length: count }, (_, i) => Uint8Array.of(198, 51, 100, i));
  const names = (count: number) => Array.from({ length: count }, () => 1);
  const most = await submit(['', 'a'], () => [{ addresses: addresses(64), canonicalNames: names(16), name: 1 }]);
  expect([most.result, most.items[0]!.addresses.length, most.items[0]!.canonicalNames.length]).toEqual([
    'committed',
    64,
    16,
  ]);
  const tooMany = await submit(['', 'a'], () => [{ addresses: addresses(65), name: 1 }]);
  expect([tooMany.result, tooMany.items, tooMany.gaps, tooMany.next]).toEqual([
    'quarantined',
    [],
    [['quarantined', 1]],
    'committed',
  ]);
  const aliases = await submit(['', 'a'], () => [{ canonicalNames: names(17), name: 1 }, { name: 1 }]);
  expect([aliases.result, aliases.items.length, aliases.gaps]).toEqual(['committed', 1, [['invalid-rows', 1]]]);
});
