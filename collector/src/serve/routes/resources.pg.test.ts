// The other resources of the REST API: hosts, processes, interfaces, bandwidth, gaps, statistics, system, health, metrics.
import { Metric, packDeltas, protocolVersion } from '@foretop/proto';
import type { Bandwidth, GapEntry, Host, Interface, List, Problem, Process, Stats, System } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packSamples } from '../../store/samples.ts';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Two hours ago, at a whole step of two minutes. */
const past = Math.floor(Date.now() / 120_000) * 120_000 - 7_200_000;
const time = (ms: number) => new Date(ms).toISOString();
const hostile = '<img src=x onerror=alert(1)>"\u202e\';--';

describe('hosts', () => {
  test('a live host has the numbers of its last pulse, one that is away has none', async () => {
    const id = await insertHost(server.store, { name: hostile, addresses: ['10.0.0.1'], last_seen_at: new Date(past) });
    const away = (await server.get<Host>(`/api/v1/hosts/${id}`)).body;
    expect(away).toMatchObject({
      name: hostile,
      status: 'offline',
      rxRate: null,
      cpuPercent: null,
      coverage: null,
      lastSeenAt: time(past),
    });
    connectAgent(server, id, () => ({}), {
      rxRate: 5,
      txRate: 6,
      connections: 7,
      cpuPermille: 125,
      memoryUsedBytes: 9,
      coveragePermille: 980,
      hasCoverage: true,
    });
    const live = (await server.get<Host>(`/api/v1/hosts/${id}`)).body;
    expect(live).toMatchObject({
      status: 'live',
      rxRate: 5,
      txRate: 6,
      connections: 7,
      cpuPercent: 12.5,
      memoryUsedBytes: 9,
      coverage: 0.98,
    });
  });

  test("a host's text comes out as JSON data, which no browser takes for a page", async () => {
    await insertHost(server.store, { name: hostile });
    const { headers, body } = await server.get<List<Host>>('/api/v1/hosts');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.items.some((host) => host.name === hostile)).toBe(true);
  });

  test('pages visit each host once', async () => {
    for (let i = 0; i < 5; i++) await insertHost(server.store, { name: 'same' });
    const seen: number[] = [];
    for (let cursor = ''; ;) {
      const { body } = await server.get<List<Host>>(`/api/v1/hosts?limit=2&sort=-name${cursor}`);
      seen.push(...body.items.map((host) => host.id));
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    const all = (await server.get<List<Host>>('/api/v1/hosts?limit=1000')).body.items;
    expect([...seen].sort()).toEqual(all.map((host) => host.id).sort());
    expect((await server.get('/api/v1/hosts?cursor=abc')).status).toBe(400);
  });
});

