// /api/v1/fleet: every host as of an instant or over a span, out of its minutes, with what cannot be known.
import type { FleetRecord, HostRecord } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { type FleetBucketRow, selectFleetBuckets } from '../../store/queries/fleet-record.ts';
import { selectGaps } from '../../store/queries/gaps.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { heardAt } from '../query/find-connections.ts';
import * as parameters from '../query/parameters.ts';
import { type AlignedSpan, alignSpan, minuteSeconds, secondUs, standardMinutes } from '../query/series.ts';
import { mostUnknownSpans, unknownSpans } from '../query/unknown-spans.ts';
import { queryOf, type ServeEnv } from './context.ts';

const minuteUs = minuteSeconds * secondUs;
const bucketsShown = 60;
/** A host's minute is sent when it is over; this long after, it is stored. */
const minuteDelayUs = 15 * secondUs;

const getFleet = operation({
  method: 'get',
  path: '/fleet',
  tag: 'Fleet',
  role: 'viewer',
  status: 200,
  summary:
    'Every host as of an instant, by the minute, with the hour before; or over a span. Now unless asked otherwise',
  query: { at: parameters.at, from: parameters.from, to: parameters.to },
  response: schemas.fleetRecord,
});

export const fleetOperations = [getFleet];

export function fleetRoutes(options: {
  store: Store;
  live: LiveHub;
  keptDays: number;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, live, keptDays, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getFleet), async (context) => {
    const query = parameters.parseQuery(getFleet.query, queryOf(context));
    const nowUs = now() * 1000;
    const asked = parameters.timeOf(query, nowUs) ?? { atUs: nowUs };
    const span = bucketsOf(asked, nowUs);
    const identity = context.get('identity');
    const hosts = (await hostsInSight(store.db, identity)).filter((host) => !host.revoked);
    const hostIds = hosts.map((host) => host.hostId);
    // An instant is the minute that it lies in.
    const told = 'atUs' in asked ? { fromUs: span.toUs - minuteUs, toUs: span.toUs } : asked;
    const [rows, gaps] = await boundedRead(store.db, async (db) => [
      await selectFleetBuckets(db, { hostIds, ...span }),
      await selectGaps(db, { ...told, hostIds: isBound(identity) ? hostIds : undefined, limit: mostUnknownSpans }),
    ]);
    const byHost = Map.groupBy(rows, (row) => row.hostId);
    const known = { nowUs, keptDays, heardUs: (host: (typeof hosts)[number]) => heardAt(live, host, nowUs) };
    return context.json({
      items: hostIds.map((hostId) => recordOf(hostId, byHost.get(hostId) ?? [], span, told)),
      nextCursor: null,
      asOf: iso(told.toUs),
      from: iso(span.fromUs),
      to: iso(span.toUs),
      bucketSeconds: span.stepUs / secondUs,
      unknown: unknownSpans(hosts, gaps, told, known),
    } satisfies FleetRecord);
  });

  return routes;
}

/** An instant is shown with the hour before; one that is newer than the newest stored minute is as of that minute. */
function bucketsOf(asked: { atUs: number } | { fromUs: number; toUs: number }, nowUs: number): AlignedSpan {
  if ('fromUs' in asked) return alignSpan(asked, standardMinutes(asked.toUs - asked.fromUs, bucketsShown));
  const newestUs = nowUs - minuteDelayUs - minuteUs;
  const toUs = Math.floor(Math.min(asked.atUs, newestUs) / minuteUs) * minuteUs + minuteUs;
  return { fromUs: toUs - bucketsShown * minuteUs, toUs, stepUs: minuteUs };
}

/** Means and most over the buckets within `told`; the series has all of them. */
function recordOf(
  hostId: number,
  rows: readonly FleetBucketRow[],
  { fromUs, toUs, stepUs }: AlignedSpan,
  told: { fromUs: number; toUs: number },
): HostRecord {
  const count = Math.round((toUs - fromUs) / stepUs);
  const rxRates = Array.from({ length: count }, (): number | null => null);
  const txRates = [...rxRates];
  for (const row of rows) {
    const index = Math.round((row.timeUs - fromUs) / stepUs);
    rxRates[index] = mean(row.rxBytes, row.seconds);
    txRates[index] = mean(row.txBytes, row.seconds);
  }
  const within = rows.filter((row) => row.timeUs + stepUs > told.fromUs && row.timeUs < told.toUs);
  const seconds = within.reduce((sum, row) => sum + row.seconds, 0);
  const permille = mean(sumOf(within, 'cpuPermilleSum'), seconds);
  return {
    hostId,
    knownSeconds: seconds,
    rxRate: mean(sumOf(within, 'rxBytes'), seconds),
    txRate: mean(sumOf(within, 'txBytes'), seconds),
    connections: mostOf(within, 'connectionsMax'),
    cpuPercent: permille === null ? null : permille / 10,
    memoryUsedBytes: mostOf(within, 'memoryBytesMax'),
    rxRates,
    txRates,
  };
}

type Column = 'rxBytes' | 'txBytes' | 'cpuPermilleSum' | 'connectionsMax' | 'memoryBytesMax';

const valuesOf = (rows: readonly FleetBucketRow[], column: Column) =>
  rows.map((row) => row[column]).filter((value) => value !== null);

function sumOf(rows: readonly FleetBucketRow[], column: Column): number | null {
  const values = valuesOf(rows, column);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function mostOf(rows: readonly FleetBucketRow[], column: Column): number | null {
  const values = valuesOf(rows, column);
  return values.length === 0 ? null : Math.max(...values);
}

const mean = (sum: number | null, seconds: number) =>
  sum === null || seconds === 0 ? null : Math.round(sum / seconds);
const iso = (us: number) => new Date(us / 1000).toISOString();
