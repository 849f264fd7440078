// /api/v1/notifications/channels: where notifications go, set and tested by administrators.
import { randomBytes } from 'node:crypto';
import type {
  ChannelInput,
  ChannelSettings,
  NotificationChannel,
  NotificationChannelList,
  SavedChannel,
} from '@foretop/proto/api';
import { Hono } from 'hono';
import type { Notifier } from '../../notify/notifier.ts';
import { shownUrl } from '../../notify/send-webhook.ts';
import type { Store } from '../../store/database.ts';
import { findMessage, insertMessage } from '../../store/queries/notification-messages.ts';
import {
  type ChannelRow,
  deleteChannel,
  insertChannel,
  listChannels,
  selectChannelUrl,
  updateChannel,
} from '../../store/queries/notification-settings.ts';
import type { Audit } from '../audit.ts';
import * as schemas from '../openapi/notify-schemas.ts';
import { operation, routeOf } from '../openapi/operation.ts';
import { RequestError } from '../problem.ts';
import { parseQuery } from '../query/parameters.ts';
import { idOf } from './accounts.ts';
import { readBody } from './body.ts';
import { queryOf, type ServeEnv } from './context.ts';
import { messageDetail } from './notification-messages.ts';

const common = { tag: 'Notifications', role: 'admin', query: {} } as const;

const listAll = operation({
  ...common,
  method: 'get',
  path: '/notifications/channels',
  status: 200,
  summary: 'Channels, without their secrets',
  response: schemas.notificationChannelList,
});
const create = operation({
  ...common,
  method: 'post',
  path: '/notifications/channels',
  audit: 'notification-channel.create',
  status: 201,
  summary: 'Make a channel; the secret that signs a webhook is shown only in this answer',
  body: schemas.channelBody,
  response: schemas.savedChannel,
});
const change = operation({
  ...common,
  method: 'put',
  path: '/notifications/channels/{id}',
  audit: 'notification-channel.change',
  status: 200,
  summary: "Set a channel; a webhook's URL as it is shown keeps the one that is set",
  body: schemas.channelBody,
  response: schemas.savedChannel,
});
const remove = operation({
  ...common,
  method: 'delete',
  path: '/notifications/channels/{id}',
  audit: 'notification-channel.delete',
  status: 204,
  summary: 'Delete a channel that no route leads to, and its messages',
});
const test = operation({
  ...common,
  method: 'post',
  path: '/notifications/channels/{id}/test',
  audit: 'notification-channel.test',
  status: 200,
  summary: 'Send a test now, once, also where the channel is off; the answer says what came of it',
  response: schemas.notificationMessage,
});

export const notificationChannelOperations = [listAll, create, change, remove, test];

const example =
  '{"name": "…", "on": true, "settings": {"kind": "syslog", "host": "…", "port": 514, "transport": "udp"}}';

