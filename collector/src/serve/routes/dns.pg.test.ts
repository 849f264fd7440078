// DNS exchanges over the API: who is shown once, every filter, pages, facets, files; scans and coverage beside them.
import type { Coverage, DnsFacets, DnsList, Problem, ScanList } from '@foretop/proto/api';
import type { Insertable } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';
import type { Database } from '../../store/schema.ts';
import * as schemas from '../openapi/schemas.ts';

let server: TestServer;
let [web, resolver] = [0, 0];
const now = Date.now();
/** At a whole step of two minutes. */
const minute = Math.floor(now / 120_000) * 120_000;
const [curl, stub] = [7, 8];
let nextId = 1;

const exchange = (
  hostId: number,
  agoMs: number,
  values: Partial<Insertable<Database['dns_exchange']>> = {},
): Insertable<Database['dns_exchange']> => ({
  host_id: hostId,
  asked_at: new Date(now - agoMs),
  exchange_id: nextId++,
  answered: true,
  latency_us: 5_000,
  process_id: curl,
  pid: 100,
  comm: 'curl',
  connection_id: null,
  transport: 1,
  kind: 1,
  role: 1,
  peer_address: '127.0.0.53',
  peer_port: 53,
  name: 'www.example.com',
  type: 1,
  rcode: 0,
  truncated: false,
  addresses: ['198.51.100.1'],
  canonical_names: [],
  query_bytes: 33,
  answer_bytes: 60,
  exchange_count: 1,
  ...values,
});

beforeAll(async () => {
  server = await testServer();
  web = await insertHost(server.store, { name: 'web-1' });
  resolver = await insertHost(server.store, { name: 'resolver-1' });
  const asStub = { process_id: stub, pid: 50, comm: 'systemd-resolve' };
  const missing = { name: 'nope.example.org', rcode: 3, addresses: [], latency_us: 90_000 };
  const rows = [
    // One question of curl: asked of the stub, which asks the resolver on the other host.
    exchange(web, 60_000, { addresses: ['198.51.100.1', '2001:db8::1'], canonical_names: ['cdn.example.net'] }),
    exchange(web, 60_000, { ...asStub, role: 2, peer_address: '127.0.0.1', peer_port: 40_000 }),
    exchange(web, 59_990, { ...asStub, peer_address: '192.0.2.53' }),
    exchange(resolver, 59_985, { ...asStub, process_id: 9, comm: 'unbound', role: 2, peer_address: '10.0.0.1' }),
    exchange(resolver, 59_980, {
      ...asStub,
      process_id: 9,
      comm: 'unbound',
      peer_address: '203.0.113.1',
      transport: 2,
    }),
    exchange(web, 50_000, { ...missing, comm: 'app-1', pid: 101, process_id: 10, exchange_count: 3 }),
    exchange(web, 40_000, { answered: false, latency_us: null, rcode: null, type: 28, name: 'slow.example.com' }),
    exchange(web, 30_000, {
      kind: 2,
      peer_address: '224.0.0.251',
      name: 'printer.local',
      comm: 'avahi',
      process_id: 11,
    }),
    exchange(web, 20_000, { kind: 2, role: 2, comm: 'avahi', process_id: 11, name: 'web.local' }),
    exchange(web, 3_600_000, { name: 'an.hour.ago', type: 65 }),
  ];
  await server.store.db.insertInto('dns_exchange').values(rows).execute();
});
afterAll(() => server[Symbol.asyncDispose]());

