// /api/v1/hosts/{id}/timeline and /applications: what a host did over a span, by bucket and by name of process.
import type { Application, ApplicationList, Timeline, TimelineBucket } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { selectGaps } from '../../store/queries/gaps.ts';
import { type ApplicationRow, selectApplications } from '../../store/queries/processes.ts';
import { selectTimeline, type TimelineRow } from '../../store/queries/timeline.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import * as parameters from '../query/parameters.ts';
import { type AlignedSpan, alignSpan, mostGaps, secondUs, spanOf, standardMinutes } from '../query/series.ts';
import { findHost } from './connections.ts';
import { hostIdOf, queryOf, type ServeEnv } from './context.ts';
import { gapEntry } from './gaps.ts';

const standardBuckets = 120;
const hourUs = 3_600_000_000;
const common = { method: 'get', tag: 'Hosts', role: 'viewer', status: 200, exports: 'rows' } as const;

const getTimeline = operation({
  ...common,
  path: '/hosts/{id}/timeline',
  summary: 'Activity of a host in buckets of whole minutes, with its gaps; the last day unless asked otherwise',
  query: {
    from: parameters.from,
    to: parameters.to,
    buckets: parameters.bucketCount
      .default(standardBuckets)
      .describe(`How many buckets at most, 1 to 1000; ${standardBuckets} unless given.`),
    format: rowFormat,
  },
  response: schemas.timeline,
});
const listApplications = operation({
  ...common,
  path: '/hosts/{id}/applications',
  summary: 'Share of the traffic by name of process, by the minute; the last hour unless asked otherwise',
  query: { from: parameters.from, to: parameters.to, limit: parameters.limit, format: rowFormat },
  response: schemas.applicationList,
});

export const activityOperations = [getTimeline, listApplications];

export function activityRoutes(options: { store: Store; exporter: Exporter; now: () => number }): Hono<ServeEnv> {
  const { store, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getTimeline), async (context) => {
    const hostId = hostIdOf(context);
    const query = parameters.parseQuery(getTimeline.query, queryOf(context));
    const asked = spanOf(query, now() * 1000, 24 * hourUs);
    const span = alignSpan(asked, standardMinutes(asked.toUs - asked.fromUs, query.buckets));
    await findHost(store, hostId);
    const [rows, gaps] = await boundedRead(store.db, async (db) => [
      await selectTimeline(db, { hostId, ...span }),
      await selectGaps(db, { hostIds: [hostId], ...span, limit: mostGaps }),
    ]);
    const items = buckets(rows, span);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const columns = Object.keys(schemas.timelineBucket.shape);
      const { signal } = context.req.raw;
      return exporter.respond({ format, name: 'timeline', columns, rows: () => portionsOf(items), signal });
    }
    return context.json({
      items,
      nextCursor: null,
      ...times(span),
      bucketSeconds: span.stepUs / secondUs,
      gaps: gaps.map(gapEntry),
    } satisfies Timeline);
  });

  routes.get(routeOf(listApplications), async (context) => {
    const hostId = hostIdOf(context);
    const query = parameters.parseQuery(listApplications.query, queryOf(context));
    const span = spanOf(query, now() * 1000, hourUs);
    await findHost(store, hostId);
    const [rows, gaps] = await boundedRead(store.db, async (db) => [
      await selectApplications(db, { hostId, ...span }),
      await selectGaps(db, { hostIds: [hostId], ...span, limit: mostGaps }),
    ]);
    const rxBytes = rows.reduce((sum, row) => sum + row.rxBytes, 0);
    const txBytes = rows.reduce((sum, row) => sum + row.txBytes, 0);
    const items = rows.map((row) => applicationOf(row, rxBytes + txBytes));
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const columns = Object.keys(schemas.application.shape);
      const { signal } = context.req.raw;
      return exporter.respond({ format, name: 'applications', columns, rows: () => portionsOf(items), signal });
    }
    return context.json({
      items: items.slice(0, query.limit),
      nextCursor: null,
      ...times(span),
      rxBytes,
      txBytes,
      gaps: gaps.map(gapEntry),
    } satisfies ApplicationList);
  });

  return routes;
}

function times({ fromUs, toUs }: { fromUs: number; toUs: number }) {
  const [from, to] = [fromUs, toUs].map((us) => new Date(us / 1000).toISOString()) as [string, string];
  return { from, to, asOf: to };
}

function buckets(rows: readonly TimelineRow[], { fromUs, toUs, stepUs }: AlignedSpan): TimelineBucket[] {
  const byTime = new Map(rows.map((row) => [row.timeUs, row]));
  const count = Math.round((toUs - fromUs) / stepUs);
  return Array.from({ length: count }, (_, index) => bucketOf(fromUs + index * stepUs, byTime));
}

function bucketOf(timeUs: number, byTime: ReadonlyMap<number, TimelineRow>): TimelineBucket {
  const row = byTime.get(timeUs);
  const seconds = row?.seconds ?? 0;
  const mean = (sum: number | null | undefined) => (seconds === 0 || sum == null ? null : sum / seconds);
  const rate = (bytes: number | null | undefined) => {
    const value = mean(bytes);
    return value === null ? null : Math.round(value);
  };
  const permille = mean(row?.cpuPermilleSum);
  return {
    time: new Date(timeUs / 1000).toISOString(),
    rxRate: rate(row?.rxBytes),
    txRate: rate(row?.txBytes),
    connections: row?.connectionsMax ?? null,
    cpuPercent: permille === null ? null : Math.round(permille) / 10,
    knownSeconds: seconds,
  };
}

function applicationOf(row: ApplicationRow, totalBytes: number): Application {
  const { process, rxBytes, txBytes, processes, cpuUs } = row;
  const share = totalBytes === 0 ? null : (rxBytes + txBytes) / totalBytes;
  return { process, rxBytes, txBytes, share, processes, cpuSeconds: cpuUs / 1_000_000 };
}
