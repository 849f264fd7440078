// /api/v1/watches: what hosts measure on their own, again and again: who has one, its figures over time, and its end.
import type { Watch, WatchList, WatchPoint, WatchSeries } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { listWatches, selectWatchSteps, type WatchRow, type WatchStep } from '../../store/queries/tool-watches.ts';
import { summaryOf } from '../../tools/target.ts';
import type { ToolDesk } from '../../tools/tool-desk.ts';
import { actorOf } from '../audit.ts';
import { type Identity, mayActOn, sees } from '../auth/access.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { RequestError } from '../problem.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { type AlignedSpan, secondUs, spanOfMinutes } from '../query/series.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';
import { figuresAnswer, watchAnswer } from './tool-answers.ts';
import { withProblems } from './command-problems.ts';

const common = { tag: 'Tools', role: 'viewer', query: {}, status: 200 } as const;
const host = parameters.hostId.optional().describe("A host's id; all in sight unless given.");

const listAll = operation({
  ...common,
  method: 'get',
  path: '/watches',
  summary: 'Watches of hosts in sight with their latest figures, newest first',
  query: {
    host,
    status: z
      .enum(['active', 'all'], { error: 'active or all is required' })
      .default('active')
      .describe('active unless given; all: those that have ended too.'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.watchList,
  exports: 'rows',
});
const getSeries = operation({
  ...common,
  method: 'get',
  path: '/watches/{id}/series',
  summary: 'What a watch measured on one host, by steps of whole minutes; the last hour unless asked otherwise',
  query: {
    host: parameters.hostId.describe("The host's id."),
    from: parameters.from,
    to: parameters.to,
    step: parameters.stepSeconds.optional(),
    format: rowFormat,
  },
  response: schemas.watchSeries,
  exports: 'rows',
});
const endWatch = operation({
  ...common,
  method: 'delete',
  path: '/watches/{id}',
  role: 'operator',
  audit: 'tool.watch-stop',
  summary: 'End a watch on all of its hosts that one may act on, or on one of them',
  query: { host },
  status: 204,
});

export const toolWatchOperations = [listAll, getSeries, endWatch];

const standardSpanUs = 3_600 * secondUs;
const mostHosts = 1_000;
const position = z.strictObject({ at: z.iso.datetime(), requestId: z.string() });
const columns = Object.keys(schemas.watch.shape);
const pointColumns = Object.keys(schemas.watchPoint.shape);

export function toolWatchRoutes(options: {
  store: Store;
  tools: Pick<ToolDesk, 'stopWatch'>;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, tools, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  /** All of a watch that are in sight, ended ones too. Throws RequestError not-found when there are none. */
  const find = async (context: ServeContext, hostId: number | undefined): Promise<WatchRow[]> => {
    const id = context.req.param('id') ?? '';
    const identity = context.get('identity');
    const hostIds = hostId === undefined ? undefined : [hostId];
    const filter = { id, hostIds, ended: true, now: new Date(now()), before: undefined, limit: mostHosts };
    const found = await boundedRead(store.db, (db) => listWatches(db, filter));
    const seen = found.filter(({ labels }) => sees(identity, labels));
    if (seen.length === 0)
      throw new RequestError('not-found', `There is no watch ${JSON.stringify(id.slice(0, 64))} there.`);
    return seen;
  };
  const sighted = async (identity: Identity, hostId: number | undefined): Promise<readonly number[] | undefined> => {
    const all = isBound(identity) ? (await hostsInSight(store.db, identity)).map((row) => row.hostId) : undefined;
    return hostId === undefined ? all : [hostId].filter((id) => all === undefined || all.includes(id));
  };

  routes.get(routeOf(listAll), async (context) => {
    const query = parameters.parseQuery(listAll.query, queryOf(context));
    const { limit, status, cursor } = query;
    const hostIds = await sighted(context.get('identity'), query.host);
    const filter = { hostIds, ended: status === 'all', now: new Date(now()) };
    const of = fingerprint(['watches', hostIds, status]);
    const after = cursor === undefined ? undefined : decodeCursor(cursor, of, position);
    const before = after && { at: new Date(after.at), requestId: after.requestId };
    const read = (page: { before: typeof before; limit: number }) =>
      boundedRead(store.db, (db) => listWatches(db, { ...filter, ...page }));
    const answer = (row: WatchRow): Watch => watchAnswer(row, filter.now);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const items = (await read({ before: undefined, limit: mostHosts * 10 })).map(answer);
      const rows = () => portionsOf(items);
      return exporter.respond({ format, name: 'watches', columns, rows, signal: context.req.raw.signal });
    }
    const found = await read({ before, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return context.json({
      items: shown.map(answer),
      nextCursor: last ? encodeCursor(of, { at: last.createdAt.toISOString(), requestId: last.requestId }) : null,
      asOf: filter.now.toISOString(),
    } satisfies WatchList);
  });

  routes.get(routeOf(getSeries), async (context) => {
    const query = parameters.parseQuery(getSeries.query, queryOf(context));
    const span = spanOfMinutes(query, now() * 1_000, standardSpanUs);
    const [watch] = await find(context, query.host);
    const { id, hostId } = watch!;
    const steps = await boundedRead(store.db, (db) => selectWatchSteps(db, { hostId, id, ...span }));
    const items = pointsOf(steps, span);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = () => portionsOf(items);
      const signal = context.req.raw.signal;
      return exporter.respond({ format, name: 'watch', columns: pointColumns, rows, signal });
    }
    return context.json({
      items,
      nextCursor: null,
      asOf: new Date(span.toUs / 1_000).toISOString(),
      ...{ watchId: id, hostId, stepSeconds: span.stepUs / secondUs },
    } satisfies WatchSeries);
  });

  routes.delete(routeOf(endWatch), async (context) => {
    const identity = context.get('identity');
    const query = parameters.parseQuery(endWatch.query, queryOf(context));
    const theirs = (await find(context, query.host)).filter(({ labels }) => mayActOn(identity, labels));
    if (theirs.length === 0) throw new RequestError('role-too-low', 'You may not act on any of its hosts.');
    const by = { actor: actorOf(identity) };
    for (const { requestId, runId, hostId, wireId, parameters: asked } of theirs) {
      const summary = summaryOf({ tool: 'watch', parameters: asked });
      await withProblems(() => tools.stopWatch(by, { requestId, runId, hostId, wireId, summary }));
    }
    return context.body(null, 204);
  });

  return routes;
}

/** One point a step; a step of which nothing is on record has no seconds. */
function pointsOf(steps: readonly WatchStep[], { fromUs, toUs, stepUs }: AlignedSpan): WatchPoint[] {
  const byTime = new Map(steps.map((step) => [step.timeUs, step]));
  const count = Math.round((toUs - fromUs) / stepUs);
  return Array.from({ length: count }, (_, index) => {
    const timeUs = fromUs + index * stepUs;
    const step = byTime.get(timeUs) ?? { seconds: 0, sent: 0, lost: 0, rttSumUs: 0, rttMaxUs: 0 };
    return { time: new Date(timeUs / 1_000).toISOString(), seconds: step.seconds, ...figuresAnswer(step) };
  });
}
