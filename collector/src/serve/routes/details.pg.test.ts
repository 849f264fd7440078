// One connection, one process, and what a host did over a span: details, both ends, applications, the time bar.
import type {
  ApplicationList,
  Bandwidth,
  ConnectionDetail,
  List,
  Process,
  ProcessDetail,
  Timeline,
} from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const minute = 60_000;
/** Two hours ago, at a whole ten minutes. */
const past = Math.floor(Date.now() / (10 * minute)) * 10 * minute - 120 * minute;
const iso = (ms: number) => new Date(ms).toISOString();
const hex = (id: number) => id.toString(16).padStart(16, '0');

async function insertProcess(
  host: number,
  id: number,
  values: { comm?: string; parent?: number; exitedMs?: number } = {},
) {
  await server.store.db
    .insertInto('process')
    .values({
      host_id: host,
      process_id: id,
      pid: id,
      started_at: iso(past - minute),
      first_seen_at: iso(past - minute),
      last_seen_at: iso(values.exitedMs ?? past + 9 * minute),
      exited_at: values.exitedMs === undefined ? null : iso(values.exitedMs),
      parent_pid: values.parent ?? 0,
      parent_process_id: values.parent ?? null,
      comm: values.comm ?? `p${id}`,
      executable: '',
      command_line: '',
      uid: 0,
      user_name: '',
      cgroup: '',
      unit: 'a.service',
      container_runtime: 'docker',
      container_id: 'abc',
    })
    .execute();
}

const insertMinute = (host: number, id: number, atMs: number, bytes: number | null, cpuUs = 6_000_000) =>
  server.store.db
    .insertInto('process_1m')
    .values({
      host_id: host,
      ts: iso(atMs),
      process_id: id,
      pid: id,
      seconds: 60,
      cpu_us: cpuUs,
      memory_bytes: 5,
      rx_bytes: bytes,
      tx_bytes: bytes,
      connections: 2,
      threads: 1,
    })
    .execute();

