// DELETE /api/v1/history: deletes a span, of all hosts or of some; a dry run counts what would go.
import type { HistoryDeletion } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Detection } from '../../detect/detection.ts';
import type { Store } from '../../store/database.ts';
import { countHistory, deleteHistory } from '../../store/queries/delete-history.ts';
import { selectHostSpans } from '../../store/queries/gaps.ts';
import type { Audit } from '../audit.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { invalidQuery, parseQuery, timeOf } from '../query/parameters.ts';
import * as parameters from '../query/parameters.ts';
import { chosenHosts, queryOf, type ServeEnv } from './context.ts';

const removeHistory = operation({
  method: 'delete',
  path: '/history',
  tag: 'Administration',
  role: 'admin',
  audit: 'history.delete',
  status: 200,
  summary: 'Delete the history of a span (from, to), of all hosts or of some; it cannot be brought back',
  description:
    'Findings of which all lies within go too, and detectors begin to learn anew. Hosts, keys, gaps and the audit stay. The span ' +
    'is noted as a gap with the reason deleted.',
  query: {
    from: parameters.from,
    to: parameters.to,
    host: parameters.hosts.optional(),
    dryRun: z
      .enum(['true', 'false'], { error: 'true or false is required' })
      .transform((text) => text === 'true')
      .optional()
      .describe('true: only count the rows.'),
  },
  response: schemas.historyDeletion,
});

export const historyOperations = [removeHistory];

export function historyRoutes(options: {
  store: Store;
  detection: Detection;
  audit: Audit;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, detection, audit, now } = options;
  const routes = new Hono<ServeEnv>();

  routes.delete(routeOf(removeHistory), async (context) => {
    const identity = context.get('identity');
    const query = parseQuery(removeHistory.query, queryOf(context));
    const dryRun = query.dryRun ?? false;
    // Never by default: a request that forgot its span must not delete everything.
    const time = timeOf(query, now() * 1000);
    if (time === undefined || !('fromUs' in time) || query.to === undefined)
      throw invalidQuery([{ parameter: time === undefined ? 'from' : 'to', detail: 'is required: from and to' }]);
    const hosts = query.host === undefined ? undefined : chosenHosts(await selectHostSpans(store.db), query.host);
    const span = { ...time, hostIds: hosts?.map((host) => host.hostId) };
    const [from, to] = [new Date(time.fromUs / 1000).toISOString(), new Date(time.toUs / 1000).toISOString()];
    const detail = { from, to, hosts: span.hostIds?.join(',') ?? 'all', dryRun };
    if (!dryRun) store.recent?.forget();
    try {
      const rows = dryRun
        ? await countHistory(store.db, span)
        : await deleteHistory(store.db, span, context.req.raw.signal);
      if (!dryRun) await detection.historyDeleted(span.hostIds);
      const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
      await audit(identity, 'history.delete', { ...detail, rows: total });
      return context.json({
        dryRun,
        from,
        to,
        hostIds: span.hostIds ?? null,
        rows,
        total,
      } satisfies HistoryDeletion);
    } catch (error) {
      await audit(identity, 'history.delete', detail, 'failed');
      throw error;
    }
  });

  return routes;
}
