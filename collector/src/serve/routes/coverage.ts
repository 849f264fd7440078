// /api/v1/hosts/{id}/coverage: what of a host's traffic was seen at sockets, and what of its time was measured.
import type { Coverage, CoveragePoint } from '@foretop/proto/api';
import { Hono } from 'hono';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { type CoverageRow, selectCoverage } from '../../store/queries/coverage.ts';
import { selectGaps } from '../../store/queries/gaps.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import * as parameters from '../query/parameters.ts';
import { type AlignedSpan, mostGaps, secondUs, spanOfMinutes } from '../query/series.ts';
import { findHost } from './connections.ts';
import { gapEntry } from './gaps.ts';
import { hostIdOf, queryOf, type ServeEnv } from './context.ts';

const standardSpanUs = 3_600_000_000;
/** A chunk of a minute is sealed at its end and comes some seconds later: until then its seconds are not missing. */
const dueAfterUs = 75 * secondUs;

const getCoverage = operation({
  method: 'get',
  path: '/hosts/{id}/coverage',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary: 'Share of the traffic that was seen at sockets, lost events, and seconds missing, late or backfilled',
  description: 'In steps of whole minutes; the last hour unless asked otherwise.',
  query: {
    from: parameters.from,
    to: parameters.to,
    step: parameters.stepSeconds.optional().describe('Seconds of a step: 60, 120 …; some 300 steps unless given.'),
    format: rowFormat,
  },
  response: schemas.coverage,
  exports: 'rows',
});

export const coverageOperations = [getCoverage];

const columns = Object.keys(schemas.coveragePoint.shape);

export function coverageRoutes(options: { store: Store; exporter: Exporter; now: () => number }): Hono<ServeEnv> {
  const { store, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(getCoverage), async (context) => {
    const hostId = hostIdOf(context);
    const query = parameters.parseQuery(getCoverage.query, queryOf(context));
    const nowUs = now() * 1000;
    const span = spanOfMinutes(query, nowUs, standardSpanUs);
    const { enrolledAt } = await findHost(store, hostId);
    const [rows, gaps] = await boundedRead(store.db, async (db) => [
      await selectCoverage(db, { hostId, ...span }),
      await selectGaps(db, { hostIds: [hostId], ...span, limit: mostGaps }),
    ]);
    const items = coveragePoints(rows, span, { fromUs: enrolledAt.getTime() * 1000, toUs: nowUs - dueAfterUs });
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const { signal } = context.req.raw;
      return exporter.respond({ format, name: 'coverage', columns, rows: () => portionsOf(items), signal });
    }
    const to = new Date(span.toUs / 1000).toISOString();
    return context.json({
      items,
      nextCursor: null,
      asOf: to,
      from: new Date(span.fromUs / 1000).toISOString(),
      to,
      stepSeconds: span.stepUs / secondUs,
      gaps: gaps.map(gapEntry),
    } satisfies Coverage);
  });

  return routes;
}

/** One point a step. `due`: from when on the host was to measure, and up to when its measurements are to be here. */
export function coveragePoints(
  rows: readonly CoverageRow[],
  { fromUs, toUs, stepUs }: AlignedSpan,
  due: { fromUs: number; toUs: number },
): CoveragePoint[] {
  const byTime = new Map(rows.map((row) => [row.timeUs, row]));
  return Array.from({ length: Math.round((toUs - fromUs) / stepUs) }, (_, index) => {
    const timeUs = fromUs + index * stepUs;
    const row = byTime.get(timeUs);
    const dueUs = Math.min(timeUs + stepUs, due.toUs) - Math.max(timeUs, due.fromUs);
    const { socketBytes = null, interfaceBytes = null } = row ?? {};
    return {
      time: new Date(timeUs / 1000).toISOString(),
      // Both are read one after the other, so that a second's traffic may be in the one and not yet in the other.
      coverage: socketBytes === null || !interfaceBytes ? null : Math.min(1, socketBytes / interfaceBytes),
      socketBytes,
      interfaceBytes,
      forwardedBytes: row?.forwardedBytes ?? null,
      eventsLost: row?.eventsLost ?? null,
      missingSeconds: Math.max(0, Math.floor(dueUs / secondUs) - (row?.seconds ?? 0)),
      lateSeconds: row?.lateSeconds ?? 0,
      backfilledSeconds: row?.backfilledSeconds ?? 0,
    };
  });
}
