// Connections over the REST API: open at an instant, active in a span, filters, order, pages, and what is not known.
import type { Connection, ConnectionList, Problem } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionColumns } from '../../store/queries/connection-sort.ts';
import { insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** An instant well in the past: no segment about it is still to come. */
const past = Math.floor(Date.now() / 1000) * 1000 - 7_200_000;
const time = (ms: number) => new Date(ms).toISOString();

async function list(hostId: number, query: Record<string, string>): Promise<ConnectionList> {
  const { status, body } = await server.get<ConnectionList>(
    `/api/v1/hosts/${hostId}/connections?${new URLSearchParams(query)}`,
  );
  expect({ status, body }).toMatchObject({ status: 200 });
  return body;
}
const names = (found: { items: Connection[] }) => found.items.map((item) => item.process).sort();
const openAt = async (hostId: number, ms: number) => names(await list(hostId, { at: time(ms) }));

describe('open at T', () => {
  test('from its first instant until the one it closed in', async () => {
    const host = await insertHost(server.store);
    await insertSegment(server.store, host, [past - 10_000, past + 5_000], { closed: true, comm: 'short' });
    expect(await openAt(host, past - 10_001)).toEqual([]);
    expect(await openAt(host, past - 10_000)).toEqual(['short']);
    expect(await openAt(host, past + 4_999)).toEqual(['short']);
    expect(await openAt(host, past + 5_000)).toEqual([]);
  });

  test('one row where a segment was cut at 300 s, with the bytes and rate of the one that spans T', async () => {
    const host = await insertHost(server.store);
    const row = { connection_id: '-5', comm: 'long', started_at: new Date(past - 300_000) };
    await insertSegment(server.store, host, [past - 300_000, past], { ...row, rx_bytes: 111 });
    await insertSegment(server.store, host, [past, past + 300_000], { ...row, rx_bytes: 30_000 });
    await insertSegment(server.store, host, [past + 300_000, past + 301_000], { ...row, closed: true, rx_bytes: 7 });
    const { items } = await list(host, { at: time(past) });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ rxBytes: 30_000, rxRate: 100, endedAt: null, startedAt: time(past - 300_000) });
    expect(items[0]!.id).toBe(`${host}-fffffffffffffffb`);
    expect(await openAt(host, past + 300_500)).toEqual(['long']);
    expect(await openAt(host, past + 301_000)).toEqual([]);
  });

  test('near the present the newest unclosed segment stands for one that is still to come', async () => {
    const host = await insertHost(server.store);
    const now = Date.now();
    await insertSegment(server.store, host, [now - 400_000, now - 200_000], { comm: 'still-open' });
    await insertSegment(server.store, host, [now - 400_000, now - 200_000], { comm: 'closed', closed: true });
    await insertSegment(server.store, host, [now - 600_000, now - 310_000], { comm: 'vanished' });
    await insertSegment(server.store, host, [now - 400_000, now - 250_000], { comm: 'ended-since', connection_id: 77 });
    await insertSegment(server.store, host, [now - 250_000, now - 190_000], {
      comm: 'ended-since',
      connection_id: 77,
      closed: true,
    });
    expect(await openAt(host, now)).toEqual(['still-open']);
  });

  test('long ago a connection without a segment after T was not open', async () => {
    const host = await insertHost(server.store);
    await insertSegment(server.store, host, [past - 100_000, past - 50_000], { comm: 'lost' });
    expect(await openAt(host, past)).toEqual([]);
  });

  test('what is not known is said, never passed over', async () => {
    const host = await insertHost(server.store, {
      enrolled_at: new Date(past - 3_600_000),
      last_seen_at: new Date(past + 3_600_000),
    });
    const gap = { host_id: host, reason: 'agent-stopped', lost: 0, detail: '' };
    await server.store.db
      .insertInto('gap')
      .values({ ...gap, gap_start: new Date(past - 1_000), gap_end: new Date(past + 1_000) })
      .execute();
    const unknownAt = async (ms: number) => (await list(host, { at: time(ms) })).unknown;
    expect(await unknownAt(past)).toEqual([
      { hostId: host, from: time(past - 1_000), to: time(past + 1_000), reason: 'agent-stopped' },
    ]);
    expect(await unknownAt(past + 1_000)).toEqual([]);
    expect(await unknownAt(past - 7_200_000)).toMatchObject([
      { reason: 'before-enrolment', to: time(past - 3_600_000) },
    ]);
    expect(await unknownAt(Date.now())).toMatchObject([{ reason: 'not-live', from: time(past + 3_600_000) }]);
    const veteran = await insertHost(server.store);
    expect((await list(veteran, { at: time(Date.now() - 20 * 86_400_000) })).unknown).toMatchObject([
      { reason: 'not-kept' },
    ]);
  });
});

