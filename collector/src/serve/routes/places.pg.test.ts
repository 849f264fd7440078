// Places of addresses, of rows and on the map, over databases that the test writes.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AddressPlaceList,
  ConnectionDetail,
  ConnectionFacets,
  ConnectionList,
  Enrichment,
  Problem,
  RowPlaceList,
  TrafficMap,
} from '@foretop/proto/api';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';
import { createMmdbWriter } from '../../enrich/asn/mmdb-writer.ts';
import { parseAddress } from '../../enrich/parse-address.ts';
import * as schemas from '../openapi/place-schemas.ts';

let server: TestServer;
let folder: string;
let [web, db] = [0, 0];
let minute = 0;
const namesAsked: string[] = [];

const networks: [address: bigint, prefix: number, city: Record<string, string>, asn: number, name: string][] = [
  [
    0x0808_0000n,
    16,
    { country_code: 'US', city: 'Mountain View', latitude: '37.4', longitude: '-122.1' },
    15169,
    'Google',
  ],
  [0x0909_0000n, 16, { country_code: 'CH', city: 'Zurich', latitude: '47.4', longitude: '8.5' }, 19281, 'Quad9'],
  [0x0101_0000n, 16, { country_code: 'CH', city: 'Geneva', latitude: '46.2', longitude: '6.1' }, 13335, 'Cloudflare'],
];

