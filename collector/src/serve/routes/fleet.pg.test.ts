// The fleet as of an instant and over a span: means by the minute, hosts without a record, and why they have none.
import type { FleetRecord } from '@foretop/proto/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
let [busy, silent, late]: number[] = [];
const minute = 60_000;
/** Two hours ago, at a whole ten minutes. */
const past = Math.floor(Date.now() / (10 * minute)) * 10 * minute - 120 * minute;
const iso = (ms: number) => new Date(ms).toISOString();

beforeAll(async () => {
  server = await testServer();
  const early = { enrolled_at: iso(past - 600 * minute), last_seen_at: iso(Date.now()) };
  busy = await insertHost(server.store, { name: 'busy', ...early });
  silent = await insertHost(server.store, { name: 'silent', ...early });
  late = await insertHost(server.store, { name: 'late', enrolled_at: iso(past + 30 * minute) });
  await insertHost(server.store, { name: 'revoked', revoked_at: iso(past) });
  await insertMinute(busy, past - minute, 30, 100);
  await insertMinute(busy, past, 60, 6_000);
  await insertMinute(busy, past + minute, 60, 12_000);
  await server.store.db
    .insertInto('gap')
    .values({
      host_id: silent,
      gap_start: iso(past - minute),
      gap_end: iso(past + minute),
      reason: 'agent-stopped',
      lost: 0,
      detail: '',
    })
    .execute();
});
afterAll(() => server[Symbol.asyncDispose]());

const insertMinute = (host: number, atMs: number, seconds: number, bytes: number) =>
  server.store.db
    .insertInto('metric_1m')
    .values({
      host_id: host,
      ts: iso(atMs),
      subject: '',
      seconds,
      rx_bytes: bytes,
      tx_bytes: bytes * 2,
      connections_max: bytes / 100,
      cpu_permille_sum: seconds * 250,
      memory_bytes_max: 7,
    })
    .execute();

const read = async (query: string) => (await server.get<FleetRecord>(`/api/v1/fleet?${query}`)).body;

test('an instant is its minute, with the hour before', async () => {
  const body = await read(`at=${iso(past + 40_000)}`);
  expect(body).toMatchObject({
    asOf: iso(past + minute),
    from: iso(past - 59 * minute),
    to: iso(past + minute),
    bucketSeconds: 60,
  });
  expect(body.items.map((item) => item.hostId)).toEqual([busy, silent, late]);
  const [first, second] = body.items;
  expect(first).toMatchObject({
    knownSeconds: 60,
    rxRate: 100,
    txRate: 200,
    connections: 60,
    cpuPercent: 25,
    memoryUsedBytes: 7,
  });
  expect(first!.rxRates.slice(-3)).toEqual([null, 3, 100]);
  expect(first!.txRates).toHaveLength(60);
  expect(second).toMatchObject({ knownSeconds: 0, rxRate: null, connections: null, cpuPercent: null });
  expect(body.unknown.map(({ hostId, reason }) => [hostId, reason])).toEqual(
    expect.arrayContaining([
      [silent, 'agent-stopped'],
      [late, 'before-enrolment'],
    ]),
  );
  expect(body.unknown.some(({ hostId }) => hostId === busy)).toBe(false);
});

test('a span is a mean over what was measured of it', async () => {
  const body = await read(`from=${iso(past)}&to=${iso(past + 10 * minute)}`);
  expect(body).toMatchObject({ asOf: iso(past + 10 * minute), bucketSeconds: 60 });
  expect(body.items[0]).toMatchObject({ knownSeconds: 120, rxRate: 150, txRate: 300, connections: 120 });
  expect(body.items[0]!.rxRates).toEqual([100, 200, ...Array.from({ length: 8 }, () => null)]);
});

test('the present is the newest minute that can be stored', async () => {
  const { asOf } = await read('');
  const age = Date.now() - Date.parse(asOf);
  expect(age).toBeGreaterThan(10_000);
  expect(age).toBeLessThan(80_000);
});

test.each([
  `at=${iso(Date.now() + 3_600_000)}`,
  `at=${iso(past)}&from=${iso(past)}`,
  `from=${iso(past)}&to=${iso(past)}`,
])('%s is refused', async (query) => {
  expect((await server.get(`/api/v1/fleet?${query}`)).status).toBe(400);
});
