// A fleet of hosts made from the recorded machine against the real endpoint, ingest and Postgres: what is stored is what the truth says.
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { partitionedTables } from '../../../collector/src/store/partitions.ts';
import { openTestWire, until } from '../../../collector/test/wire.ts';
import { createFleet } from '../fleet.ts';
import { recorded } from '../profiles/recorded.ts';

test('three minutes of three hosts', { timeout: 90_000 }, async () => {
  await using wire = await openTestWire({ admissionPerSecond: 1_000 });
  const { db } = wire.store;
  for (const table of partitionedTables) {
    await sql.raw(`create table ${table}_all partition of ${table} default`).execute(db);
  }
  await using fleet = createFleet({
    ...{ collectorUrl: `http://127.0.0.1:${wire.port}`, tokens: wire.newToken, hosts: 3, seed: 'recorded' },
    ...{ profile: 'mix', recorded: [recorded], historySeconds: 180, speed: 60, log: pino({ level: 'error' }) },
  });
  fleet.start();
  await until(
    () => fleet.truth({ connections: false }).hosts.every(({ sealedSequence }) => sealedSequence >= 36),
    60_000,
  );
  await fleet.stop(20_000);
  const { hosts } = fleet.truth();
  for (const { hostId, profile, sealed, acknowledged, totals } of hosts) {
    expect(profile).toBe('recorded');
    expect(acknowledged).toEqual(sealed);
    const { rows } = await sql<Record<string, number>>`
      select count(*)::int as segments,
             sum(case when closed then connection_count else 0 end)::int as closed,
             sum(rx_bytes)::float8 as "rxBytes", sum(tx_bytes)::float8 as "txBytes"
      from connection_segment where host_id = ${hostId}`.execute(db);
    const { segments, closed, rxBytes, txBytes } = sealed;
    expect(rows[0]).toEqual({ segments, closed, rxBytes, txBytes });
    expect([rxBytes, txBytes]).toEqual([totals.rxBytes, totals.txBytes]);
    expect(closed).toBe(totals.closed + recorded.listeners.length);
  }
});
