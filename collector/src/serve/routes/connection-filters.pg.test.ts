// The filters of the Connections page, live and over the history alike, their facet counts, and exports with them.
import type { Connection, ConnectionFacets, ConnectionList } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
let stored: number;
let live: number;
const past = Math.floor(Date.now() / 1000) * 1000 - 7_200_000;
const at = `at=${new Date(past).toISOString()}`;

interface Row {
  comm: string;
  direction: number;
  state: number;
  protocol: 6 | 17;
  local: number[];
  localPort: number;
  remote: number[];
  remotePort: number;
  unit: string;
  container: [runtime: string, id: string];
}
const base: Omit<Row, 'comm' | 'localPort' | 'remotePort'> = {
  direction: 2,
  state: 1,
  protocol: 6,
  local: [10, 0, 0, 1],
  remote: [192, 0, 2, 1],
  unit: '',
  container: ['', ''],
};
const rows: Row[] = [
  { ...base, comm: 'nginx', direction: 1, localPort: 443, remotePort: 50_000, unit: 'nginx.service' },
  { ...base, comm: 'nginx', direction: 3, state: 10, localPort: 443, remote: [], remotePort: 0, unit: 'nginx.service' },
  { ...base, comm: 'curl', localPort: 40_000, remotePort: 8_080, remote: [198, 51, 100, 7] },
  { ...base, comm: 'redis', direction: 1, localPort: 6_379, remotePort: 50_001, container: ['docker', 'abc123def'] },
  { ...base, comm: 'dns', protocol: 17, localPort: 50_100, remotePort: 53, container: ['podman', 'abd999'] },
  { ...base, comm: 'odd%_', state: 8, localPort: 40_001, remotePort: 22 },
];

beforeAll(async () => {
  server = await testServer();
  [stored, live] = [
    await insertHost(server.store, { name: 'stored.rack-7' }),
    await insertHost(server.store, { name: 'live.rack-7' }),
  ];
  for (const [index, row] of rows.entries()) {
    const [runtime, id] = row.container;
    await server.store.db
      .insertInto('process')
      .values({
        host_id: stored,
        process_id: index + 1,
        pid: index + 1,
        started_at: new Date(past - 9_000),
        first_seen_at: new Date(past - 9_000),
        last_seen_at: new Date(past),
        exited_at: null,
        parent_pid: 0,
        parent_process_id: null,
        comm: row.comm,
        executable: '',
        command_line: '',
        uid: 0,
        user_name: '',
        cgroup: '',
        unit: row.unit,
        container_runtime: runtime,
        container_id: id,
      })
      .execute();
    await insertSegment(server.store, stored, [past - 5_000, past + 5_000], {
      comm: row.comm,
      pid: index + 1,
      process_id: index + 1,
      direction: row.direction,
      state: row.state,
      protocol: row.protocol,
      local_address: row.local.join('.'),
      local_port: row.localPort,
      remote_address: row.remote.length === 0 ? null : row.remote.join('.'),
      remote_port: row.remote.length === 0 ? null : row.remotePort,
    });
  }
  connectAgent(server, live, () => ({
    boottimeUs: Date.now() * 1000,
    hasConnections: true,
    opened: rows.map((row, index) => ({
      ...row,
      handle: index + 1,
      cookie: index + 1,
      pid: index + 1,
      pidStartTicks: 5,
      localAddress: Uint8Array.from(row.local),
      remoteAddress: Uint8Array.from(row.remote),
    })),
    started: rows.map((row, index) => ({
      identity: {
        pid: index + 1,
        startTicks: 5,
        comm: row.comm,
        unit: row.unit,
        containerRuntime: row.container[0],
        containerId: row.container[1],
      },
    })),
  }));
});
afterAll(() => server[Symbol.asyncDispose]());

const names = (items: Connection[]) =>
  items
    .map((item) => item.process)
    .sort()
    .join(' ');

