// /api/v1/scans: who knocked at ports where nothing answers, or began connections and left it at that.
import type { ScanEvidence, ScanKindName, ScanList } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { scanColumns, type ScanRow, scanSortColumns, scansQuery, selectScans } from '../../store/queries/scans.ts';
import { streamRows } from '../../store/queries/stream-rows.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { askedSpan, pageOf, resume, spanFacts, spanNote } from '../query/span-list.ts';
import { askedHosts, queryOf, type ServeEnv } from './context.ts';

/** By the number in facts.proto, less one. */
const kindNames = ['syn', 'fin', 'null', 'xmas', 'udp', 'half-open'] as const satisfies readonly ScanKindName[];

const listScans = operation({
  method: 'get',
  path: '/scans',
  tag: 'Scans',
  role: 'viewer',
  status: 200,
  summary: 'Packets from one source to ports where nothing of the host answers',
  description: `${spanNote} A row counts when any part of it lies within.`,
  query: {
    host: parameters.hosts.optional(),
    kind: parameters
      .choice(
        z
          .enum(kindNames, { error: `any of ${kindNames.join(', ')} is required` })
          .transform((name) => kindNames.indexOf(name) + 1),
      )
      .optional()
      .describe(`Any of ${kindNames.join(', ')}.`),
    source: parameters.addresses.optional().describe('Addresses or networks (10.0.0.0/8) of the source.'),
    port: parameters.ports.optional().describe('Ports or ranges (8000-8100) of the host.'),
    at: parameters.at,
    from: parameters.from,
    to: parameters.to,
    sort: parameters.sort(scanColumns, '-endedAt'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.scanList,
  exports: 'rows',
});

export const scanOperations = [listScans];

const columns = Object.keys(schemas.scanEvidence.shape);

export function scanRoutes(options: {
  store: Store;
  live: LiveHub;
  exporter: Exporter;
  keptDays: number;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listScans), async (context) => {
    const query = parameters.parseQuery(listScans.query, queryOf(context));
    const { sort, limit, kind, source, port } = query;
    const asked = await askedHosts(store, context.get('identity'), query.host);
    const hostIds = asked.named ? asked.hosts.map(({ hostId }) => hostId) : undefined;
    const filter = { hostIds, kind, source, port };
    const askedFor = askedSpan(query, now() * 1000);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = async function* (signal: AbortSignal) {
        const all = scansQuery({ span: askedFor, filter, sort });
        for await (const portion of streamRows(store.db, all, signal)) yield portion.map(scanEvidence);
      };
      return exporter.respond({ format, name: 'scans', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['scans', filter, sort, query.at, query.from, query.to]);
    const { span, after } = resume(query.cursor, of, scanSortColumns[sort.column], askedFor);
    const found = await boundedRead(store.db, (db) => selectScans(db, { span, filter, sort, limit: limit + 1, after }));
    const { rows, nextCursor } = pageOf(found, limit, of, span);
    return context.json({
      items: rows.map(scanEvidence),
      nextCursor,
      ...(await spanFacts(asked, span, options)),
    } satisfies ScanList);
  });

  return routes;
}

function scanEvidence({ sortValue: _key, ...row }: ScanRow): ScanEvidence {
  return {
    ...row,
    id: `${row.hostId}-${row.id}`,
    startedAt: row.startedAt.toISOString(),
    endedAt: row.endedAt.toISOString(),
    kind: kindNames[row.kind - 1]!,
  };
}
