// The fleet as it was: what is on record of each host as the rows that the page shows of live ones.
import type { FleetRecord, HostRecord, UnknownSpan } from '@foretop/proto/api';
import { duration } from '../lib/format/duration.ts';
import type { FleetHost } from '../lib/live/fleet.svelte.ts';
import { recordedSeries } from '../lib/time/recorded-series.ts';
import { unknownWords } from '../lib/time/unknown-words.ts';
import type { ShownHost } from './fleet-view.ts';

/** Hosts that the directory does not name, such as one that was just revoked, are left out. */
export function recordedHosts(
  { items, from, bucketSeconds, unknown }: FleetRecord,
  spanMs: number,
  directory: ReadonlyMap<number, FleetHost>,
): Map<number, ShownHost> {
  const reasons = new Map<number, UnknownSpan>();
  for (const span of unknown) if (!reasons.has(span.hostId)) reasons.set(span.hostId, span);
  const hosts = new Map<number, ShownHost>();
  for (const item of items) {
    const host = directory.get(item.hostId);
    if (!host) continue;
    hosts.set(item.hostId, {
      ...host,
      rxRate: item.rxRate,
      txRate: item.txRate,
      connections: item.connections,
      cpuPermille: item.cpuPercent === null ? null : item.cpuPercent * 10,
      memoryUsedBytes: item.memoryUsedBytes,
      series: recordedSeries(Date.parse(from), bucketSeconds * 1000, item.rxRates, item.txRates),
      record: recordOf(item, spanMs, reasons.get(item.hostId)),
    });
  }
  return hosts;
}

function recordOf(
  { knownSeconds }: HostRecord,
  spanMs: number,
  unknown: UnknownSpan | undefined,
): NonNullable<ShownHost['record']> {
  if (knownSeconds === 0) return { lamp: 'gap', note: unknown ? unknownWords(unknown) : 'no record' };
  const missingMs = spanMs - knownSeconds * 1000;
  // A minute that begins or ends between two samples misses one of them.
  if (missingMs <= 2000) return { lamp: 'record', note: '' };
  return { lamp: 'record', note: `${duration(knownSeconds * 1000)} of ${duration(spanMs)} known` };
}