describe('a filter finds the same in the history and live', () => {
  test.each<[string, string]>([
    ['process=nginx,curl', 'curl nginx nginx'],
    ['process=!nginx', 'curl dns odd%_ redis'],
    ['process=*d*,!odd*', 'dns redis'],
    ['process=odd%25_', 'odd%_'],
    ['process=odd__', ''],
    ['process=3', 'curl'],
    ['unit=nginx.service', 'nginx nginx'],
    ['unit=nginx.*', 'nginx nginx'],
    ['unit=!nginx.service', 'curl dns odd%_ redis'],
    ['container=abc', 'redis'],
    ['container=ab', 'dns redis'],
    ['container=docker', 'redis'],
    ['container=ab,!podman', 'redis'],
    ['container=!ab', 'curl nginx nginx odd%_'],
    ['direction=inbound', 'nginx redis'],
    ['direction=inbound,listen', 'nginx nginx redis'],
    ['direction=!outbound', 'nginx nginx redis'],
    ['state=listen,close-wait', 'nginx odd%_'],
    ['state=!established', 'nginx odd%_'],
    ['protocol=!tcp', 'dns'],
    ['address=192.0.2.0/24', 'dns nginx odd%_ redis'],
    ['address=!192.0.2.0/24', 'curl nginx'],
    ['address=198.51.100.7,192.0.2.1', 'curl dns nginx odd%_ redis'],
    ['port=443', 'nginx nginx'],
    ['port=1-100', 'dns odd%_'],
    ['port=50000-50001,53', 'dns nginx redis'],
    ['port=!443,!50000-60000', 'curl odd%_'],
    ['q=NGINX', 'nginx nginx'],
    ['q=192.0.2 redis', 'redis'],
    ['q=nginx.serv', 'nginx nginx'],
    ['q=abc123', 'redis'],
    ['q=rack-7 redis', 'redis'],
    ['q=Rack-7', 'curl dns nginx nginx odd%_ redis'],
    ['q=2.1:22', 'odd%_'],
    ['q=udp', 'dns'],
    ['q=%25', 'odd%_'],
    ['q=nothing-like-it', ''],
    ['process=nginx&direction=listen&port=443', 'nginx'],
  ])('%s', async (query, expected) => {
    for (const path of [`hosts/${stored}/connections?${at}&`, `hosts/${live}/connections?`]) {
      const { status, body } = await server.get<ConnectionList>(`/api/v1/${path}${query}`);
      expect({ path, status }).toEqual({ path, status: 200 });
      expect({ path, found: names(body.items) }).toEqual({ path, found: expected });
    }
  });

  test('unit, container and community id are in the rows', async () => {
    for (const path of [`hosts/${stored}/connections?${at}`, `hosts/${live}/connections?`]) {
      const { items } = (await server.get<ConnectionList>(`/api/v1/${path}&sort=-unit`)).body;
      expect(items.slice(0, 2).map((item) => item.unit)).toEqual(['nginx.service', 'nginx.service']);
      expect(items.find((item) => item.process === 'redis')).toMatchObject({
        unit: null,
        container: { runtime: 'docker', id: 'abc123def' },
      });
      expect(items.find((item) => item.state === 'listen')!.communityId).toBeNull();
      expect(items.find((item) => item.process === 'curl')!.communityId).toMatch(/^1:[\w+/]{27}=$/);
    }
  });

  test.each([
    'port=8-7',
    'port=70000',
    'port=a',
    'direction=up',
    'container=%2F',
    'address=1.2.3.4/33',
    'host=!nobody',
  ])('%s is refused', async (query) => {
    expect((await server.get(`/api/v1/connections?${query}`)).status).toBe(400);
  });

  test('hosts can be left out', async () => {
    const { body } = await server.get<ConnectionList>(`/api/v1/connections?${at}&host=!${live}`);
    expect(new Set(body.items.map((item) => item.hostId))).toEqual(new Set([stored]));
    expect((await server.get<ConnectionList>(`/api/v1/connections?${at}&host=!stored.rack-7`)).body.items).toEqual([]);
  });
});

test.each([
  ['process=a%5C,b', ['a,b']],
  ['process=a%5C,b,c', ['a,b']],
  ['process=!a%5C,b', ['']],
  ['process==a%5C,b', ['a,b']],
  ['process=!=a%5C,b', ['']],
  ['process==!a', []],
  ['process=a,b', []],
  ['process=?', ['']],
  ['process=!?', ['a,b']],
  ['process=?,a*', ['', 'a,b']],
])('%s: a comma in a name, a name as it is, and no known process', async (query, expected) => {
  const [recorded, now] = [
    await insertHost(server.store, { name: `stored ${query}` }),
    await insertHost(server.store, { name: `live ${query}` }),
  ];
  for (const comm of ['', 'a,b']) await insertSegment(server.store, recorded, [past - 5_000, past + 5_000], { comm });
  connectAgent(server, now, () => ({
    boottimeUs: Date.now() * 1000,
    hasConnections: true,
    opened: ['', 'a,b'].map((comm, index) => ({
      handle: index + 1,
      cookie: index + 1,
      comm,
      state: 1,
      protocol: 6,
      localAddress: Uint8Array.of(10, 0, 0, 1),
      localPort: 1,
    })),
  }));
  for (const path of [`hosts/${recorded}/connections?${at}&`, `hosts/${now}/connections?`]) {
    const { items } = (await server.get<ConnectionList>(`/api/v1/${path}${query}`)).body;
    expect({ path, found: items.map(({ process }) => process ?? '').sort() }).toEqual({ path, found: expected });
  }
});

