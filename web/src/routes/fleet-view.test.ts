// Filter, order and sums of the fleet page.
import type { Host, HostStatusName } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import type { FleetHost } from '../lib/live/fleet.svelte.ts';
import { createSeriesRing } from '../lib/time/series-ring.ts';
import { fleetMatcher, fleetTotals, fleetValue } from './fleet-view.ts';

function host(name: string, status: HostStatusName, rxRate: number | null): FleetHost {
  const series = createSeriesRing(8);
  series.push({ timeMs: 1_000, rxRate: 900, txRate: 0, stepMs: 1000 });
  series.push({ timeMs: 5_000, rxRate: rxRate ?? 0, txRate: 7, stepMs: 1000 });
  const pulse = { rxRate, txRate: rxRate, connections: rxRate, cpuPermille: null, memoryUsedBytes: null };
  const rest = { addresses: [], lastSeenMs: null, memoryTotalBytes: null, host: { os: 'Debian' } as Host };
  return { key: 1, name, status, series, search: name, ...pulse, ...rest };
}
const hosts = [
  host('web-1', 'live', 5),
  host('web-2', 'stale', null),
  host('db-1', 'offline', null),
  host('x', 'revoked', null),
];

it('counts hosts by status and sums what is known', () => {
  expect(fleetTotals(hosts, 0)).toEqual({
    counts: { live: 1, stale: 1, offline: 1, revoked: 1, record: 0, gap: 0 },
    rxRate: 5,
    txRate: 5,
    connections: 5,
    peak: 900,
  });
});

it('counts hosts of the record apart', () => {
  const past = [
    { ...hosts[0]!, record: { lamp: 'record', note: '' } as const },
    { ...hosts[1]!, record: { lamp: 'gap', note: '' } as const },
  ];
  expect(fleetTotals(past, 0).counts).toMatchObject({ live: 0, stale: 0, record: 1, gap: 1 });
  expect(past.filter(fleetMatcher('', 'gap'))).toHaveLength(1);
});

it('the peak is that of the time shown', () => expect(fleetTotals(hosts, 2_000).peak).toBe(7));

it.each([
  ['', '', ['web-1', 'web-2', 'db-1', 'x']],
  ['WEB', '', ['web-1', 'web-2']],
  ['web', 'stale', ['web-2']],
  ['web 9', '', []],
])('filter %j %j', (text, status, names) =>
  expect(hosts.filter(fleetMatcher(text, status)).map((entry) => entry.name)).toEqual(names),
);

it('unknown values sort as unknown, not as 0', () => expect(fleetValue(hosts[1]!, 'rx')).toBeNull());
