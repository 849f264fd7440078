// /api/v1/hosts/{id}/gaps: the ledger of what is not known of a host.
import type { GapEntry, List } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { type GapRow, gapsQuery, selectGaps } from '../../store/queries/gaps.ts';
import { streamRows } from '../../store/queries/stream-rows.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { spanOf } from '../query/series.ts';
import { findHost } from './connections.ts';
import { hostIdOf, queryOf, type ServeEnv } from './context.ts';

const standardSpanUs = 7 * 86_400_000_000;
const mostGaps = 100_000;

const listGaps = operation({
  method: 'get',
  path: '/hosts/{id}/gaps',
  tag: 'Hosts',
  role: 'viewer',
  status: 200,
  summary: 'The ledger of what is not known of a host; the last 7 days unless asked otherwise',
  query: {
    from: parameters.from,
    to: parameters.to,
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.gapList,
  exports: 'rows',
});

export const gapOperations = [listGaps];

const columns = Object.keys(schemas.gapEntry.shape);

export function gapRoutes(options: { store: Store; exporter: Exporter; now: () => number }): Hono<ServeEnv> {
  const { store, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listGaps), async (context) => {
    const hostId = hostIdOf(context);
    const query = parameters.parseQuery(listGaps.query, queryOf(context));
    const nowUs = now() * 1000;
    const span = spanOf(query, nowUs, standardSpanUs);
    await findHost(store, hostId);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = async function* (signal: AbortSignal) {
        for await (const portion of streamRows(store.db, gapsQuery({ hostIds: [hostId], ...span }), signal))
          yield portion.map(gapEntry);
      };
      return exporter.respond({ format, name: 'gaps', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['gaps', hostId, query.from, query.to]);
    const offset = query.cursor === undefined ? 0 : decodeCursor(query.cursor, of, z.int().min(1).max(mostGaps));
    const rows = await boundedRead(store.db, (db) =>
      selectGaps(db, { hostIds: [hostId], ...span, limit: query.limit + 1, offset }),
    );
    return context.json({
      items: rows.slice(0, query.limit).map(gapEntry),
      nextCursor: rows.length > query.limit ? encodeCursor(of, offset + query.limit) : null,
      asOf: new Date(span.toUs / 1000).toISOString(),
    } satisfies List<GapEntry>);
  });

  return routes;
}

export function gapEntry(row: GapRow): GapEntry {
  return {
    from: row.from.toISOString(),
    to: row.to.toISOString(),
    reason: row.reason,
    lost: row.lost,
    detail: row.detail,
  };
}
