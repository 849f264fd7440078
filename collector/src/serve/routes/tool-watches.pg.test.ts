// Watches over REST: listed with what they measured last, read as series, ended; and who talked to an address.
import type { AddressFacts, ToolHostList, WatchList, WatchSeries } from '@foretop/proto/api';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { testSigner } from '../../../test/commandable.ts';
import { type TestFleet, testFleet, type TestHost } from '../../../test/commanded-fleet.ts';
import { makeAccount, signIn } from '../../../test/people.ts';
import { insertSegment } from '../../../test/server.ts';
import { askRun, runOf, signRun, startTool } from '../../../test/tool-host.ts';
import { until } from '../../../test/wire.ts';
import * as schemas from '../openapi/schemas.ts';

let fleet: TestFleet;
let host: TestHost;
let me: Record<string, string>;
const id = '0123456789abcdef';

beforeAll(async () => {
  fleet = await testFleet();
  host = await fleet.host();
  me = await fleet.signIn();
});
afterAll(() => fleet[Symbol.asyncDispose]());
beforeEach(async () => {
  me = await fleet.signIn();
});

test('a watch is made like any run, measures, and is ended', async () => {
  const parameters = {
    ...{ id, target: 'db.example', protocol: 'tcp', port: 5432, intervalSeconds: 5 },
    expiresAt: Math.floor(Date.now() / 1_000) + 86_400,
  };
  const asked = await askRun(fleet, me, { tool: 'watch', parameters, hosts: [host.hostId] } as { hosts: number[] }, [
    host,
  ]);
  await signRun(fleet, me, asked, await testSigner());
  const tool = await startTool(host.agent);
  expect((await fleet.ask<WatchList>('GET', '/watches', me)).body.items).toEqual([]);
  await tool.end(asked.offers[0]!.offer);
  await until(async () => (await runOf(fleet, me, asked.run.id)).status === 'ended');

  const thisMinute = Math.floor(Date.now() / 60_000) * 60_000;
  const minute = (back: number): Date => new Date(thisMinute - back * 60_000);
  for (const [back, lost] of [
    [1, 0],
    [2, 12],
    [3, 3],
  ] as const) {
    await fleet.server.store.db
      .insertInto('metric_1m')
      .values({
        ...{ host_id: host.hostId, ts: minute(back), subject: `watch:${id}`, seconds: 60 },
        ...{
          probes_sent: 12,
          probes_lost: lost,
          probe_rtt_sum_us: (12 - lost) * 500,
          probe_rtt_max_us: lost === 12 ? 0 : 900,
        },
      } as never)
      .execute();
  }
  const { body } = await fleet.ask<WatchList>('GET', '/watches', me);
  expect(schemas.watchList.safeParse(body).error?.issues).toBeUndefined();
  expect(body.items).toMatchObject([
    {
      ...{ id, hostId: host.hostId, target: 'db.example', protocol: 'tcp', port: 5432, status: 'active' },
      latest: { sent: 36, lost: 15, rttMeanUs: 500, rttMaxUs: 900, at: minute(1).toISOString() },
    },
  ]);
  const series = await fleet.ask<WatchSeries>('GET', `/watches/${id}/series?host=${host.hostId}`, me);
  expect(schemas.watchSeries.safeParse(series.body).error?.issues).toBeUndefined();
  const known = series.body.items.filter(({ seconds }) => seconds > 0);
  expect(known.map(({ sent, lost, rttMeanUs }) => [sent, lost, rttMeanUs])).toEqual([
    [12, 3, 500],
    [12, 12, null],
    [12, 0, 500],
  ]);
  expect(series.body.items.length).toBeGreaterThan(55);

  await makeAccount(fleet.server, 'elsewhere', 'operator', ['elsewhere']);
  const bound = { ...(await signIn(fleet.server, 'elsewhere')) };
  expect((await fleet.ask<WatchList>('GET', '/watches', bound)).body.items).toEqual([]);
  expect((await fleet.ask('GET', `/watches/${id}/series?host=${host.hostId}`, bound)).status).toBe(404);
  expect((await fleet.ask('DELETE', `/watches/${id}`, bound)).status).toBe(404);

  expect((await fleet.ask('DELETE', `/watches/${id}`, me)).status).toBe(204);
  await host.agent.next('cancel');
  await until(async () => (await fleet.ask<WatchList>('GET', '/watches', me)).body.items.length === 0);
  const all = await fleet.ask<WatchList>('GET', '/watches?status=all', me);
  expect(all.body.items).toMatchObject([{ id, status: 'ended' }]);
});

test('who talked to an address, and what it was called', async () => {
  const now = Date.now();
  const values = {
    remote_address: '192.0.2.99',
    connection_id: 4242,
    comm: 'psql',
    name: 'db.example',
    connection_count: 1,
  };
  await insertSegment(fleet.server.store, host.hostId, [now - 400_000, now - 100_000], values);
  await insertSegment(fleet.server.store, host.hostId, [now - 100_000, now - 50_000], values);
  const { body } = await fleet.ask<AddressFacts>('GET', '/tools/address?address=192.0.2.99', me);
  expect(schemas.addressFacts.safeParse(body).error?.issues).toBeUndefined();
  expect(body).toMatchObject({
    knownAs: ['db.example'],
    hosts: [{ hostId: host.hostId, connections: 1, rxBytes: 2_000, txBytes: 200, processes: ['psql'] }],
  });
  expect((await fleet.ask('GET', '/tools/address?address=fe80::1%25eth0', me)).status).toBe(400);
});

test('from which hosts one may look', async () => {
  const { body } = await fleet.ask<ToolHostList>('GET', '/tools/hosts', me);
  expect(schemas.toolHostList.safeParse(body).error?.issues).toBeUndefined();
  expect(body.items).toMatchObject([{ hostId: host.hostId, allowed: null, why: expect.stringMatching(/too old/) }]);
});
