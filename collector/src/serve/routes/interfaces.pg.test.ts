// Interfaces over the REST API: live ones of a host that answers, and what is on record of any host.
import type { List, Problem, RecordedInterface } from '@foretop/proto/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
let away: number;
const minuteMs = 60_000;
const lastMs = Math.floor(Date.now() / minuteMs) * minuteMs - 600_000;

beforeAll(async () => {
  server = await testServer();
  away = await insertHost(server.store, { name: 'away', last_seen_at: new Date(lastMs + minuteMs) });
  const minute = (subject: string, agoMinutes: number, values: object) => ({
    host_id: away,
    ts: new Date(lastMs - agoMinutes * minuteMs),
    subject,
    seconds: 60,
    late_seconds: 0,
    backfilled_seconds: 0,
    ...values,
  });
  await server.store.db
    .insertInto('metric_1m')
    .values([
      minute('', 0, { rx_bytes: 1_000_000, tx_bytes: 1 }),
      minute('if:eth0', 0, { rx_bytes: 700, tx_bytes: 70, errors: 1, drops: 0 }),
      minute('if:eth0', 1, { rx_bytes: 300, tx_bytes: 30, errors: 2, drops: 5, seconds: 30 }),
      minute('if:eth0', 90, { rx_bytes: 5_000, tx_bytes: 0 }),
      minute('if:lo', 0, { rx_bytes: 9_000, tx_bytes: 9_000 }),
      minute('if:old0', 90, { rx_bytes: 1, tx_bytes: 1 }),
    ])
    .execute();
});
afterAll(() => server[Symbol.asyncDispose]());

const time = (ms: number) => new Date(ms).toISOString();
const recorded = (query: string) =>
  server.get<List<RecordedInterface>>(`/api/v1/hosts/${away}/interfaces/recorded?${query}`);

test('a host that is away is not asked, and what each interface carried is on record', async () => {
  const live = await server.get<Problem>(`/api/v1/hosts/${away}/interfaces`);
  expect({ status: live.status, type: live.body.type }).toEqual({
    status: 409,
    type: expect.stringMatching(/host-not-live$/),
  });
  const { status, body } = await recorded(`from=${time(lastMs - 10 * minuteMs)}&to=${time(lastMs + minuteMs)}`);
  expect(status).toBe(200);
  expect(body.items).toEqual([
    { name: 'lo', rxBytes: 9_000, txBytes: 9_000, errors: null, drops: null, knownSeconds: 60 },
    { name: 'eth0', rxBytes: 1_000, txBytes: 100, errors: 3, drops: 5, knownSeconds: 90 },
  ]);
});

test('a span is that of its whole minutes; the last hour unless asked otherwise', async () => {
  const within = await recorded(`from=${time(lastMs + 20_000)}&to=${time(lastMs + 40_000)}`);
  expect(within.body.items.map(({ name, rxBytes }) => [name, rxBytes])).toEqual([
    ['lo', 9_000],
    ['eth0', 700],
  ]);
  expect((await recorded('')).body.items.map(({ name }) => name)).toEqual(['lo', 'eth0']);
  const before = await recorded(`from=${time(lastMs - 91 * minuteMs)}&to=${time(lastMs - 80 * minuteMs)}`);
  expect(before.body.items.map(({ name }) => name)).toEqual(['eth0', 'old0']);
});

test('a host that there is not, and a span that is none', async () => {
  expect((await server.get('/api/v1/hosts/999/interfaces/recorded')).status).toBe(404);
  expect((await recorded(`from=${time(lastMs)}&to=${time(lastMs - minuteMs)}`)).status).toBe(400);
});
