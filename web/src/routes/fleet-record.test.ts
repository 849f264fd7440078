// Hosts out of the record: on record, partly, or with a gap and its reason.
import type { FleetRecord } from '@foretop/proto/api';
import { expect, it } from 'vitest';
import type { FleetHost } from '../lib/live/fleet.svelte.ts';
import { recordedHosts } from './fleet-record.ts';

const directory = new Map(
  [1, 2, 3].map((key) => [key, { key, name: `web-0${key}`, status: 'live', rxRate: 9 } as FleetHost]),
);
const item = (hostId: number, knownSeconds: number, rxRate: number | null) => ({
  hostId,
  knownSeconds,
  rxRate,
  txRate: rxRate,
  connections: rxRate,
  cpuPercent: rxRate,
  memoryUsedBytes: null,
  rxRates: [null, rxRate],
  txRates: [null, rxRate],
});
const record = {
  items: [item(1, 60, 5), item(2, 31, 7), item(3, 0, null), item(4, 60, 1)],
  from: '2026-11-20T03:00:00.000Z',
  bucketSeconds: 60,
  unknown: [{ hostId: 3, from: '2026-11-20T02:00:00Z', to: '2026-11-20T03:00:00Z', reason: 'before-enrolment' }],
} as unknown as FleetRecord;

it('takes what was true then, not what the host does now', () => {
  const hosts = recordedHosts(record, 60_000, directory);
  expect([...hosts.keys()]).toEqual([1, 2, 3]);
  expect(hosts.get(1)).toMatchObject({
    name: 'web-01',
    rxRate: 5,
    cpuPermille: 50,
    record: { lamp: 'record', note: '' },
  });
  expect(hosts.get(1)!.series.length).toBe(1);
  expect(hosts.get(2)!.record).toEqual({ lamp: 'record', note: '31 s of 1 min known' });
  expect(hosts.get(3)).toMatchObject({ rxRate: null, record: { lamp: 'gap', note: 'not enrolled yet' } });
});