describe('facets', () => {
  test('count what the filter finds, in the history and live', async () => {
    for (const path of [`?${at}&host=${stored}`, `?host=${live}`]) {
      const facets = (await server.get<ConnectionFacets>(`/api/v1/connections/facets${path}`)).body;
      expect(facets).toMatchObject({
        total: 6,
        byState: { established: 4, listen: 1, 'close-wait': 1 },
        byDirection: { inbound: 2, outbound: 3, listen: 1 },
        byProtocol: { tcp: 5, udp: 1 },
        units: [{ unit: 'nginx.service', connections: 2 }],
      });
      expect(facets.processes[0]).toEqual({ process: 'nginx', connections: 2 });
      expect(facets.remoteAddresses[0]).toEqual({ address: '192.0.2.1', connections: 4 });
      expect(facets.containers.map(({ runtime }) => runtime).sort()).toEqual(['docker', 'podman']);
      expect(facets.hosts).toHaveLength(1);
      const filtered = await server.get<ConnectionFacets>(`/api/v1/connections/facets${path}&process=nginx`);
      expect(filtered.body).toMatchObject({
        total: 2,
        processes: [{ process: 'nginx', connections: 2 }],
        containers: [],
      });
    }
  });
});

describe('exports', () => {
  const file = (query: string, headers = {}) =>
    server.get<string>(`/api/v1/connections?${query}`, { authorization: headersOf().authorization, ...headers });
  let token = '';
  const headersOf = () => ({ authorization: `Bearer ${token}` });
  beforeAll(async () => {
    token = await server.token();
  });

  test('have every row of the filter and no page, live and stored', async () => {
    for (const query of [`${at}&host=${stored}`, `host=${live}`]) {
      const csv = await file(`${query}&process=!nginx&sort=process&limit=1&format=csv`);
      const lines = csv.body.trimEnd().split('\r\n');
      expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
      expect(lines).toHaveLength(5);
      expect(lines[0]).toMatch(/^id,hostId,protocol,state/);
      const jsonl = await fetch(`${server.url}/api/v1/connections?${query}`, {
        headers: { ...headersOf(), accept: 'application/jsonl' },
      });
      const items = (await jsonl.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Connection);
      expect(items.map((item) => item.process).sort()).toEqual(rows.map((row) => row.comm).sort());
      const zeek = (await file(`${query}&format=zeek`)).body
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      expect(zeek).toHaveLength(5);
    }
  });

  test('thousands of rows come over a cursor; a reader that leaves frees its place and its query', async () => {
    const host = await insertHost(server.store, { name: 'large' });
    await server.store.pool.query(
      `insert into connection_segment
       select $1, to_timestamp($2::float8 / 1000 - 5), to_timestamp($2::float8 / 1000 + 5), 5000000 + n, to_timestamp($2::float8 / 1000 - 5),
              false, false, null, 1, 'many', 0, 6, 1, 2, '10.0.0.1', n % 60000, '192.0.2.9', 443, 1, 1, null, null, null, 0, null, 0, null, 1
         from generate_series(1, 30000) n`,
      [host, past],
    );
    const whole = await file(`${at}&host=${host}&format=csv&sort=id`);
    const ids = whole.body
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',')[0]);
    expect(new Set(ids).size).toBe(30_000);
    for (let i = 0; i < 5; i++) {
      const gone = new AbortController();
      const response = await fetch(`${server.url}/api/v1/connections?${at}&host=${host}&format=jsonl`, {
        headers: headersOf(),
        signal: gone.signal,
      });
      await response.body!.getReader().read();
      gone.abort();
      await expect.poll(() => counter('running')).toBe(0);
    }
    expect(await counter('aborted_total')).toBe(5);
    const busy = await server.store.pool.query(
      `select 1 from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`,
    );
    expect(busy.rows).toEqual([]);
  });

  const counter = async (name: string) =>
    Number(
      new RegExp(`^foretop_http_exports_${name} (\\d+)$`, 'm').exec((await server.get<string>('/metrics')).body)![1],
    );
});
