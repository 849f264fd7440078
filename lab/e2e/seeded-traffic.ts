// Traffic with the world in the database of a collector: a laboratory has no way to any of these addresses.
import { sql } from 'kysely';
import { pino } from 'pino';
import { openStore } from '../../collector/src/store/database.ts';

/** Of universities and registries, whose networks stay where they are; and how many MB were exchanged with each. */
export const farEnds: readonly (readonly [address: string, megabytes: number])[] = [
  ['141.24.4.1', 9_400],
  ['193.0.6.139', 4_200],
  ['8.8.8.8', 3_100],
  ['9.9.9.9', 2_700],
  ['130.59.31.80', 880],
  ['129.240.2.6', 420],
  ['147.32.1.20', 260],
  ['133.11.0.1', 190],
  ['202.12.29.205', 96],
  ['200.160.2.3', 54],
  ['196.216.2.6', 21],
  ['164.100.1.1', 8],
  ['128.250.1.1', 3.4],
  ['146.232.1.1', 0.9],
];

/** One connection of each host with each of them, closed a minute ago. */
export async function seedTraffic(dataDir: string, hosts: readonly number[]): Promise<void> {
  await using store = await openStore({ dataDir, role: 'command', log: pino({ level: 'silent' }) });
  for (const [at, hostId] of hosts.entries())
    for (const [index, [address, megabytes]] of farEnds.entries()) {
      // One host talks with few, another with many.
      if (index > 0 && index % (at + 1) !== 0) continue;
      const bytes = Math.round((megabytes * 1e6) / (at + 1));
      await sql`
        insert into connection_segment (host_id, seg_start, seg_end, connection_id, started_at, started_before, closed,
          comm, uid, protocol, state, direction, local_address, local_port, remote_address, remote_port,
          rx_bytes, tx_bytes, name_source, connection_count)
        values (${hostId}, now() - interval '6 min', now() - interval '1 min', ${hostId * 1000 + index + 1},
          now() - interval '6 min', false, true, 'curl', 1000, 6, 7, 2, '10.20.0.1', ${40_000 + index}, ${address}, 443,
          ${Math.round(bytes * 0.7)}, ${Math.round(bytes * 0.3)}, 0, 1)`.execute(store.db);
    }
}
