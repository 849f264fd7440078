// /api/v1/tool-runs: looks from several hosts at once: asked, signed, cancelled, and what was asked before.
import type { ToolRun, ToolRunList } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Store } from '../../store/database.ts';
import { boundedRead } from '../../store/queries/bounded-read.ts';
import { listToolRuns, toolRunColumns, type ToolRunFilter, type ToolRunPlace } from '../../store/queries/tool-runs.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import { type Exporter, rowFormat, wantedFormat } from '../export/export.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import type { ToolRequests } from '../tool-requests.ts';
import type { Identity } from '../auth/access.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';
import { toolRunAnswer } from './tool-answers.ts';

const common = { tag: 'Tools', query: {} } as const;

const askHosts = operation({
  ...common,
  method: 'post',
  path: '/tool-runs',
  role: 'operator',
  audit: 'tool.ask',
  summary: 'Ask hosts for offers to run a tool; nothing happens until they are signed',
  body: schemas.wantedToolRun,
  status: 201,
  response: schemas.toolRunAsked,
});
const signRun = operation({
  ...common,
  method: 'post',
  path: '/tool-runs/{id}/sign',
  role: 'operator',
  audit: 'tool.sign',
  person: true,
  summary: 'Let the tool run where its offer is signed; does not wait for the end',
  body: schemas.toolRunSignatures,
  status: 200,
  response: schemas.toolRunSigned,
});
const cancelRun = operation({
  ...common,
  method: 'delete',
  path: '/tool-runs/{id}',
  role: 'operator',
  audit: 'tool.cancel',
  summary: 'Stop a run on all of its hosts that one may act on',
  status: 204,
});
const getRun = operation({
  ...common,
  method: 'get',
  path: '/tool-runs/{id}',
  role: 'viewer',
  summary: 'One run, with the state of each host in sight',
  status: 200,
  response: schemas.toolRun,
});
const listRuns = operation({
  ...common,
  method: 'get',
  path: '/tool-runs',
  role: 'viewer',
  summary: 'Runs on hosts in sight, newest first',
  query: {
    tool: schemas.tool.optional().describe('Such as ping.'),
    host: parameters.hostId.optional().describe("A host's id."),
    status: z
      .enum(['open', 'ended'], { error: 'open or ended is required' })
      .optional()
      .describe('open: some host is still due.'),
    from: parameters.from,
    to: parameters.to,
    q: parameters.words.optional().describe('Words that all stand somewhere in tool, target, operator or parameters.'),
    sort: parameters.sort(toolRunColumns, '-createdAt'),
    limit: parameters.limit,
    cursor: parameters.cursor,
    format: rowFormat,
  },
  status: 200,
  response: schemas.toolRunList,
  exports: 'rows',
});

export const toolRunOperations = [askHosts, signRun, cancelRun, getRun, listRuns];

const columns = ['id', 'tool', 'target', 'operator', 'status', 'createdAt', 'endedAt', 'parameters', 'hosts'];
const position = z.strictObject({ value: z.string(), runId: z.string() });
const portionRows = 200;

export function toolRunRoutes(options: {
  store: Store;
  requests: ToolRequests;
  exporter: Exporter;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, requests, exporter, now } = options;
  const routes = new Hono<ServeEnv>();

  /** One page, with the place after which the next one begins. */
  const page = async (
    identity: Identity,
    filter: ToolRunFilter & { sort: Parameters<typeof listToolRuns>[1]['sort'] },
    after: ToolRunPlace | undefined,
    limit: number,
  ): Promise<{ items: ToolRun[]; next: ToolRunPlace | undefined }> => {
    const rows = await boundedRead(store.db, (db) => listToolRuns(db, { ...filter, after, limit: limit + 1 }));
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const next = rows.length > limit && last ? { value: last.sortValue, runId: last.run_id } : undefined;
    return { items: await requests.answers(identity, shown), next };
  };

  routes.post(routeOf(askHosts), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const wanted = await readBody(
      context,
      schemas.wantedToolRun,
      '{"tool": "ping", "parameters": {"target": "example.org", …}, "hosts": [1]}',
    );
    return context.json(await requests.ask(context.get('identity'), wanted), 201);
  });

  routes.post(routeOf(signRun), async (context) => {
    const id = runIdOf(context);
    const given = await readBody(
      context,
      schemas.toolRunSignatures,
      '{"signatures": [{"requestId": "…", "signature": {"statement": "…"}}]}',
    );
    return context.json(await requests.sign(context.get('identity'), id, given));
  });

  routes.delete(routeOf(cancelRun), async (context) => {
    await requests.cancel(context.get('identity'), runIdOf(context));
    return context.body(null, 204);
  });

  routes.get(routeOf(getRun), async (context) => {
    const { run, hosts } = await requests.find(context.get('identity'), runIdOf(context));
    return context.json(toolRunAnswer(run, hosts));
  });

  routes.get(routeOf(listRuns), async (context) => {
    const identity = context.get('identity');
    const query = parameters.parseQuery(listRuns.query, queryOf(context));
    const { tool, host, status, q, sort, limit, cursor } = query;
    const sighted = isBound(identity)
      ? (await hostsInSight(store.db, identity)).map(({ hostId }) => hostId)
      : undefined;
    const filter = {
      ...{ tool, sort, words: q ?? [], from: dateOf(query.from), to: dateOf(query.to) },
      hostIds: host === undefined ? sighted : [host].filter((id) => sighted === undefined || sighted.includes(id)),
      ended: status === undefined ? undefined : status === 'ended',
    };
    const format = wantedFormat(query.format, context.req.header('accept'));
    if (format !== undefined) {
      const rows = async function* () {
        for (let after: ToolRunPlace | undefined; ;) {
          const { items, next } = await page(identity, filter, after, portionRows);
          yield items;
          if (next === undefined) return;
          after = next;
        }
      };
      return exporter.respond({ format, name: 'tool-runs', columns, rows, signal: context.req.raw.signal });
    }
    const of = fingerprint(['tool-runs', filter]);
    const after = cursor === undefined ? undefined : decodeCursor(cursor, of, position);
    const { items, next } = await page(identity, filter, after, limit);
    return context.json({
      items,
      nextCursor: next ? encodeCursor(of, next) : null,
      asOf: new Date(now()).toISOString(),
    } satisfies ToolRunList);
  });

  return routes;
}

/** Of operations without parameters. Throws RequestError invalid-request. */
function runIdOf(context: ServeContext): string {
  parameters.parseQuery({}, queryOf(context));
  return context.req.param('id') ?? '';
}

const dateOf = (us: number | undefined): Date | undefined => (us === undefined ? undefined : new Date(us / 1000));