describe('from and to', () => {
  test('sums segments, and takes those that reach beyond the span by their share', async () => {
    const host = await insertHost(server.store);
    const row = { connection_id: 900, comm: 'summed' };
    await insertSegment(server.store, host, [past, past + 100_000], { ...row, rx_bytes: 1000 });
    await insertSegment(server.store, host, [past + 100_000, past + 200_000], { ...row, rx_bytes: 2000 });
    await insertSegment(server.store, host, [past + 200_000, past + 300_000], {
      ...row,
      rx_bytes: 4000,
      tx_bytes: null,
      closed: true,
    });
    const span = (from: number, to: number) => list(host, { from: time(past + from), to: time(past + to) });
    expect((await span(0, 300_000)).items).toMatchObject([
      { rxBytes: 7000, rxRate: 23, endedAt: time(past + 300_000) },
    ]);
    expect((await span(50_000, 150_000)).items).toMatchObject([
      { rxBytes: 1500, txBytes: 100, rxRate: 15, endedAt: null },
    ]);
    expect((await span(210_000, 220_000)).items).toMatchObject([{ rxBytes: 400, txBytes: null, rxRate: 40 }]);
    expect((await span(300_000, 400_000)).items).toEqual([]);
    expect((await span(-50_000, 0)).items).toEqual([]);
  });

  test('a row that folds many connections is never joined with another', async () => {
    const host = await insertHost(server.store);
    const folded = { connection_id: 901, connection_count: 60, closed: true };
    await insertSegment(server.store, host, [past, past + 5_000], folded);
    await insertSegment(server.store, host, [past + 5_000, past + 10_000], { ...folded, connection_count: 70 });
    const { items } = await list(host, { from: time(past), to: time(past + 10_000), sort: 'connectionCount' });
    expect(items.map((item) => item.connectionCount)).toEqual([60, 70]);
  });
});

describe('filters', () => {
  let host: number;
  beforeAll(async () => {
    host = await insertHost(server.store, { name: 'filtered' });
    const span: [number, number] = [past, past + 60_000];
    await insertSegment(server.store, host, span, {
      comm: 'sshd',
      pid: 22,
      direction: 1,
      local_port: 22,
      remote_address: '203.0.113.9',
    });
    await insertSegment(server.store, host, span, {
      comm: 'ssh_x',
      pid: 23,
      state: 8,
      local_address: 'fd00::1',
      remote_address: '2001:db8::5',
    });
    await insertSegment(server.store, host, span, {
      comm: '22',
      pid: 24,
      protocol: 17,
      state: 7,
      remote_address: null,
      remote_port: null,
      local_port: 53,
      direction: 3,
    });
    await insertSegment(server.store, host, span, {
      comm: '%',
      pid: null,
      state: 10,
      remote_address: null,
      remote_port: null,
      local_port: 80,
      direction: 3,
    });
  });

  test.each<[Record<string, string>, string[]]>([
    [{ state: 'established' }, ['sshd']],
    [{ state: 'listen,close-wait' }, ['%', 'ssh_x']],
    [{ state: 'unconnected' }, ['22']],
    [{ state: 'close' }, []],
    [{ process: 'sshd' }, ['sshd']],
    [{ process: 'ssh*' }, ['ssh_x', 'sshd']],
    [{ process: 'sshd_' }, []],
    [{ process: '%' }, ['%']],
    [{ process: '22' }, ['22', 'sshd']],
    [{ protocol: 'udp' }, ['22']],
    [{ port: '22' }, ['sshd']],
    [{ port: '443' }, ['ssh_x', 'sshd']],
    [{ address: '203.0.113.9' }, ['sshd']],
    [{ address: '203.0.113.0/24' }, ['sshd']],
    [{ address: '2001:db8::/32' }, ['ssh_x']],
    [{ address: 'fd00:0::1' }, ['ssh_x']],
    [{ address: '0.0.0.0/0' }, ['%', '22', 'sshd']],
    [{ address: '10.0.0.1', protocol: 'tcp', state: 'listen' }, ['%']],
  ])('%j', async (query, expected) => {
    expect(names(await list(host, { at: time(past), ...query }))).toEqual(expected);
  });

  test('by host, as id or name, over the fleet', async () => {
    const fleet = async (query: Record<string, string>) =>
      names(
        (
          await server.get<ConnectionList>(
            `/api/v1/connections?${new URLSearchParams({ at: time(past), process: 'ssh*', ...query })}`,
          )
        ).body,
      );
    expect(await fleet({})).toEqual(['ssh_x', 'sshd']);
    expect(await fleet({ host: String(host) })).toEqual(['ssh_x', 'sshd']);
    expect(await fleet({ host: 'filtered' })).toEqual(['ssh_x', 'sshd']);
    const { status, body } = await server.get<Problem>('/api/v1/connections?host=nobody,99999');
    expect(status).toBe(400);
    expect(body.errors).toHaveLength(2);
  });

  test('every fault of a query is told at once, and misspelt parameters are faults', async () => {
    const query = 'state=open&port=70000&protocol=icmp&address=10.0.0.0/33&sort=speed&limit=0&at=noon&lmit=3';
    const { status, headers, body } = await server.get<Problem>(`/api/v1/connections?${query}`);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    const parameters = body.errors!.map((error) => error.parameter).sort();
    expect(parameters).toEqual(['address', 'at', 'limit', 'lmit', 'port', 'protocol', 'sort', 'state']);
  });

  test.each([
    `at=${time(past)}&from=${time(past)}`,
    `to=${time(past)}`,
    `from=${time(past)}&to=${time(past - 1)}`,
    'at=2999-01-01T00:00:00Z',
    `at=${time(past)}&at=${time(past)}`,
    'process=a%00b',
    'address=fe80::1%25eth0',
  ])('refused: %s', async (query) => {
    expect((await server.get(`/api/v1/connections?${query}`)).status).toBe(400);
  });
});

