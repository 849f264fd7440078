// Connections of hosts that are live: out of their tables, in pages that stay, and what is said of hosts that are away.
import type { Connection, ConnectionList } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function list(hostId: number, query: Record<string, string>): Promise<ConnectionList> {
  return (await server.get<ConnectionList>(`/api/v1/hosts/${hostId}/connections?${new URLSearchParams(query)}`)).body;
}
const names = (found: { items: Connection[] }) => found.items.map((item) => item.process);

describe('now', () => {
  const address = (last: number) => Uint8Array.from([192, 0, 2, last]);
  const connections = Array.from({ length: 7 }, (_, i) => ({
    handle: i + 1,
    cookie: i + 1,
    protocol: 6,
    state: i === 6 ? 10 : 1,
    direction: i === 6 ? 3 : 2,
    localAddress: Uint8Array.from([10, 0, 0, 1]),
    localPort: 1000 + i,
    remoteAddress: i === 6 ? new Uint8Array() : address(i),
    remotePort: i === 6 ? 0 : 443,
    pid: 10 + i,
    pidStartTicks: 5,
    comm: i === 2 ? '<script>alert(1)</script>' : `live${i}`,
    startedUs: 1_000_000 * i,
    ...(i !== 6 && { rxBytes: i, txBytes: i, rxRate: i * 100, txRate: 0 }),
  }));

  test('a live host answers from its table, and pages stay as they were at the first', async () => {
    const host = await insertHost(server.store);
    connectAgent(server, host, () => ({
      boottimeUs: Date.now() * 1000,
      opened: connections,
      hasConnections: true,
    }));
    const first = await list(host, { limit: '3' });
    expect(first.items.map((item) => item.rxRate)).toEqual([500, 400, 300]);
    expect(Math.abs(Date.parse(first.asOf) - Date.now())).toBeLessThan(5_000);
    server.live.frame(host, {
      boottimeUs: Date.now() * 1000,
      sequence: 2,
      closed: [1, 2, 3],
      updates: { handle: [4], rxRate: [9], rxBytes: [9], known: [1], state: [1] },
    });
    const rest = await list(host, { limit: '10', cursor: first.nextCursor! });
    expect(rest.items.map((item) => item.rxRate)).toEqual([200, 100, 0, null]);
    expect(rest).toMatchObject({ nextCursor: null, asOf: first.asOf });
    expect(rest.items[0]!.process).toBe('<script>alert(1)</script>');
    expect(rest.items.at(-1)).toMatchObject({ state: 'listen', remoteAddress: null, remotePort: null, rxBytes: null });
    expect(first.items[0]!.id).toMatch(new RegExp(`^${host}-[0-9a-f]{16}$`));
    expect(first.items[0]!.processId).toMatch(new RegExp(`^${host}-[0-9a-f]{16}$`));
  });

  test.each<[Record<string, string>, number]>([
    [{ state: 'listen' }, 1],
    [{ process: 'live*' }, 6],
    [{ process: '10' }, 1],
    [{ process: 'live.' }, 0],
    [{ port: '443' }, 6],
    [{ port: '0' }, 0],
    [{ address: '192.0.2.0/30' }, 4],
    [{ address: '10.0.0.1' }, 7],
    [{ protocol: 'udp' }, 0],
  ])('live filter %j finds %i', async (query, count) => {
    const host = await insertHost(server.store);
    connectAgent(server, host, () => ({
      boottimeUs: 1,
      opened: connections,
      hasConnections: true,
    }));
    expect((await list(host, query)).items).toHaveLength(count);
  });

  test('a host that is away is shown as it was when last heard', async () => {
    const lastSeen = Date.now() - 1_800_000;
    const host = await insertHost(server.store, { last_seen_at: new Date(lastSeen) });
    await insertSegment(server.store, host, [lastSeen - 10_000, lastSeen + 1_000], { comm: 'then' });
    const found = await list(host, {});
    expect(names(found)).toEqual(['then']);
    expect(Math.abs(Date.parse(found.asOf) - lastSeen)).toBeLessThan(5);
  });

  test('the fleet names the hosts that did not answer', async () => {
    const [here, away] = [await insertHost(server.store), await insertHost(server.store)];
    connectAgent(server, here, () => ({
      boottimeUs: Date.now() * 1000,
      opened: connections,
      hasConnections: true,
    }));
    const { body } = await server.get<ConnectionList>(`/api/v1/connections?host=${here},${away}`);
    expect(body.items).toHaveLength(7);
    expect(body.unknown).toMatchObject([{ hostId: away, reason: 'not-live' }]);
  });

  test('an unknown host is not found', async () => {
    expect((await server.get('/api/v1/hosts/99999/connections')).status).toBe(404);
    expect((await server.get('/api/v1/hosts/abc/connections')).status).toBe(404);
  });
});