describe('processes', () => {
  test('those that ran at T, with the minute around it', async () => {
    const host = await insertHost(server.store);
    const process = {
      host_id: host,
      first_seen_at: new Date(past - 60_000),
      parent_pid: 1,
      parent_process_id: null,
      executable: '/bin/x',
      command_line: hostile,
      uid: 0,
      user_name: 'root',
      cgroup: '',
      unit: 'x.service',
      container_runtime: 'docker',
      container_id: 'abc123',
    };
    const row = (id: number, comm: string, startedMs: number, lastSeenMs: number, exitedMs: number | null) => ({
      ...process,
      process_id: id,
      pid: id,
      comm,
      started_at: new Date(startedMs),
      last_seen_at: new Date(lastSeenMs),
      exited_at: exitedMs === null ? null : new Date(exitedMs),
    });
    await server.store.db
      .insertInto('process')
      .values([
        row(1, 'running', past - 60_000, past - 50_000, null),
        row(2, 'exited-after', past - 60_000, past + 1_000, past + 1_000),
        row(3, 'exited-before', past - 60_000, past - 1, past - 1),
        row(4, 'not-yet', past + 1, past + 9_000, null),
        row(5, 'crashed-with-its-host', past - 9_000_000, past - 400_000, null),
      ])
      .execute();
    await server.store.db
      .insertInto('process_1m')
      .values({
        host_id: host,
        ts: new Date(past - 60_000),
        process_id: 2,
        pid: 2,
        seconds: 60,
        cpu_us: 30_000_000,
        memory_bytes: 77,
        rx_bytes: 600,
        tx_bytes: null,
        connections: 3,
        threads: 4,
      })
      .execute();
    const { body } = await server.get<List<Process>>(`/api/v1/hosts/${host}/processes?at=${time(past)}`);
    expect(body.items.map((item) => item.process)).toEqual(['exited-after', 'running']);
    expect(body.items[0]).toMatchObject({
      cpuPercent: 50,
      rxRate: 10,
      txRate: null,
      memoryBytes: 77,
      threads: 4,
      connections: 3,
      commandLine: hostile,
    });
    expect(body.items[1]).toMatchObject({ cpuPercent: null, memoryBytes: null });
    expect(body.asOf).toBe(time(past));
  });

  test('live, filtered and ordered', async () => {
    const host = await insertHost(server.store);
    const started = [1, 2, 3].map((pid) => ({
      identity: { pid, startTicks: pid, startedUs: 5, comm: `p${pid}` },
      cpuPermille: pid * 100,
    }));
    connectAgent(server, host, () => ({
      boottimeUs: Date.now() * 1000,
      started,
      hasProcesses: true,
    }));
    const get = async (query: string) =>
      (await server.get<List<Process>>(`/api/v1/hosts/${host}/processes?${query}`)).body;
    expect((await get('')).items.map((item) => [item.pid, item.cpuPercent])).toEqual([
      [3, 30],
      [2, 20],
      [1, 10],
    ]);
    expect((await get('process=p2')).items).toHaveLength(1);
    expect((await get('process=3')).items[0]!.process).toBe('p3');
    const first = await get('limit=2&sort=pid');
    expect((await get(`limit=2&sort=pid&cursor=${first.nextCursor}`)).items.map((item) => item.pid)).toEqual([3]);
  });
});

test('interfaces are those of a live host, and a host that is away says so', async () => {
  const host = await insertHost(server.store);
  const path = `/api/v1/hosts/${host}/interfaces`;
  const away = await server.get<Problem>(path);
  expect([away.status, away.body.type]).toEqual([409, 'urn:foretop:problem:host-not-live']);
  const interfaces = [{ name: 'eth0', up: true, rxBytes: 5, speedMbit: 0, addresses: ['10.0.0.1/24'] }];
  connectAgent(server, host, () => ({ boottimeUs: Date.now() * 1000, interfaces }));
  const { body } = await server.get<List<Interface>>(path);
  expect(body.items).toMatchObject([
    { name: 'eth0', up: true, rxBytes: 5, speedMbit: null, addresses: ['10.0.0.1/24'] },
  ]);
});

