// /api/v1/commands: commands that wait for those who sign elsewhere, and what came of all of them.
import type { CommandList } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { CommandDesk } from '../../command/desk.ts';
import type { Store } from '../../store/database.ts';
import { listCommands } from '../../store/queries/commands.ts';
import { hostsInSight, isBound } from '../auth/sight.ts';
import type { CommandRequests } from '../command-requests.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { readBody } from './body.ts';
import { commandAnswer } from './command-answers.ts';
import { queryOf, type ServeContext, type ServeEnv } from './context.ts';

const wanted = z.strictObject({ hostId: z.int().min(1).max(2_147_483_647), action: schemas.wantedAction });
const signed = z.strictObject({ requestId: z.string().optional(), signature: schemas.signature });

const common = { tag: 'Commands', role: 'operator', query: {} } as const;

const queueOne = operation({
  ...common,
  method: 'post',
  path: '/commands',
  audit: 'command.queue',
  summary: 'Queue a command for 15 minutes, for somebody who signs it elsewhere',
  body: wanted,
  status: 201,
  response: schemas.command,
});
const listAll = operation({
  ...common,
  method: 'get',
  path: '/commands',
  summary: 'Commands of hosts in sight, newest first',
  query: {
    status: schemas.commandStatus.optional().describe('Such as queued.'),
    host: parameters.hostId.optional().describe("A host's id."),
    limit: parameters.limit,
    cursor: parameters.cursor,
  },
  status: 200,
  response: schemas.commandList,
});
const getOne = operation({
  ...common,
  method: 'get',
  path: '/commands/{requestId}',
  summary: 'One command, with its receipt',
  status: 200,
  response: schemas.command,
});
const offerOne = operation({
  ...common,
  method: 'post',
  path: '/commands/{requestId}/offer',
  audit: 'command.offer',
  summary: 'Ask the host for a fresh offer of a queued command; nothing happens',
  status: 200,
  response: schemas.commandOffer,
});
const signOne = operation({
  ...common,
  method: 'post',
  path: '/commands/{requestId}/signature',
  audit: 'command.sign',
  person: true,
  summary: 'Let an offer happen, by a signature over it; waits for the receipt',
  body: signed,
  status: 200,
  response: schemas.commandResult,
});
const withdrawOne = operation({
  ...common,
  method: 'delete',
  path: '/commands/{requestId}',
  audit: 'command.withdraw',
  summary: 'Withdraw a command that is not signed yet',
  status: 204,
});

export const commandOperations = [queueOne, listAll, getOne, offerOne, signOne, withdrawOne];

const position = z.strictObject({ at: z.iso.datetime(), requestId: z.string() });

export function commandRoutes(options: {
  store: Store;
  requests: CommandRequests;
  desk: Pick<CommandDesk, 'progress'>;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, requests, desk, now } = options;
  const routes = new Hono<ServeEnv>();
  /** These operations have no parameters. Throws RequestError invalid-request. */
  const idOf = (context: ServeContext): string => {
    parameters.parseQuery({}, queryOf(context));
    return context.req.param('requestId') ?? '';
  };

  routes.post(routeOf(queueOne), async (context) => {
    const identity = context.get('identity');
    parameters.parseQuery(queueOne.query, queryOf(context));
    const { hostId, action } = await readBody(context, wanted, '{"hostId": 1, "action": {"kind": "terminate", …}}');
    const requestId = await requests.queue(identity, hostId, action);
    return context.json(commandAnswer(await requests.find(identity, requestId), []), 201);
  });

  routes.get(routeOf(listAll), async (context) => {
    const identity = context.get('identity');
    const { status, host, limit, cursor } = parameters.parseQuery(listAll.query, queryOf(context));
    const inSight = isBound(identity)
      ? (await hostsInSight(store.db, identity)).map(({ hostId }) => hostId)
      : undefined;
    const hostIds = host === undefined ? inSight : [host].filter((id) => inSight === undefined || inSight.includes(id));
    const of = fingerprint(['commands', status, host]);
    const after = cursor === undefined ? undefined : decodeCursor(cursor, of, position);
    const before = after && { at: new Date(after.at), requestId: after.requestId };
    const rows = await listCommands(store.db, { status, hostIds, before, limit: limit + 1 });
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const more = rows.length > limit && last !== undefined;
    return context.json({
      items: shown.map((row) => commandAnswer(row, desk.progress(row.request_id))),
      nextCursor: more ? encodeCursor(of, { at: last.created_at.toISOString(), requestId: last.request_id }) : null,
      asOf: new Date(now()).toISOString(),
    } satisfies CommandList);
  });

  routes.get(routeOf(getOne), async (context) => {
    const row = await requests.find(context.get('identity'), idOf(context));
    return context.json(commandAnswer(row, desk.progress(row.request_id)));
  });

  routes.post(routeOf(offerOne), async (context) =>
    context.json(await requests.offerQueued(context.get('identity'), idOf(context))),
  );

  routes.post(routeOf(signOne), async (context) => {
    const { signature } = await readBody(context, signed, '{"signature": {"statement": "…"}}');
    return context.json(await requests.sign(context.get('identity'), { requestId: idOf(context), signature }));
  });

  routes.delete(routeOf(withdrawOne), async (context) => {
    await requests.withdraw(context.get('identity'), idOf(context));
    return context.body(null, 204);
  });

  return routes;
}