describe('one connection', () => {
  test('of the history: its process, parents, the sums of its segments, and its other end on another host', async () => {
    const [here, there] = [
      await insertHost(server.store, { addresses: ['10.1.0.1/24'] }),
      await insertHost(server.store, { name: 'peer', addresses: ['10.1.0.2'] }),
    ];
    await insertProcess(here, 30, { parent: 20 });
    await insertProcess(here, 20, { parent: 10 });
    await insertProcess(here, 10);
    const ends = { local_address: '10.1.0.1', local_port: 4000, remote_address: '10.1.0.2', remote_port: 5432 };
    const mirror = { local_address: '10.1.0.2', local_port: 5432, remote_address: '10.1.0.1', remote_port: 4000 };
    const segment = { ...ends, connection_id: 77, process_id: 30, started_at: iso(past), rx_packets: 1 };
    await insertSegment(server.store, here, [past, past + 300_000], segment);
    await insertSegment(server.store, here, [past + 300_000, past + 310_000], {
      ...segment,
      closed: true,
      tx_bytes: null,
    });
    await insertSegment(server.store, there, [past + 290_000, past + 311_000], {
      ...mirror,
      connection_id: 88,
      comm: 'postgres',
      process_id: 5,
    });
    await insertSegment(server.store, there, [past + 290_000, past + 311_000], {
      ...mirror,
      local_port: 5433,
      connection_id: 89,
    });
    const { body } = await server.get<ConnectionDetail>(`/api/v1/connections/${here}-${hex(77)}`);
    expect(body).toMatchObject({
      source: 'history',
      connection: { endedAt: iso(past + 310_000), rxBytes: 2000, unit: 'a.service' },
      process: { pid: 30, container: { runtime: 'docker', id: 'abc' } },
      parents: [{ pid: 20 }, { pid: 10 }],
      stored: { segments: 2, from: iso(past), to: iso(past + 310_000), rxBytes: 2000, txBytes: 100, rxPackets: 2 },
      peer: {
        hostId: there,
        hostName: 'peer',
        connectionId: `${there}-${hex(88)}`,
        process: 'postgres',
        joinedBy: 'five-tuple',
      },
    });
    const back = await server.get<ConnectionDetail>(`/api/v1/connections/${there}-${hex(88)}`);
    expect(back.body.peer).toMatchObject({ hostId: here, connectionId: `${here}-${hex(77)}` });
    expect(back.body.connection.communityId).toBe(body.connection.communityId);
  });

  test('loopback has both ends on the host itself, whatever other hosts have', async () => {
    const [host, other] = [
      await insertHost(server.store),
      await insertHost(server.store, { addresses: ['127.0.0.1'] }),
    ];
    const [local, remote] = [{ local_address: '127.0.0.1' }, { remote_address: '127.0.0.1' }];
    const span: [number, number] = [past, past + 5_000];
    await insertSegment(server.store, host, span, {
      ...local,
      ...remote,
      local_port: 1,
      remote_port: 2,
      connection_id: 1,
    });
    await insertSegment(server.store, host, span, {
      ...local,
      ...remote,
      local_port: 2,
      remote_port: 1,
      connection_id: 2,
    });
    await insertSegment(server.store, other, span, {
      ...local,
      ...remote,
      local_port: 2,
      remote_port: 1,
      connection_id: 3,
    });
    const { body } = await server.get<ConnectionDetail>(`/api/v1/connections/${host}-${hex(1)}`);
    expect(body.peer).toMatchObject({ hostId: host, connectionId: `${host}-${hex(2)}` });
  });

  test('a host that has the address but not the connection is no other end', async () => {
    const host = await insertHost(server.store);
    await insertHost(server.store, { addresses: ['203.0.113.9'] });
    await insertSegment(server.store, host, [past, past + 5_000], { remote_address: '203.0.113.9', connection_id: 4 });
    expect((await server.get<ConnectionDetail>(`/api/v1/connections/${host}-${hex(4)}`)).body.peer).toBeNull();
  });

  test('live, before anything of it is stored, with its live other end', async () => {
    const [here, there] = [
      await insertHost(server.store, { addresses: ['10.2.0.1'] }),
      await insertHost(server.store, { addresses: ['10.2.0.2'] }),
    ];
    const [a, b] = [Uint8Array.of(10, 2, 0, 1), Uint8Array.of(10, 2, 0, 2)];
    const row = { handle: 1, cookie: 1, protocol: 6, state: 1, pid: 3, pidStartTicks: 1, rxBytes: 5 };
    const started = [{ identity: { pid: 3, startTicks: 1, comm: 'live' } }];
    connectAgent(server, here, () => ({
      boottimeUs: Date.now() * 1000,
      hasConnections: true,
      opened: [{ ...row, direction: 2, localAddress: a, localPort: 9, remoteAddress: b, remotePort: 80, comm: 'live' }],
      started,
    }));
    connectAgent(server, there, () => ({
      boottimeUs: Date.now() * 1000,
      hasConnections: true,
      opened: [
        { ...row, direction: 1, localAddress: b, localPort: 80, remoteAddress: a, remotePort: 9, comm: 'server' },
      ],
      started,
    }));
    const list = await server.get<List<{ id: string }>>(`/api/v1/hosts/${here}/connections`);
    const { body } = await server.get<ConnectionDetail>(`/api/v1/connections/${list.body.items[0]!.id}`);
    expect(body).toMatchObject({
      source: 'live',
      stored: null,
      process: { process: 'live' },
      peer: { hostId: there, process: 'server' },
    });
    const process = await server.get<ProcessDetail>(`/api/v1/processes/${body.process!.id}`);
    expect(process.body).toMatchObject({ source: 'live', firstSeenAt: null, process: { pid: 3 } });
  });

  test.each([
    '/api/v1/connections/1',
    '/api/v1/connections/99999-0000000000000001',
    '/api/v1/processes/x',
    '/api/v1/processes/99999-0000000000000001/bandwidth',
  ])('%s is not found', async (path) => {
    expect((await server.get(path)).status).toBe(404);
  });
});