describe('bandwidth', () => {
  let host: number;
  beforeAll(async () => {
    host = await insertHost(server.store);
    const series = (values: number[], metric: Metric) => ({ metric, values: packDeltas(values) });
    const rx = Array.from({ length: 60 }, (_, i) => i);
    const samples = packSamples([
      series(rx, Metric.METRIC_RX_BYTES),
      series(
        rx.map((n) => n * 2),
        Metric.METRIC_TX_BYTES,
      ),
    ]);
    await server.store.db
      .insertInto('metric_chunk')
      .values({ host_id: host, ts: new Date(past), subject: '', interval_us: 1_000_000, sample_count: 60, samples })
      .execute();
    const minute = { host_id: host, subject: '', seconds: 60, rx_bytes: 6_000, tx_bytes: 60 };
    for (const i of [0, 1, 3])
      await server.store.db
        .insertInto('metric_1m')
        .values({ ...minute, ts: new Date(past + i * 60_000) })
        .execute();
    await server.store.db
      .insertInto('gap')
      .values({
        host_id: host,
        gap_start: new Date(past + 120_000),
        gap_end: new Date(past + 180_000),
        reason: 'stalled',
        lost: 60,
        detail: 'asleep',
      })
      .execute();
  });
  const get = async (query: string) => (await server.get<Bandwidth>(`/api/v1/hosts/${host}/bandwidth?${query}`)).body;

  test('second by second, with null where nothing is known', async () => {
    const { items, stepSeconds } = await get(`from=${time(past + 58_000)}&to=${time(past + 62_000)}`);
    expect(stepSeconds).toBe(1);
    expect(items.map((item) => [item.rxRate, item.txRate])).toEqual([
      [58, 116],
      [59, 118],
      [null, null],
      [null, null],
    ]);
    expect(items[0]!.time).toBe(time(past + 58_000));
    expect(
      (await get(`from=${time(past)}&to=${time(past + 20_000)}&step=10`)).items.map((item) => item.rxRate),
    ).toEqual([5, 15]);
  });

  test('minute by minute, with the gap named', async () => {
    const { items, stepSeconds, gaps } = await get(`from=${time(past)}&to=${time(past + 240_000)}&step=60`);
    expect(stepSeconds).toBe(60);
    expect(items.map((item) => item.rxRate)).toEqual([100, 100, null, 100]);
    expect(gaps).toEqual([
      { from: time(past + 120_000), to: time(past + 180_000), reason: 'stalled', lost: 60, detail: 'asleep' },
    ]);
    expect(
      (await get(`from=${time(past)}&to=${time(past + 240_000)}&step=120`)).items.map((item) => item.rxRate),
    ).toEqual([100, 100]);
  });

  test('the last 30 s come from pulses while they are in no chunk', async () => {
    const live = await insertHost(server.store);
    connectAgent(server, live, () => ({}), { rxRate: 42, txRate: 7 });
    const { body } = await server.get<Bandwidth>(`/api/v1/hosts/${live}/bandwidth`);
    expect([30, 31]).toContain(body.items.length);
    expect(body.items.filter((item) => item.rxRate === 42 && item.txRate === 7)).toHaveLength(1);
    expect(body.items.filter((item) => item.rxRate === null).length).toBeGreaterThan(27);
  });

  test.each(['step=0', 'step=90&from=2026-01-01T00:00:00Z', 'step=1&from=2026-01-01T00:00:00Z', 'interface=a%00'])(
    'refused: %s',
    async (query) => {
      expect((await server.get(`/api/v1/hosts/${host}/bandwidth?${query}`)).status).toBe(400);
    },
  );

  test('gaps have a list of their own, in pages', async () => {
    const path = `/api/v1/hosts/${host}/gaps?from=${time(past)}&limit=1`;
    await server.store.db
      .insertInto('gap')
      .values({
        host_id: host,
        gap_start: new Date(past + 200_000),
        gap_end: new Date(past + 201_000),
        reason: 'clock',
        lost: 1,
        detail: hostile,
      })
      .execute();
    const first = (await server.get<List<GapEntry>>(path)).body;
    const second = (await server.get<List<GapEntry>>(`${path}&cursor=${first.nextCursor}`)).body;
    expect([first.items[0]!.reason, second.items[0]!.reason, second.nextCursor]).toEqual(['stalled', 'clock', null]);
    expect(second.items[0]!.detail).toBe(hostile);
  });
});

