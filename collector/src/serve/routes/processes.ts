// /api/v1/hosts/{id}/processes and one process: live, as of an instant, or over a span, and what it carried.
import type { Bandwidth, List, Process, ProcessDetail } from '@foretop/proto/api';
import { LiveSection } from '@foretop/proto/live';
import { limits } from '@foretop/proto';
import { Hono } from 'hono';
import type { LiveHub } from '../../live/hub.ts';
import type { Store } from '../../store/database.ts';
import { createIds } from '../../store/ids.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import type { Choice } from '../../store/queries/connection-filter.ts';
import { selectGaps } from '../../store/queries/gaps.ts';
import { selectParents, selectProcess, selectProcesses, selectProcessMinutes } from '../../store/queries/processes.ts';
import { type Exporter, portionsOf, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, fingerprint } from '../query/cursor.ts';
import { heardAt } from '../query/find-connections.ts';
import { namePattern } from '../query/match-connection.ts';
import { sortRows } from '../query/order.ts';
import * as parameters from '../query/parameters.ts';
import { liveProcesses, storedProcess } from '../query/process-rows.ts';
import { mostGaps, points, spanOfMinutes } from '../query/series.ts';
import { createSnapshots, snapshotPosition } from '../query/snapshots.ts';
import { findHost } from './connections.ts';
import { hostIdOf, noSuchRow, queryOf, rowIdOf, type ServeEnv } from './context.ts';
import { gapEntry } from './gaps.ts';

const columns = Object.keys(schemas.process.shape) as (keyof Process)[];
const liveAnswerMs = 2_000;
const standardSpanUs = 3_600_000_000;
const common = { method: 'get', tag: 'Processes', role: 'viewer', status: 200 } as const;