async function writeDatabases(): Promise<{ cityFiles: string[]; asnFiles: string[] }> {
  const [cities, systems] = [createMmdbWriter(), createMmdbWriter()];
  for (const [address, prefix, city, number, name] of networks) {
    cities.insert(address, prefix, 4, city);
    systems.insert(address, prefix, 4, { autonomous_system_number: number, autonomous_system_organization: name });
  }
  const [city, asn] = [join(folder, 'city.mmdb'), join(folder, 'asn.mmdb')];
  await writeFile(city, cities.finish('Test', '', 1_780_000_000));
  await writeFile(asn, systems.finish('Test', '', 1_780_000_000));
  return { cityFiles: [city], asnFiles: [asn] };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foretop-places-'));
  await mkdir(join(folder, 'lists'));
  await writeFile(join(folder, 'lists', 'bad.txt'), '8.8.4.0/24\n');
  const askName = (address: string) => {
    namesAsked.push(address);
    return address === '8.8.8.8'
      ? Promise.resolve(['dns.example'])
      : Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
  };
  server = await testServer({
    enrichment: { ...(await writeDatabases()), listFolder: join(folder, 'lists'), reverseDns: 'all', askName },
  });
  web = await insertHost(server.store, { name: 'web-1', labels: ['web'] });
  db = await insertHost(server.store, { name: 'db-1', labels: ['db'] });
  minute = Math.floor(Date.now() / 60_000) * 60_000 - 1_200_000;
  const at = (host: number, address: string | null, bytes: [number, number], more = {}) =>
    insertSegment(server.store, host, [minute, minute + 1_000], {
      ...{ remote_address: address, rx_bytes: bytes[0], tx_bytes: bytes[1], closed: true },
      ...more,
    });
  await at(web, '8.8.8.8', [1000, 10]);
  await at(web, '8.8.8.8', [500, 5]);
  await at(db, '8.8.8.8', [200, 2]);
  await at(web, '9.9.9.9', [5000, 50], { connection_count: 7 });
  await at(db, '1.1.1.1', [100, 1]);
  await at(web, '10.0.0.7', [9000, 90]);
  await at(web, '5.5.5.5', [1, 1]);
  await at(db, null, [0, 0], { state: 10, direction: 3, remote_port: null });
  // One connection, cut into two segments.
  await at(db, '9.9.9.10', [10, 0], { connection_id: 777, closed: false });
  await insertSegment(server.store, db, [minute + 1_000, minute + 2_000], {
    ...{
      remote_address: '9.9.9.10',
      rx_bytes: 20,
      tx_bytes: 0,
      closed: true,
      connection_id: 777,
      started_at: new Date(minute),
    },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const get = <Body>(path: string, token?: string) =>
  server.get<Body>(`/api/v1${path}`, token === undefined ? undefined : { authorization: `Bearer ${token}` });
const span = () => `from=${new Date(minute - 60_000).toISOString()}&to=${new Date(minute + 60_000).toISOString()}`;

describe('GET /places', () => {
  test('tells all that is known of each address', async () => {
    const { status, body } = await get<AddressPlaceList>('/places?address=8.8.8.8,8.8.4.4,10.0.0.1,2a02::1');
    expect(status).toBe(200);
    expect(schemas.addressPlaceList.safeParse(body).error).toBeUndefined();
    const google = { country: 'US', city: 'Mountain View', asn: 15169, organisation: 'Google', region: null };
    expect(body.items).toMatchObject([
      {
        kind: 'public',
        place: { ...google, latitude: 37.4, longitude: -122.1 },
        reverse: 'known',
        reverseName: 'dns.example',
      },
      { place: google, listed: { list: 'bad', entry: '8.8.4.0/24' }, reverse: 'none', reverseName: null },
      { kind: 'private', place: null },
      { kind: 'public', place: null },
    ]);
  });

  test.each([
    '/places',
    '/places?address=example.org',
    '/places?address=8.8.8.8,',
    `/places?address=${Array.from({ length: 101 }, (_, i) => `8.8.8.${i}`).join(',')}`,
  ])('%s is refused', async (path) => {
    expect((await get<Problem>(path)).status).toBe(400);
  });
});

describe('POST /places/rows', () => {
  const ask = async (body: unknown, token?: string) => {
    const headers = { authorization: `Bearer ${token ?? (await server.token('viewer'))}` };
    return fetch(`${server.url}/api/v1/places/rows`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  };

  test('tells what rows show, each address once, and asks for no name', async () => {
    const asked = namesAsked.length;
    const response = await ask({ addresses: ['9.9.9.9', '1.1.1.1', '10.0.0.1', '5.5.5.5', '9.9.9.9', '2a02::1'] });
    expect(response.status).toBe(200);
    const body = (await response.json()) as RowPlaceList;
    expect(schemas.rowPlaceList.safeParse(body).error).toBeUndefined();
    expect(body.items).toEqual([
      { address: '9.9.9.9', place: { country: 'CH', city: 'Zurich', asn: 19281, organisation: 'Quad9' } },
      { address: '1.1.1.1', place: { country: 'CH', city: 'Geneva', asn: 13335, organisation: 'Cloudflare' } },
      { address: '10.0.0.1', place: null },
      { address: '5.5.5.5', place: null },
      { address: '2a02::1', place: null },
    ]);
    expect(body.databases).toEqual([
      { kind: 'city', state: 'ready' },
      { kind: 'asn', state: 'ready' },
    ]);
    expect(namesAsked).toHaveLength(asked);
  });

  test('as many as fit are possible, one more is not', async () => {
    const addresses = Array.from(
      { length: 300 },
      (_, i) => `2a02:2e0:ffff:ffff:ffff:ffff:ffff:${(i + 4096).toString(16)}`,
    );
    expect((await ask({ addresses })).status).toBe(200);
    expect((await ask({ addresses: [...addresses, '8.8.8.8'] })).status).toBe(400);
  });

  test.each([
    {},
    { addresses: [] },
    { addresses: ['example.org'] },
    { addresses: ['8.8.8.8', 8] },
    { addresses: ['8.8.8.8'], more: 1 },
    { addresses: '8.8.8.8' },
  ])('%j is refused', async (body) => {
    expect((await ask(body)).status).toBe(400);
  });

  test('nobody is told who does not say who asks', async () => {
    expect((await ask({ addresses: ['8.8.8.8'] }, 'nothing')).status).toBe(401);
  });
});

test('without databases the answer says so', async () => {
  await using bare = await testServer({ enrichment: { cityFiles: [], asnFiles: [join(folder, 'none.mmdb')] } });
  const response = await fetch(`${bare.url}/api/v1/places/rows`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await bare.token('viewer')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ addresses: ['8.8.8.8'] }),
  });
  expect(await response.json()).toMatchObject({
    items: [{ address: '8.8.8.8', place: null }],
    databases: [
      { kind: 'city', state: 'off' },
      { kind: 'asn', state: 'missing' },
    ],
    attributions: [],
  });
});

test('GET /enrichment tells what is in use, and only administrators may have it read again', async () => {
  const { body } = await get<Enrichment>('/enrichment');
  expect(schemas.enrichment.safeParse(body).error).toBeUndefined();
  expect(body.databases).toMatchObject([
    { kind: 'city', files: ['city.mmdb'] },
    { kind: 'asn', files: ['asn.mmdb'] },
  ]);
  expect(body.lists).toMatchObject([{ name: 'bad', networks: 1 }]);
  expect(JSON.stringify(body)).not.toContain(folder);
  const reload = async (token: string) =>
    fetch(`${server.url}/api/v1/enrichment/reload`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  expect((await reload(await server.token('operator'))).status).toBe(403);
  await writeFile(join(folder, 'lists', 'more.txt'), 'bad.example\n');
  const reloaded = await reload(await server.token('admin'));
  expect(((await reloaded.json()) as Enrichment).lists.map(({ name }) => name)).toEqual(['bad', 'more']);
});

describe('connections', () => {
  test('have the place of their far end', async () => {
    const { body } = await get<ConnectionList>(`/connections?${span()}&address=8.8.8.8&host=db-1`);
    const [row] = body.items;
    expect(row!.place).toEqual({ country: 'US', city: 'Mountain View', asn: 15169, organisation: 'Google' });
    const detail = await get<ConnectionDetail>(`/connections/${row!.id}`);
    expect(detail.body.connection.place).toMatchObject({ country: 'US' });
    const local = await get<ConnectionList>(`/connections?${span()}&address=10.0.0.7`);
    expect(local.body.items).toMatchObject([{ place: null }]);
  });

  test.each([
    ['country=CH', ['1.1.1.1', '9.9.9.10', '9.9.9.9']],
    ['country=ch,us&host=db-1', ['1.1.1.1', '8.8.8.8', '9.9.9.10']],
    ['country=!CH&host=db-1', ['8.8.8.8', null]],
    ['asn=15169', ['8.8.8.8', '8.8.8.8', '8.8.8.8']],
    ['asn=AS13335,19281&country=CH', ['1.1.1.1', '9.9.9.10', '9.9.9.9']],
    ['asn=!15169&host=web-1', ['10.0.0.7', '5.5.5.5', '9.9.9.9']],
    ['country=DE', []],
    ['q=Switzerland', ['1.1.1.1', '9.9.9.10', '9.9.9.9']],
    ['q=zuric*', ['9.9.9.10', '9.9.9.9']],
    ['q=as15169 db-1', ['8.8.8.8']],
    ['q=cloudFLARE&country=CH', ['1.1.1.1']],
    ['q=google&country=CH', []],
    ['q=quad9 web-1 curl', ['9.9.9.9']],
    ['q=9.9.9', ['9.9.9.10', '9.9.9.9']],
    ['q=atlantis', []],
  ])('are found by %s, also page by page and counted', async (filter, addresses) => {
    const { body } = await get<ConnectionList>(`/connections?${span()}&sort=remoteAddress&${filter}`);
    const found = body.items.map(({ remoteAddress }) => remoteAddress);
    expect(found.toSorted()).toEqual(addresses.toSorted());
    const counts = await get<ConnectionFacets>(`/connections/facets?${span()}&${filter}`);
    expect(counts.body.total).toBe(addresses.length);
    if (addresses.length < 2) return;
    const first = await get<ConnectionList>(`/connections?${span()}&sort=remoteAddress&limit=1&${filter}`);
    const second = await get<ConnectionList>(
      `/connections?${span()}&sort=remoteAddress&limit=1&${filter}&cursor=${first.body.nextCursor}`,
    );
    expect([...first.body.items, ...second.body.items].map(({ remoteAddress }) => remoteAddress)).toEqual(
      found.slice(0, 2),
    );
  });

  test('are searched for places among at most 20,000 far addresses, and for all else among any', async () => {
    const host = await insertHost(server.store, { name: 'crawler-1' });
    const [fromMs, toMs] = [minute - 7_200_000, minute - 7_199_000];
    await insertSegment(server.store, host, [fromMs, toMs], { remote_address: '9.9.9.9', connection_id: 1 });
    const grow = (from: number, to: number) =>
      sql`insert into connection_segment
        select (jsonb_populate_record(s, jsonb_build_object('connection_id', i, 'remote_address', inet '11.0.0.0' + i))).*
          from connection_segment s, generate_series(${from}::int8, ${to}::int8) i
         where s.host_id = ${host} and s.connection_id = 1`.execute(server.store.db);
    const found = async (words: string) => {
      const at = `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
      const { body } = await get<ConnectionFacets>(`/connections/facets?${at}&host=crawler-1&q=${words}`);
      return body.total;
    };
    await grow(2, 20_000);
    expect([await found('quad9'), await found('crawler 9.9.9')]).toEqual([1, 1]);
    await grow(20_001, 20_001);
    expect([await found('quad9'), await found('crawler 9.9.9'), await found('curl')]).toEqual([0, 1, 20_001]);
  });

  test('that are live have places too, and are found by them', async () => {
    const id = await insertHost(server.store, { name: 'live-1' });
    const opened = ['8.8.8.8', '9.9.9.9', '10.0.0.2'].map((address, index) => ({
      ...{ handle: index + 1, cookie: index + 1, protocol: 6, state: 1, direction: 2, localPort: 1, remotePort: 443 },
      ...{ localAddress: Uint8Array.of(10, 0, 0, 1), remoteAddress: parseAddress(address)! },
    }));
    connectAgent(server, id, () => ({ boottimeUs: Date.now() * 1000, opened, hasConnections: true }));
    const ask = async (filter: string) => {
      const { body } = await get<ConnectionList>(`/connections?host=live-1${filter}`);
      return body.items.map(({ remoteAddress, place }) => [remoteAddress, place?.country ?? null]).sort();
    };
    expect(await ask('')).toEqual([
      ['10.0.0.2', null],
      ['8.8.8.8', 'US'],
      ['9.9.9.9', 'CH'],
    ]);
    expect(await ask('&country=CH')).toEqual([['9.9.9.9', 'CH']]);
    expect(await ask('&asn=!15169')).toEqual([
      ['10.0.0.2', null],
      ['9.9.9.9', 'CH'],
    ]);
    expect(await ask('&q=united states')).toEqual([['8.8.8.8', 'US']]);
    expect(await ask('&q=live-1 QUAD9')).toEqual([['9.9.9.9', 'CH']]);
  });

  test.each(['country=Germany', 'country=D', 'asn=x', 'asn=-1'])('%s is refused', async (filter) => {
    expect((await get<Problem>(`/connections?${filter}`)).status).toBe(400);
  });
});

describe('GET /traffic-map', () => {
  test('sums what hosts carried by country, city and network', async () => {
    const { status, body } = await get<TrafficMap>(`/traffic-map?${span()}`);
    expect(status).toBe(200);
    expect(schemas.trafficMap.safeParse(body).error).toBeUndefined();
    expect(body.countries).toEqual([
      {
        country: 'CH',
        rxBytes: 5130,
        txBytes: 51,
        connections: 9,
        addresses: 3,
        hosts: 2,
        topAddresses: ['9.9.9.9', '1.1.1.1', '9.9.9.10'],
      },
      { country: 'US', rxBytes: 1700, txBytes: 17, connections: 3, addresses: 1, hosts: 2, topAddresses: ['8.8.8.8'] },
    ]);
    expect(body.cities).toMatchObject([
      { country: 'CH', city: 'Zurich', latitude: 47.4, longitude: 8.5, connections: 8 },
      { country: 'US', city: 'Mountain View' },
      { country: 'CH', city: 'Geneva' },
    ]);
    expect(body.networks.map(({ asn, connections }) => [asn, connections])).toEqual([
      [19281, 8],
      [15169, 3],
      [13335, 1],
    ]);
    expect(body.local).toEqual({ rxBytes: 9000, txBytes: 90, connections: 1, addresses: 1 });
    expect(body.unplaced).toMatchObject({ connections: 1, addresses: 1 });
    expect(body.beyond).toEqual({ rxBytes: 0, txBytes: 0, connections: 0, addresses: 0 });
    expect(body.total).toMatchObject({ connections: 14, addresses: 6 });
  });

  test('counts a connection that began before the span once, at its first segment within it', async () => {
    const from = new Date(minute + 1_500).toISOString();
    const { body } = await get<TrafficMap>(`/traffic-map?from=${from}&to=${new Date(minute + 60_000).toISOString()}`);
    expect(body.total).toEqual({ rxBytes: 20, txBytes: 0, connections: 1, addresses: 1 });
  });

  test('of one host, and of the hosts in sight only', async () => {
    const ofDb = await get<TrafficMap>(`/traffic-map?${span()}&host=db-1`);
    expect(ofDb.body.countries).toMatchObject([
      { country: 'US', connections: 1, hosts: 1 },
      { country: 'CH', connections: 2 },
    ]);
    const bound = await server.token('viewer', ['db']);
    const inSight = await get<TrafficMap>(`/traffic-map?${span()}`, bound);
    expect(inSight.body.countries).toEqual(ofDb.body.countries);
    expect((await get<Problem>(`/traffic-map?${span()}&host=web-1`, bound)).status).toBe(400);
  });

  test('without a span is of the last hour; a span has bounds', async () => {
    const { body } = await get<TrafficMap>('/traffic-map');
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(3_600_000);
    expect(body.total.connections).toBe(14);
    const from = new Date(Date.now() - 40 * 86_400_000).toISOString();
    expect((await get<Problem>(`/traffic-map?from=${from}`)).status).toBe(400);
  });
});
