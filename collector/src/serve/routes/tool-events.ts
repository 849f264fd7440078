// /api/v1/tool-runs/{id}/events: what a run's hosts said: followed as it comes, in pages, or as a file.
import type { List, ToolRunEvent } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { selectToolEvents } from '../../store/queries/tool-events.ts';
import type { ToolDesk } from '../../tools/tool-desk.ts';
import type { Access, Identity } from '../auth/access.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import type { ToolRequests } from '../tool-requests.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';
import { Followers } from './followers.ts';
import { toolEventAnswer, toolRunAnswer } from './tool-answers.ts';
import { toolStream } from './tool-stream.ts';

const getEvents = operation({
  method: 'get',
  path: '/tool-runs/{id}/events',
  tag: 'Tools',
  role: 'viewer',
  summary: 'What the hosts of a run said, in order; with Accept: text/event-stream as it comes',
  description:
    'The stream has `event: said` with a ToolRunEvent, `event: run` with the ToolRun whenever it changed, and `event: end`. ' +
    'Last-Event-ID goes on after the event of that number.',
  query: {
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  status: 200,
  response: schemas.toolRunEventList,
  exports: 'rows',
});

export const toolEventOperations = [getEvents];

const portionRows = 500;
const columns = ['number', 'at', 'hostId', 'hostName', 'kind', 'event'];

export function toolEventRoutes(options: {
  store: Store;
  access: Pick<Access, 'identify'>;
  requests: ToolRequests;
  tools: Pick<ToolDesk, 'changed'>;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, access, requests, tools, exporter, now } = options;
  const routes = new Hono<ServeEnv>();
  const followers = new Followers();

  const read = async (identity: Identity, runId: string, after: number, limit: number) => {
    const { run, hosts } = await requests.find(identity, runId);
    const hostIds = hosts.map((row) => row.host_id);
    const rows = await selectToolEvents(store.db, { runId, hostIds, after, limit });
    return { run: toolRunAnswer(run, hosts), said: rows.map(toolEventAnswer) };
  };

  const follow = async (context: ServeContext, runId: string): Promise<Response> => {
    const identity = context.get('identity');
    await requests.find(identity, runId);
    const leave = followers.enter(identity);
    const body = toolStream({
      after: Number(/^\d{1,9}$/.exec(context.req.header('last-event-id') ?? '')?.[0] ?? 0),
      // Asked anew each time: a session that was ended sees no more.
      look: async (after) => read(await access.identify(context.env.incoming), runId, after, portionRows),
      changed: (signal) => tools.changed(runId, signal),
      signal: context.req.raw.signal,
      ended: leave,
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
  };

  routes.get(routeOf(getEvents), async (context) => {
    const identity = context.get('identity');
    const runId = context.req.param('id') ?? '';
    const { limit, cursor, format: given } = parameters.parseQuery(getEvents.query, queryOf(context));
    const accept = context.req.header('accept');
    if (given === undefined && accept?.includes('text/event-stream')) return follow(context, runId);
    const format = wantedFormat(given, accept);
    if (format !== undefined) {
      const rows = async function* () {
        for (let after = 0; ;) {
          const { run, said } = await read(identity, runId, after, portionRows);
          const names = new Map(run.hosts.map(({ hostId, hostName }) => [hostId, hostName]));
          yield said.map((one) => ({ ...one, hostName: names.get(one.hostId) ?? '', kind: one.event.kind }));
          if (said.length < portionRows) return;
          after = said.at(-1)!.number;
        }
      };
      await requests.find(identity, runId);
      return exporter.respond({ format, name: 'tool-run', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['tool-events', runId]);
    const after = cursor === undefined ? 0 : decodeCursor(cursor, of, z.int().min(0));
    const { said } = await read(identity, runId, after, limit + 1);
    const items = said.slice(0, limit);
    return context.json({
      items,
      nextCursor: said.length > limit ? encodeCursor(of, items.at(-1)!.number) : null,
      asOf: new Date(now()).toISOString(),
    } satisfies List<ToolRunEvent>);
  });

  return routes;
}