const list = async (query = '', path = '/dns') => {
  const { status, body } = await server.get<DnsList>(`/api/v1${path}?${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return schemas.dnsList.parse(body);
};
const names = async (query = '') => (await list(query)).items.map(({ process, name }) => `${process} ${name}`);

describe('/dns', () => {
  test('shows each question once, by whoever asked it, newest first', async () => {
    const { items, from, to } = await list();
    expect(items.map(({ process, name }) => `${process} ${name}`)).toEqual([
      'avahi printer.local',
      'curl slow.example.com',
      'app-1 nope.example.org',
      'curl www.example.com',
    ]);
    expect(Date.parse(to) - Date.parse(from)).toBe(900_000);
    expect(items.at(-1)).toMatchObject({
      hostId: web,
      answered: true,
      latencyUs: 5_000,
      type: 'A',
      rcode: 'NOERROR',
      role: 'client',
      kind: 'dns',
      transport: 'udp',
      forwarded: false,
      peerAddress: '127.0.0.53',
      addresses: ['198.51.100.1', '2001:db8::1'],
      canonicalNames: ['cdn.example.net'],
      processId: `${web}-0000000000000007`,
    });
    expect(items[1]).toMatchObject({ answered: false, latencyUs: null, rcode: null, type: 'AAAA' });
  });

  test('what a stub asked for others is there when it is asked for, and says so', async () => {
    const { items } = await list('forwarded=true&process=systemd-resolve,unbound');
    expect(items.map(({ process, forwarded, role }) => ({ process, forwarded, role }))).toEqual([
      { process: 'unbound', forwarded: true, role: 'client' },
      { process: 'systemd-resolve', forwarded: true, role: 'client' },
    ]);
    expect(await names('role=server&process=!avahi')).toHaveLength(2);
    expect(await names('role=any')).toHaveLength(9);
    expect(await names('role=any&forwarded=false')).toHaveLength(7);
  });

  test.each([
    ['name=example.com', ['curl slow.example.com', 'curl www.example.com']],
    ['name=*.example.com,*.org', ['curl slow.example.com', 'app-1 nope.example.org', 'curl www.example.com']],
    ['name=WWW.example.COM.', ['curl www.example.com']],
    ['name=example.com*', []],
    ['name=!example', ['avahi printer.local']],
    ['type=aaaa', ['curl slow.example.com']],
    ['rcode=NXDOMAIN', ['app-1 nope.example.org']],
    ['resolver=224.0.0.0/4', ['avahi printer.local']],
    ['address=2001:db8::/32', ['curl www.example.com']],
    ['kind=mdns', ['avahi printer.local']],
    ['answered=false', ['curl slow.example.com']],
    ['slowerThanMs=50', ['app-1 nope.example.org']],
    ['process=app-*', ['app-1 nope.example.org']],
    ['process=101', ['app-1 nope.example.org']],
    ['host=resolver-1', []],
    ['transport=tcp&role=any', ['unbound www.example.com']],
    ['sort=-count&limit=1', ['app-1 nope.example.org']],
    ['sort=latencyUs&limit=1&kind=dns', ['curl www.example.com']],
  ])('?%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test('at is the quarter of an hour before; from and to are a span', async () => {
    const ago = (ms: number) => new Date(now - ms).toISOString();
    expect(await names(`at=${ago(3_599_000)}`)).toEqual(['curl an.hour.ago']);
    expect(await names(`from=${ago(3_700_000)}&to=${ago(45_000)}`)).toHaveLength(3);
  });

  test.each(['askedAt', '-askedAt', 'latencyUs', '-name', 'type', '-rcode', 'peerAddress', 'process'])(
    'pages by %s hold every row once',
    async (sort) => {
      const whole = (await list(`role=any&sort=${sort}`)).items.map(({ id }) => id);
      const paged: string[] = [];
      for (let cursor = ''; ;) {
        const page = await list(`role=any&sort=${sort}&limit=2${cursor && `&cursor=${cursor}`}`);
        paged.push(...page.items.map(({ id }) => id));
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      expect(paged).toEqual(whole);
      expect(whole).toHaveLength(9);
    },
  );

  test('faults are named all at once; a cursor is good for its own question only', async () => {
    const { nextCursor } = await list('limit=1');
    const query = 'type=NOPE&rcode=NOPE&kind=x&slowerThanMs=-1&resolver=no&role=x&nonsense=1';
    const { status, body } = await server.get<Problem>(`/api/v1/dns?${query}`);
    expect(status).toBe(400);
    expect(body.errors?.map(({ parameter }) => parameter).toSorted()).toEqual(
      ['kind', 'nonsense', 'rcode', 'resolver', 'role', 'slowerThanMs', 'type'].toSorted(),
    );
    expect((await server.get(`/api/v1/dns?limit=1&name=x&cursor=${nextCursor}`)).status).toBe(400);
    expect((await server.get('/api/v1/hosts/9999/dns')).status).toBe(404);
  });

  test('of one host', async () => {
    expect((await list('role=any', `/hosts/${resolver}/dns`)).items).toHaveLength(2);
  });

  test('as files: CSV, JSON lines, and a dns.log of Zeek', async () => {
    const csv = await server.get<string>('/api/v1/dns?format=csv');
    expect((csv.body as string).trimEnd().split('\r\n')).toHaveLength(5);
    // One line, which the test's client takes for a document.
    const line = await server.get('/api/v1/dns?format=jsonl&name=printer');
    expect(schemas.dnsExchange.parse(line.body).name).toBe('printer.local');
    const zeek = ((await server.get<string>('/api/v1/dns?format=zeek&name=www')).body as string).split('\n');
    expect(zeek).toContain('#path\tdns');
    const fields = zeek
      .find((line) => line.startsWith('#fields'))!
      .split('\t')
      .slice(1);
    const row = zeek.find((line) => !line.startsWith('#'))!.split('\t');
    const value = (name: string) => row[fields.indexOf(name)];
    expect(fields.slice(0, 10)).toEqual([
      ...['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'trans_id', 'rtt', 'query'],
    ]);
    expect([value('query'), value('qtype'), value('qtype_name'), value('rcode_name'), value('rtt')]).toEqual([
      ...['www.example.com', '1', 'A', 'NOERROR', '0.005000'],
    ]);
    expect(value('answers')).toBe('cdn.example.net,198.51.100.1,2001:db8::1');
    expect([value('TC'), value('trans_id'), value('id.resp_h')]).toEqual(['F', '-', '127.0.0.53']);
  });
});

test('facets count folded exchanges each, with failures and latency', async () => {
  const { body } = await server.get<DnsFacets>('/api/v1/dns/facets');
  const facets = schemas.dnsFacets.parse(body);
  expect(facets).toMatchObject({
    total: 6,
    answered: 5,
    nxdomainShare: 3 / 5,
    latencyP50Us: 5_000,
    latencyP95Us: 90_000,
    names: [{ name: 'nope.example.org', exchanges: 3 }, {}, {}, {}],
    rcodes: [
      { rcode: 'NXDOMAIN', exchanges: 3 },
      { rcode: 'NOERROR', exchanges: 2 },
    ],
    hosts: [{ hostId: web, name: 'web-1', exchanges: 6 }],
  });
  expect(facets.types).toEqual([
    { type: 'A', exchanges: 5 },
    { type: 'AAAA', exchanges: 1 },
  ]);
  expect(facets.resolvers[0]).toEqual({ address: '127.0.0.53', exchanges: 5 });
  const none = schemas.dnsFacets.parse((await server.get('/api/v1/dns/facets?name=nowhere')).body);
  expect(none).toMatchObject({ total: 0, nxdomainShare: null, latencyP50Us: null, names: [] });
});

test('scans: filtered, in pages, as a file', async () => {
  const scan = (id: number, agoMs: number, values: Partial<Insertable<Database['scan_evidence']>> = {}) => ({
    host_id: web,
    scan_start: new Date(now - agoMs - 10_000),
    scan_end: new Date(now - agoMs),
    evidence_id: id,
    kind: 1,
    source_address: '203.0.113.9',
    local_address: '10.0.0.1',
    local_port: 22,
    ports: 1,
    packets: 5,
    ...values,
  });
  await server.store.db
    .insertInto('scan_evidence')
    .values([
      scan(1, 60_000),
      scan(2, 50_000, { kind: 5, local_port: null, ports: 900, packets: 1_000, source_address: '2001:db8::9' }),
      scan(3, 1_000_000),
    ])
    .execute();
  const scans = async (query = '') =>
    schemas.scanList.parse((await server.get<ScanList>(`/api/v1/scans?${query}`)).body);
  const { items } = await scans();
  expect(items.map(({ kind, localPort, packets }) => ({ kind, localPort, packets }))).toEqual([
    { kind: 'udp', localPort: null, packets: 1_000 },
    { kind: 'syn', localPort: 22, packets: 5 },
  ]);
  expect((await scans('kind=syn&source=203.0.113.0/24&port=20-30')).items).toHaveLength(1);
  expect((await scans('source=!203.0.113.9')).items).toMatchObject([{ kind: 'udp' }]);
  expect((await scans('host=resolver-1')).items).toEqual([]);
  const first = await scans('limit=1&sort=packets');
  expect((await scans(`limit=1&sort=packets&cursor=${first.nextCursor}`)).items).toMatchObject([{ kind: 'udp' }]);
  expect(((await server.get<string>('/api/v1/scans?format=csv')).body as string).split('\r\n')[0]).toContain('source');
});

test('coverage: unknown without numbers, at most all; missing, late and backfilled seconds, and gaps', async () => {
  const host = await insertHost(server.store, { enrolled_at: new Date(minute - 300_000) });
  const at = (minutesAgo: number, values: Partial<Insertable<Database['metric_1m']>>) => ({
    ...{ host_id: host, ts: new Date(minute - minutesAgo * 60_000), subject: '', seconds: 60 },
    ...values,
  });
  const seen = (socket: number, all: number) => ({ socket_bytes: socket, interface_bytes: all, events_lost: 2 });
  await server.store.db
    .insertInto('metric_1m')
    .values([
      at(4, seen(800, 1_000)),
      at(3, { seconds: 50, late_seconds: 20, backfilled_seconds: 5, ...seen(1_001, 1_000) }),
      at(3, { subject: 'if:eth0', ...seen(1, 100) }),
      at(2, { rx_bytes: 5 }),
    ] as Insertable<Database['metric_1m']>[])
    .execute();
  await server.store.db
    .insertInto('gap')
    .values({
      ...{ host_id: host, gap_start: new Date(minute - 299_000), gap_end: new Date(minute - 241_000) },
      ...gap,
    })
    .execute();
  const span = `from=${new Date(minute - 360_000).toISOString()}&to=${new Date(minute).toISOString()}`;
  const { body } = await server.get<Coverage>(`/api/v1/hosts/${host}/coverage?${span}&step=60`);
  const { items, gaps, stepSeconds } = schemas.coverage.parse(body);
  expect({ stepSeconds, gaps: gaps.length }).toEqual({ stepSeconds: 60, gaps: 1 });
  const unknown = { coverage: null, socketBytes: null, eventsLost: null };
  expect(items).toMatchObject([
    { ...unknown, missingSeconds: 0 },
    { ...unknown, missingSeconds: 60 },
    { coverage: 0.8, eventsLost: 2, missingSeconds: 0 },
    { coverage: 1, socketBytes: 1_001, missingSeconds: 10, lateSeconds: 20, backfilledSeconds: 5 },
    { ...unknown, missingSeconds: 0 },
    { ...unknown },
  ]);
  const twoMinutes = await server.get<Coverage>(`/api/v1/hosts/${host}/coverage?${span}&step=120`);
  expect(twoMinutes.body.items.slice(0, 2)).toMatchObject([
    { coverage: null, missingSeconds: 60 },
    { coverage: 1_801 / 2_000, missingSeconds: 10, eventsLost: 4 },
  ]);
  expect((await server.get(`/api/v1/hosts/${host}/coverage?step=30`)).status).toBe(400);
});

const gap = { reason: 'stalled', lost: 0, detail: '' };