describe('order and pages', () => {
  let host: number;
  beforeAll(async () => {
    host = await insertHost(server.store);
    for (let i = 0; i < 11; i++) {
      await insertSegment(server.store, host, [past, past + 60_000], {
        comm: i % 4 === 0 ? '' : `p${i % 3}`,
        pid: i % 3 === 0 ? null : i,
        process_id: i % 2 === 0 ? null : i,
        rx_bytes: i % 5 === 0 ? null : 60_000 * (i % 4),
        local_address: i % 2 === 0 ? `10.0.0.${i}` : `fd00::${i}`,
        remote_address: i % 3 === 0 ? null : `192.0.2.${100 - i * 9}`,
        remote_port: i % 3 === 0 ? null : 443,
        name: i === 3 ? 'ünï "quoted" \\ name' : null,
        started_at: new Date(past - i),
        state: (i % 11) + 1,
      });
    }
  });

  async function walk(query: Record<string, string>, between?: () => Promise<void>): Promise<Connection[]> {
    const all: Connection[] = [];
    for (let cursor = ''; ;) {
      const page = await list(host, { ...query, ...(cursor && { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(Number(query['limit']));
      all.push(...page.items);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
      await between?.();
    }
  }

  test.each(connectionColumns.flatMap((column) => [column, `-${column}`]))(
    'sort=%s visits every row once, unknown last',
    async (sort) => {
      const whole = await list(host, { at: time(past), sort, limit: '1000' });
      const paged = await walk({ at: time(past), sort, limit: '3' });
      expect(paged).toEqual(whole.items);
      expect(new Set(paged.map((item) => item.id)).size).toBe(11);
      const values = paged.map((item) => item[sort.replace('-', '') as keyof Connection]);
      expect(values.slice(values.indexOf(null)).every((value) => value === null) || !values.includes(null)).toBe(true);
    },
  );

  test('fastest first unless asked otherwise', async () => {
    const rates = (await list(host, { at: time(past) })).items.map((item) => item.rxRate);
    const known = rates.filter((value) => value !== null);
    expect(known).toEqual([...known].sort((a, b) => b - a));
    expect(rates.slice(known.length)).toEqual([null, null, null]);
  });

  test('a row that comes in between moves no other row to another page', async () => {
    const before = await walk({ at: time(past), sort: '-rxRate', limit: '2' });
    let added = false;
    const during = await walk({ at: time(past), sort: '-rxRate', limit: '2' }, async () => {
      if (!added) await insertSegment(server.store, host, [past, past + 60_000], { rx_bytes: 1e9, comm: 'late' });
      added = true;
    });
    expect(during).toEqual(before);
  });

  test('a cursor is good for its own query only, and a forged one is refused', async () => {
    const { nextCursor } = await list(host, { at: time(past), limit: '2' });
    const path = `/api/v1/hosts/${host}/connections?at=${time(past)}&limit=2`;
    const withCursor = (cursor: string, more = '') =>
      server.get<Problem>(`${path}${more}&cursor=${encodeURIComponent(cursor)}`);
    expect((await withCursor(nextCursor!, '&sort=pid')).status).toBe(400);
    expect((await withCursor(nextCursor!, '&protocol=tcp')).status).toBe(400);
    const opened = JSON.parse(Buffer.from(nextCursor!, 'base64url').toString()) as { position: object };
    const forge = (change: object) =>
      Buffer.from(JSON.stringify({ ...opened, position: { ...opened.position, ...change } })).toString('base64url');
    for (const change of [
      { value: "0'; drop table host" },
      { value: '9'.repeat(30) },
      { id: 'zz' },
      { hostId: -1 },
      { more: 1 },
    ]) {
      const { status, body } = await withCursor(forge(change));
      expect([status, body.errors?.[0]?.parameter]).toEqual([400, 'cursor']);
    }
    expect((await withCursor('%%%')).status).toBe(400);
    expect((await withCursor('x'.repeat(5000))).status).toBe(400);
  });
});