describe('statistics', () => {
  const opened = [1, 2, 3].map((handle) => ({
    handle,
    cookie: handle,
    protocol: 6,
    state: handle === 3 ? 10 : 1,
    localAddress: Uint8Array.of(10, 0, 0, 1),
    localPort: 1,
    pid: 1,
    comm: handle === 2 ? '' : 'nginx',
    startedUs: 1,
  }));

  test('of live hosts from their tables, computed at most every two seconds', async () => {
    await using alone = await testServer();
    const [a, b] = [await insertHost(alone.store), await insertHost(alone.store)];
    await insertHost(alone.store, { revoked_at: new Date() });
    connectAgent(alone, a, () => ({ boottimeUs: 1, opened, hasConnections: true }));
    connectAgent(alone, b, () => ({ boottimeUs: 1, opened, hasConnections: true }));
    const [stats, again] = await Promise.all([alone.get<Stats>('/api/v1/stats'), alone.get<Stats>('/api/v1/stats')]);
    expect(stats.body.hosts).toEqual({ live: 2, stale: 0, offline: 0 });
    expect(stats.body.connections).toEqual({ total: 6, byState: { established: 4, listen: 2 } });
    expect(stats.body.topProcesses).toEqual([{ process: 'nginx', connections: 4, hosts: 2 }]);
    expect(again.body).toEqual(stats.body);
  });

  test('of a larger fleet from the history', async () => {
    await using large = await testServer();
    for (let i = 0; i < 21; i++) {
      const host = await insertHost(large.store);
      connectAgent(large, host, () => ({}));
      await insertSegment(large.store, host, [Date.now() - 60_000, Date.now() - 20_000], { comm: i % 2 ? 'a' : 'b' });
      await insertSegment(large.store, host, [Date.now() - 60_000, Date.now() - 20_000], {
        comm: 'gone',
        closed: true,
      });
    }
    const { body } = await large.get<Stats>('/api/v1/stats');
    expect(body.hosts.live).toBe(21);
    expect(body.connections).toEqual({ total: 21, byState: { established: 21 } });
    expect(body.topProcesses).toEqual([
      { process: 'b', connections: 11, hosts: 11 },
      { process: 'a', connections: 10, hosts: 10 },
    ]);
  });
});

describe('the collector itself', () => {
  test('system and configuration', async () => {
    const system = (await server.get<System>('/api/v1/system')).body;
    expect(system).toMatchObject({
      protocolVersion,
      collectorId: server.store.collectorId,
      database: { kind: 'external' },
    });
    expect(system.database.bytes).toBeGreaterThan(1_000_000);
    const viewer = (await server.get<object>('/api/v1/config')).body;
    expect(viewer).toMatchObject({ retentionDays: { connection_segment: 14 } });
    expect(viewer).not.toHaveProperty('dataDir');
    const admin = await server.get<object>('/api/v1/config', {
      authorization: `Bearer ${await server.token('admin')}`,
    });
    expect(admin.body).toHaveProperty('dataDir');
  });

  test('health and metrics need no session', async () => {
    expect((await server.get('/healthz', {})).body).toEqual({ status: 'ok' });
    expect(await server.get('/readyz', {})).toMatchObject({ status: 200, body: { status: 'ready' } });
    const metrics = await server.get<string>('/metrics', {});
    expect(metrics.body).toMatch(/^foretop_http_responses_2xx_total \d+$/m);
    expect(metrics.body).toMatch(/^foretop_process_resident_memory_bytes \d+$/m);
  });

  test.each(['hosts', 'connections', 'stats', 'system', 'config', 'session', 'nothing'])(
    '/api/v1/%s needs one',
    async (path) => {
      expect((await server.get(`/api/v1/${path}`, {})).status).toBe(401);
    },
  );

  test('what does not exist is not found, as a problem', async () => {
    const { status, headers, body } = await server.get<Problem>('/api/v1/nothing');
    expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(body).toMatchObject({ type: 'urn:foretop:problem:not-found', status: 404 });
    expect((await server.get('/')).status).toBe(503);
  });

  test('a database that is away is said to be away', async () => {
    await using broken = await testServer();
    const headers = { authorization: `Bearer ${await broken.token()}` };
    await broken.store.db.destroy();
    expect((await broken.get('/readyz', {})).status).toBe(503);
    expect((await broken.get<Problem>('/api/v1/hosts', headers)).status).toBeGreaterThanOrEqual(500);
  });
});
