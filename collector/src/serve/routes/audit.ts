// GET /api/v1/audit: who changed what, and with what outcome.
import type { AuditEntry, List } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { type AuditRow, selectAudit } from '../../store/queries/audit.ts';
import { requireRole } from '../auth/access.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { queryOf, type ServeEnv } from './context.ts';

const listAudit = operation({
  method: 'get',
  path: '/audit',
  tag: 'Administration',
  role: 'admin',
  status: 200,
  summary: 'Who changed what, newest first',
  query: {
    action: z
      .string()
      .regex(/^[a-z.-]{1,64}$/, 'an action such as token.create is required')
      .optional()
      .describe('Such as token.create, session.create, history.delete.'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.auditList,
  exports: 'rows',
});

export const auditOperations = [listAudit];

const columns = Object.keys(schemas.auditEntry.shape);
const portionRows = 1_000;

export function auditRoutes(options: { store: Store; exporter: Exporter; now: () => number }): Hono<ServeEnv> {
  const { store, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.get(routeOf(listAudit), async (context) => {
    requireRole(context.get('identity'), 'admin');
    const query = parameters.parseQuery(listAudit.query, queryOf(context));
    const { action, limit } = query;
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = () => everyEntry(store, action);
      return exporter.respond({ format, name: 'audit', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['audit', action]);
    const beforeId = query.cursor === undefined ? undefined : decodeCursor(query.cursor, of, z.int().positive());
    const rows = await selectAudit(store.db, { beforeId, action, limit: limit + 1 });
    return context.json({
      items: rows.slice(0, limit).map(entryOf),
      nextCursor: rows.length > limit ? encodeCursor(of, rows[limit - 1]!.id) : null,
      asOf: new Date(now()).toISOString(),
    } satisfies List<AuditEntry>);
  });

  return routes;
}

async function* everyEntry(store: Store, action: string | undefined): AsyncGenerator<AuditEntry[]> {
  for (let beforeId: number | undefined; ;) {
    const rows = await selectAudit(store.db, { beforeId, action, limit: portionRows });
    if (rows.length === 0) return;
    yield rows.map(entryOf);
    beforeId = rows.at(-1)!.id;
  }
}

const entryOf = (row: AuditRow): AuditEntry => ({ ...row, at: row.at.toISOString() });
