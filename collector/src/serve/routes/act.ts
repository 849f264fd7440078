// DELETE /api/v1/processes/{id} and /connections/{id}: ask the host for an offer, then let it happen with a signature over that offer.
import type { WantedAction } from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { CommandRequests } from '../command-requests.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import * as schemas from '../openapi/schemas.ts';
import * as parameters from '../query/parameters.ts';
import { readBody } from './body.ts';
import { queryOf, rowIdOf, type ServeContext, type ServeEnv } from './context.ts';

const signed = z.strictObject({ requestId: z.string().regex(/^[0-9a-f]{32}$/), signature: schemas.signature });

const common = {
  method: 'delete',
  tag: 'Commands',
  role: 'operator',
  audit: 'command.offer',
  description:
    'Without a body the host is asked what would happen and answers with a signed offer; nothing happens. With the signature ' +
    'over that offer the host checks it and acts. There is no other way.',
  body: signed,
  status: 202,
  response: schemas.commandOffer,
  withBody: { status: 200, response: schemas.commandResult },
} as const;

const endProcess = operation({
  ...common,
  path: '/processes/{id}',
  summary: 'End a process',
  query: {
    tree: z
      .enum(['true', 'false'], { error: 'true or false is required' })
      .default('false')
      .transform((text) => text === 'true')
      .describe('With all its descendants, each of which the offer names.'),
  },
});
const closeConnection = operation({
  ...common,
  path: '/connections/{id}',
  summary: 'Close a TCP connection',
  query: {},
});

export const actOperations = [endProcess, closeConnection];

export function actRoutes({ requests }: { requests: CommandRequests }): Hono<ServeEnv> {
  const routes = new Hono<ServeEnv>();

  const act = async (context: ServeContext, action: WantedAction, of: Partial<WantedAction>) => {
    const identity = context.get('identity');
    if (!(await hasBody(context))) return context.json(await requests.offer(identity, action), 202);
    const given = await readBody(context, signed, '{"requestId": "…", "signature": {"statement": "…"}}');
    return context.json(await requests.sign(identity, given, of));
  };

  routes.delete(routeOf(endProcess), (context) => {
    const { hostId, id } = rowIdOf(context, 'process');
    const { tree } = parameters.parseQuery(endProcess.query, queryOf(context));
    const of = { kind: 'terminate', processId: `${hostId}-${id}` } as const;
    return act(context, { ...of, tree }, of);
  });

  routes.delete(routeOf(closeConnection), (context) => {
    const { hostId, id } = rowIdOf(context, 'connection');
    parameters.parseQuery(closeConnection.query, queryOf(context));
    const action = { kind: 'close-connection', connectionId: `${hostId}-${id}` } as const;
    return act(context, action, action);
  });

  return routes;
}

const hasBody = async (context: ServeContext): Promise<boolean> => (await context.req.text()) !== '';