describe('what processes used', () => {
  let host: number;
  beforeAll(async () => {
    host = await insertHost(server.store);
    await insertProcess(host, 1, { comm: 'nginx' });
    await insertProcess(host, 2, { comm: 'nginx', exitedMs: past + minute });
    await insertProcess(host, 3, { comm: 'curl' });
    await insertMinute(host, 1, past, 600);
    await insertMinute(host, 1, past + minute, 1200);
    await insertMinute(host, 2, past, 300);
    await insertMinute(host, 3, past, 300);
    await insertMinute(host, 3, past + minute, null);
  });
  const span = `from=${iso(past)}&to=${iso(past + 5 * minute)}`;

  test('one process by the minute, unknown where there is no minute', async () => {
    const path = `/api/v1/processes/${host}-${hex(1)}/bandwidth`;
    const { body } = await server.get<Bandwidth>(`${path}?${span}&step=60`);
    expect(body.items.map((point) => point.rxRate)).toEqual([10, 20, null, null, null]);
    expect((await server.get<Bandwidth>(`${path}?${span}&step=120`)).body.items[0]!.rxRate).toBe(15);
    expect((await server.get(`${path}?step=7`)).status).toBe(400);
  });

  test('share by name', async () => {
    const { body } = await server.get<ApplicationList>(`/api/v1/hosts/${host}/applications?${span}`);
    expect(body).toMatchObject({ rxBytes: 2400, txBytes: 2400, from: iso(past) });
    expect(body.items).toEqual([
      { process: 'nginx', rxBytes: 2100, txBytes: 2100, share: 0.875, processes: 2, cpuSeconds: 18 },
      { process: 'curl', rxBytes: 300, txBytes: 300, share: 0.125, processes: 1, cpuSeconds: 12 },
    ]);
    const before = `from=${iso(past - 5 * minute)}&to=${iso(past)}`;
    expect((await server.get<ApplicationList>(`/api/v1/hosts/${host}/applications?${before}`)).body.items).toEqual([]);
  });

  test('the processes of a span are all that ran in it, those that ended too, with their means', async () => {
    const { items } = (await server.get<List<Process>>(`/api/v1/hosts/${host}/processes?${span}&sort=pid`)).body;
    expect(items.map((item) => [item.pid, item.rxRate, item.exitedAt])).toEqual([
      [1, 15, null],
      [2, 5, iso(past + minute)],
      [3, 3, null],
    ]);
    const later = `from=${iso(past + 2 * minute)}&to=${iso(past + 3 * minute)}`;
    const { body } = await server.get<List<Process>>(`/api/v1/hosts/${host}/processes?${later}&sort=pid`);
    expect(body.items.map((item) => item.pid)).toEqual([1, 3]);
    expect(
      (
        await server.get<List<Process>>(
          `/api/v1/hosts/${host}/processes?${span}&process=!nginx&unit=a.*&container=docker`,
        )
      ).body.items,
    ).toHaveLength(1);
  });
});

test('the time bar has a bucket for every step, null where nothing was measured, and the gaps', async () => {
  const host = await insertHost(server.store);
  const values = {
    host_id: host,
    subject: '',
    rx_bytes: 600,
    tx_bytes: 0,
    rx_bytes_max: 9,
    tx_bytes_max: 9,
    rx_packets: 0,
    tx_packets: 0,
    connections_sum: 60,
    cpu_permille_sum: 7_500,
    cpu_permille_max: 0,
    memory_bytes_max: 0,
    errors: 0,
    drops: 0,
  };
  await server.store.db
    .insertInto('metric_1m')
    .values([
      { ...values, ts: iso(past), seconds: 60, connections_max: 4 },
      { ...values, ts: iso(past + minute), seconds: 30, connections_max: 9 },
      { ...values, ts: iso(past), subject: 'if:eth0', seconds: 60, connections_max: null },
    ])
    .execute();
  await server.store.db
    .insertInto('gap')
    .values({
      host_id: host,
      gap_start: iso(past + minute),
      gap_end: iso(past + 3 * minute),
      reason: 'stalled',
      lost: 0,
      detail: '',
    })
    .execute();
  const path = `/api/v1/hosts/${host}/timeline?from=${iso(past)}&to=${iso(past + 6 * minute)}`;
  const { body } = await server.get<Timeline>(`${path}&buckets=3`);
  expect(body).toMatchObject({
    bucketSeconds: 120,
    from: iso(past),
    to: iso(past + 6 * minute),
    gaps: [{ reason: 'stalled' }],
  });
  expect(body.items).toEqual([
    { time: iso(past), rxRate: 13, txRate: 0, connections: 9, cpuPercent: 16.7, knownSeconds: 90 },
    { time: iso(past + 2 * minute), rxRate: null, txRate: null, connections: null, cpuPercent: null, knownSeconds: 0 },
    { time: iso(past + 4 * minute), rxRate: null, txRate: null, connections: null, cpuPercent: null, knownSeconds: 0 },
  ]);
  expect((await server.get<Timeline>(`${path}&buckets=6`)).body.items).toHaveLength(6);
  expect((await server.get(`${path}&buckets=0`)).status).toBe(400);
});