export function notificationChannelRoutes(options: {
  store: Store;
  notifier: Notifier;
  audit: Audit;
  now: () => number;
}): Hono<ServeEnv> {
  const { store, notifier, audit, now } = options;
  const routes = new Hono<ServeEnv>();

  const saved = async (id: number, secret: string | null | undefined): Promise<SavedChannel> => {
    const [row] = await listChannels(store.db, id);
    if (row === undefined) throw noSuchChannel(id);
    return { channel: channelOf(row), secret: secret ?? null };
  };

  routes.get(routeOf(listAll), async (context) => {
    parseQuery({}, queryOf(context));
    const items = (await listChannels(store.db)).map(channelOf);
    return context.json({
      items,
      nextCursor: null,
      asOf: new Date(now()).toISOString(),
    } satisfies NotificationChannelList);
  });

  routes.post(routeOf(create), async (context) => {
    const body = await readBody(context, schemas.channelBody, example);
    const secret = secretFor(body, false);
    const id = await insertChannel(store.db, { name: body.name, on: body.on, settings: body.settings, secret });
    if (id === undefined) throw nameTaken('channel', body.name);
    await audit(context.get('identity'), 'notification-channel.create', { channelId: id, ...auditedOf(body) });
    return context.json(await saved(id, secret), 201);
  });

  routes.put(routeOf(change), async (context) => {
    const id = idOf(context);
    const body = await readBody(context, schemas.channelBody, example);
    const [before] = await listChannels(store.db, id);
    if (before === undefined) throw noSuchChannel(id);
    const settings = await withKeptUrl(id, body.settings);
    const secret = secretFor({ ...body, settings }, before.hasSecret);
    const changed = await updateChannel(store.db, id, { name: body.name, on: body.on, settings, secret });
    if (changed === 'missing') throw noSuchChannel(id);
    if (changed === 'name-taken') throw nameTaken('channel', body.name);
    const detail = { channelId: id, ...auditedOf({ ...body, settings }), newSecret: typeof secret === 'string' };
    await audit(context.get('identity'), 'notification-channel.change', detail);
    return context.json(await saved(id, secret));
  });

  /** What is shown of a URL is not all of it: given back as it is, it means the one that is set. */
  const withKeptUrl = async (id: number, settings: ChannelSettings): Promise<ChannelSettings> => {
    if (settings.kind !== 'webhook') return settings;
    const url = await selectChannelUrl(store.db, id);
    return url !== undefined && shownUrl(url) === settings.url ? { ...settings, url } : settings;
  };

  routes.delete(routeOf(remove), async (context) => {
    const id = idOf(context);
    const outcome = await deleteChannel(store.db, id);
    if (outcome === 'missing') throw noSuchChannel(id);
    if (outcome === 'in-use')
      throw new RequestError('conflict', 'Routes lead to this channel. Delete them, or lead them elsewhere, first.');
    await audit(context.get('identity'), 'notification-channel.delete', { channelId: id });
    return context.body(null, 204);
  });

  routes.post(routeOf(test), async (context) => {
    const id = idOf(context);
    if ((await listChannels(store.db, id)).length === 0) throw noSuchChannel(id);
    const messageId = await insertMessage(store.db, {
      ...{ channelId: id, route: undefined, kind: 'test', count: 0, subject: 'Foretop: test' },
      ...{ content: { items: [], more: 0 }, createdAt: new Date(now()), due: undefined },
    });
    await notifier.deliverNow(messageId);
    const message = messageDetail((await findMessage(store.db, messageId))!);
    await audit(context.get('identity'), 'notification-channel.test', {
      ...{ channelId: id, messageId, state: message.state },
    });
    return context.json(message);
  });

  return routes;
}

/** A new one for a webhook that has none or wants one; null for what needs none; undefined = as it is. */
function secretFor({ settings, newSecret }: ChannelInput, has: boolean): string | null | undefined {
  if (settings.kind !== 'webhook' || settings.format !== 'json') return null;
  return has && newSecret !== true ? undefined : randomBytes(32).toString('base64url');
}

function auditedOf({ name, on, settings }: ChannelInput): Record<string, string | boolean> {
  return { name, on, kind: settings.kind, target: targetOf(settings) };
}

function targetOf(settings: ChannelSettings): string {
  if (settings.kind === 'webhook') return shownUrl(settings.url);
  if (settings.kind === 'email') return settings.to.join(' ');
  return `${settings.transport} ${settings.host}:${settings.port}`;
}

function channelOf(row: ChannelRow): NotificationChannel {
  const { id, name, on, settings, hasSecret, waiting, dead, lastAt } = row;
  return {
    ...{ id, name, on, hasSecret, waiting, dead },
    settings: settings.kind === 'webhook' ? { ...settings, url: shownUrl(settings.url) } : settings,
    createdAt: row.createdAt.toISOString(),
    lastDelivery:
      lastAt === null ? null : { at: lastAt.toISOString(), ok: row.lastOk === true, detail: row.lastDetail },
  };
}

export const noSuchChannel = (id: number) => new RequestError('not-found', `There is no notification channel ${id}.`);

export const nameTaken = (what: 'channel' | 'route', name: string) =>
  new RequestError('conflict', `There is another ${what} ${JSON.stringify(name)}.`);