const listProcesses = operation({
  ...common,
  path: '/hosts/{id}/processes',
  summary: 'Processes of a host: now, at an instant, or all that ran within a span',
  query: {
    process: parameters.processNames.optional(),
    unit: parameters.units.optional(),
    container: parameters.containers.optional(),
    at: parameters.at,
    from: parameters.from,
    to: parameters.to,
    sort: parameters.sort(columns, '-cpuPercent'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  response: schemas.processList,
  exports: 'rows',
});
const getProcess = operation({
  ...common,
  path: '/processes/{id}',
  summary: 'One process, with its parents as far as they are stored',
  query: {},
  response: schemas.processDetail,
});
const getBandwidth = operation({
  ...common,
  path: '/processes/{id}/bandwidth',
  summary: 'What one process carried, by the minute; the last hour unless asked otherwise',
  query: { from: parameters.from, to: parameters.to, step: parameters.stepSeconds.optional(), format: rowFormat },
  response: schemas.bandwidth,
  exports: 'rows',
});

export const processOperations = [listProcesses, getProcess, getBandwidth];

type Time = { atUs: number } | { fromUs: number; toUs: number };

export function processRoutes(options: {
  store: Store;
  live: LiveHub;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, live, exporter, now } = options;
  const ids = createIds(store.hashKey);
  const snapshots = createSnapshots<Process, { asOf: string }>(now);
  const routes = new Hono<ServeEnv>();

  const history = async (hostId: number, time: Time) => {
    const rows = await boundedRead(store.db, (db) =>
      selectProcesses(db, { hostId, ...time, limit: limits.liveProcesses }),
    );
    const untilUs = 'atUs' in time ? time.atUs : time.toUs;
    return { asOfUs: untilUs, processes: rows.map((row) => storedProcess(hostId, row, untilUs)) };
  };
  const present = async (hostId: number) => {
    const tables = await live.tables(hostId, [LiveSection.LIVE_SECTION_PROCESSES], liveAnswerMs);
    return tables && { asOfUs: tables.asOfUs, processes: liveProcesses(hostId, tables, ids) };
  };

  routes.get(routeOf(listProcesses), async (context) => {
    const hostId = hostIdOf(context);
    const query = parameters.parseQuery(listProcesses.query, queryOf(context));
    const time = parameters.timeOf(query, now() * 1000);
    const { process, unit, container, sort } = query;
    const of = fingerprint(['processes', hostId, process, unit, container, sort, query.at, query.from, query.to]);
    const host = await findHost(store, hostId);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (query.cursor !== undefined && format === undefined) {
      const position = decodeCursor(query.cursor, of, snapshotPosition);
      const { items, nextCursor, context: list } = snapshots.next(of, position, query.limit);
      return context.json({ items, nextCursor, ...list } satisfies List<Process>);
    }
    const answer =
      (time === undefined ? await present(hostId) : undefined) ??
      (await history(hostId, time ?? { atUs: heardAt(live, host, now() * 1000) ?? now() * 1000 }));
    const found = sortRows(answer.processes.filter(processMatcher({ process, unit, container })), sort);
    if (format !== undefined) {
      const rows = () => portionsOf(found);
      return exporter.respond({ format, name: 'processes', columns, rows, signal: context.req.raw.signal });
    }
    const asOf = new Date(answer.asOfUs / 1000).toISOString();
    const { items, nextCursor } = snapshots.first(of, found, query.limit, { asOf });
    return context.json({ items, nextCursor, asOf } satisfies List<Process>);
  });

  routes.get(routeOf(getProcess), async (context) => {
    const { hostId, id } = rowIdOf(context, 'process');
    parameters.parseQuery(getProcess.query, queryOf(context));
    await findHost(store, hostId);
    const running = await present(hostId);
    const current = running?.processes.find((process) => process.id === `${hostId}-${id}`);
    const stored = await selectProcess(store.db, hostId, id);
    const asOfUs = current === undefined || running === undefined ? now() * 1000 : running.asOfUs;
    const process = current ?? (stored && storedProcess(hostId, stored, asOfUs));
    if (process === undefined) throw noSuchRow('process', `${hostId}-${id}`);
    const parents = await selectParents(store.db, hostId, id);
    return context.json({
      asOf: new Date(asOfUs / 1000).toISOString(),
      source: current === undefined ? 'history' : 'live',
      process,
      parents: parents.map((row) => storedProcess(hostId, row, asOfUs)),
      firstSeenAt: stored?.firstSeenAt.toISOString() ?? null,
      lastSeenAt: stored?.lastSeenAt.toISOString() ?? null,
    } satisfies ProcessDetail);
  });

  routes.get(routeOf(getBandwidth), async (context) => {
    const { hostId, id } = rowIdOf(context, 'process');
    const query = parameters.parseQuery(getBandwidth.query, queryOf(context));
    const span = spanOfMinutes(query, now() * 1000, standardSpanUs);
    await findHost(store, hostId);
    const [process, carried, gaps] = await boundedRead(store.db, async (db) => [
      await selectProcess(db, hostId, id),
      await selectProcessMinutes(db, { hostId, id, ...span }),
      await selectGaps(db, { hostIds: [hostId], ...span, limit: mostGaps }),
    ]);
    if (process === undefined) throw noSuchRow('process', `${hostId}-${id}`);
    const items = points(carried, span);
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = () => portionsOf(items);
      const pointColumns = Object.keys(schemas.bandwidthPoint.shape);
      const { signal } = context.req.raw;
      return exporter.respond({ format, name: 'process-bandwidth', columns: pointColumns, rows, signal });
    }
    return context.json({
      items,
      nextCursor: null,
      asOf: new Date(span.toUs / 1000).toISOString(),
      stepSeconds: span.stepUs / 1_000_000,
      subject: process.process,
      gaps: gaps.map(gapEntry),
    } satisfies Bandwidth);
  });

  return routes;
}

/** As for connections. */
function processMatcher(wanted: {
  process: Choice<string> | undefined;
  unit: Choice<string> | undefined;
  container: Choice<string> | undefined;
}): (process: Process) => boolean {
  const tests = [
    choose(wanted.process, (text, process) => namePattern(text).test(process.process) || String(process.pid) === text),
    choose(wanted.unit, (text, process) => namePattern(text).test(process.unit)),
    choose(
      wanted.container,
      (text, { container }) => container !== null && (container.runtime === text || container.id.startsWith(text)),
    ),
  ];
  return (process) => tests.every((test) => test(process));
}

function choose(
  choice: Choice<string> | undefined,
  matches: (text: string, process: Process) => boolean,
): (process: Process) => boolean {
  if (choice === undefined) return () => true;
  const { any, none } = choice;
  return (process) =>
    (any.length === 0 || any.some((text) => matches(text, process))) && !none.some((text) => matches(text, process));
}
