// /api/v1/notifications and /notifications/messages: what was sent, what waits, and what was given up.
import type {
  NotificationMessage,
  NotificationMessageDetail,
  NotificationMessageList,
  NotificationSummary,
} from '@foretop/proto/api';
import { Hono } from 'hono';
import { z } from 'zod';
import type { Notifier } from '../../notify/notifier.ts';
import type { Store } from '../../store/database.ts';
import {
  countMessages,
  dropMessage,
  findMessage,
  listMessages,
  type MessageRow,
  retryMessage,
} from '../../store/queries/notification-messages.ts';
import { listChannels, listRoutes } from '../../store/queries/notification-settings.ts';
import type { Audit } from '../audit.ts';
import * as schemas from '../openapi/notify-schemas.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import { RequestError } from '../problem.ts';
import { decodeCursor, encodeCursor, fingerprint } from '../query/cursor.ts';
import * as parameters from '../query/parameters.ts';
import { idOf } from './accounts.ts';
import { queryOf, type ServeEnv } from './context.ts';

const common = { tag: 'Notifications', role: 'admin' } as const;
const states = ['waiting', 'sent', 'dead', 'dropped'] as const;

const summary = operation({
  ...common,
  method: 'get',
  path: '/notifications',
  status: 200,
  summary: 'How many channels, routes and messages there are, and which mail server is configured',
  query: {},
  response: schemas.notificationSummary,
});
const listAll = operation({
  ...common,
  method: 'get',
  path: '/notifications/messages',
  status: 200,
  summary: 'Messages, newest first; state=dead are those that were given up',
  query: {
    state: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(states, { error: `any of ${states.join(', ')} is required` })))
      .optional()
      .describe(`Any of ${states.join(', ')}.`),
    channel: parameters.hostId.optional().describe("A channel's id."),
    limit: parameters.limit,
    cursor: parameters.cursor,
  },
  response: schemas.notificationMessageList,
});
const getOne = operation({
  ...common,
  method: 'get',
  path: '/notifications/messages/{id}',
  status: 200,
  summary: 'One message with exactly what was sent',
  query: {},
  response: schemas.notificationMessage,
});
const retry = operation({
  ...common,
  method: 'post',
  path: '/notifications/messages/{id}/retry',
  audit: 'notification-message.retry',
  status: 200,
  summary: 'Send a message that was given up anew',
  query: {},
  response: schemas.notificationMessage,
});
const drop = operation({
  ...common,
  method: 'delete',
  path: '/notifications/messages/{id}',
  audit: 'notification-message.drop',
  status: 204,
  summary: 'Do not send a message that waits or was given up; it stays on record',
  query: {},
});

export const notificationMessageOperations = [summary, listAll, getOne, retry, drop];

export function notificationMessageRoutes(options: {
  store: Store;
  notifier: Notifier;
  audit: Audit;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, notifier, audit, now } = options;
  const routes = new Hono<ServeEnv>();
  const asOf = () => new Date(now()).toISOString();

  routes.get(routeOf(summary), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    const channels = await listChannels(store.db);
    const all = await listRoutes(store.db, new Date(now()));
    const { mail } = notifier;
    return context.json({
      ...{ asOf: asOf(), channels: channels.length, routes: all.length, ...(await countMessages(store.db)) },
      mail: mail ? { server: `${mail.host}:${mail.port}`, from: mail.from, encryption: mail.encryption } : null,
    } satisfies NotificationSummary);
  });

  routes.get(routeOf(listAll), async (context) => {
    const { state, channel, limit, cursor } = parameters.parseQuery(listAll.query, queryOf(context));
    const of = fingerprint(['notifications', state, channel]);
    const beforeId = cursor === undefined ? undefined : decodeCursor(cursor, of, z.int().positive());
    const rows = await listMessages(store.db, { states: state, channelId: channel, beforeId, limit: limit + 1 });
    return context.json({
      items: rows.slice(0, limit).map(messageOf),
      nextCursor: rows.length > limit ? encodeCursor(of, rows[limit - 1]!.id) : null,
      asOf: asOf(),
    } satisfies NotificationMessageList);
  });

  const one = async (id: number): Promise<NotificationMessageDetail> => {
    const row = await findMessage(store.db, id);
    if (row === undefined) throw noSuchMessage(id);
    return messageDetail(row);
  };

  routes.get(routeOf(getOne), async (context) => {
    parameters.parseQuery({}, queryOf(context));
    return context.json(await one(idOf(context)));
  });

  routes.post(routeOf(retry), async (context) => {
    const id = idOf(context);
    if (!(await retryMessage(store.db, id, new Date(now())))) throw await notPossible(id, 'was given up');
    await audit(context.get('identity'), 'notification-message.retry', { messageId: id });
    return context.json(await one(id));
  });

  routes.delete(routeOf(drop), async (context) => {
    const id = idOf(context);
    if (!(await dropMessage(store.db, id, new Date(now())))) throw await notPossible(id, 'waits or was given up');
    await audit(context.get('identity'), 'notification-message.drop', { messageId: id });
    return context.body(null, 204);
  });

  const notPossible = async (id: number, wanted: string): Promise<RequestError> => {
    const row = await findMessage(store.db, id);
    if (row === undefined) return noSuchMessage(id);
    return new RequestError('conflict', `The message is ${row.state}; only one that ${wanted} can be chosen.`);
  };

  return routes;
}

function messageOf(row: MessageRow): NotificationMessage {
  const { id, channelId, channelName, routeName, state, kind, count, subject, attempts, detail } = row;
  return {
    ...{ id, channelId, channelName, routeName, state, kind, count, subject, attempts, detail },
    createdAt: row.createdAt.toISOString(),
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    sentAt: state === 'sent' ? (row.endedAt?.toISOString() ?? null) : null,
  };
}

export function messageDetail(row: MessageRow & { sent: string | null }): NotificationMessageDetail {
  return { ...messageOf(row), sent: row.sent };
}

const noSuchMessage = (id: number) => new RequestError('not-found', `There is no notification ${id}.`);
