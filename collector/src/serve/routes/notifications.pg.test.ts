// Channels, routes and messages over REST: who may set them, what comes back, and what never does.
import { createHmac } from 'node:crypto';
import type {
  AuditEntry,
  List,
  NotificationChannelList,
  NotificationMessageDetail,
  NotificationMessageList,
  NotificationRoute,
  NotificationRouteList,
  NotificationRouteSettings,
  NotificationSummary,
  Problem,
  SavedChannel,
} from '@foretop/proto/api';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeAccount, send, signIn } from '../../../test/people.ts';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';
import { change, datagramReceiver, webServer } from '../../notify/test-receivers.ts';
import * as schemas from '../openapi/notify-schemas.ts';

let server: TestServer;
let admin: Record<string, string>;
let operator: Record<string, string>;

beforeAll(async () => {
  server = await testServer();
  const person = async (name: string, role: 'admin' | 'operator') => {
    await makeAccount(server, name, role);
    return { ...(await signIn(server, name)) };
  };
  admin = await person('admin', 'admin');
  operator = await person('operator', 'operator');
});
afterAll(() => server[Symbol.asyncDispose]());

async function ask<Body>(
  method: string,
  path: string,
  body?: unknown,
  who = admin,
): Promise<{ status: number; body: Body; text: string }> {
  const response = await send(server, method, path, body, who);
  const text = await response.text();
  return { status: response.status, text, body: (text === '' ? undefined : JSON.parse(text)) as Body };
}

const webhook = (url: string, more: object = {}) => ({
  ...{ name: 'hook', on: true, settings: { kind: 'webhook', url, format: 'json' } },
  ...more,
});
const routeTo = (channelId: number, more: Partial<NotificationRouteSettings> = {}) => ({
  ...{ name: `to ${channelId}`, on: true, channelId, minimumSeverity: 'low', hostLabels: [], detectors: [] },
  ...{ changes: ['opened'], quietHours: null, groupSeconds: 0, mostPerHour: 100 },
  ...more,
});

test('nobody but administrators sees or sets any of it, and attempts are audited', async () => {
  for (const path of ['', '/channels', '/routes', '/messages', '/messages/1'])
    expect((await ask('GET', `/notifications${path}`, undefined, operator)).status).toBe(403);
  expect((await ask('POST', '/notifications/channels', webhook('https://example.org/'), operator)).status).toBe(403);
  const { body } = await ask<List<AuditEntry>>('GET', '/audit?action=notification-channel.create');
  expect(body.items).toMatchObject([{ actor: 'account operator', outcome: 'refused' }]);
});

test('a secret is shown once, and the URL never whole; what is set stays when it is given back as shown', async () => {
  await using receiver = await webServer();
  const made = await ask<SavedChannel>('POST', '/notifications/channels', webhook(receiver.url));
  expect(made.status).toBe(201);
  const { channel, secret } = made.body;
  expect(schemas.savedChannel.safeParse(made.body).error).toBeUndefined();
  expect(Buffer.from(secret!, 'base64url')).toHaveLength(32);
  expect(channel.settings).toMatchObject({ url: `http://127.0.0.1:${receiver.port}/…` });

  const kept = await ask<SavedChannel>('PUT', `/notifications/channels/${channel.id}`, {
    ...{ name: 'renamed', on: true, settings: channel.settings },
  });
  expect(kept.body).toMatchObject({ channel: { name: 'renamed', hasSecret: true }, secret: null });

  const tested = await ask<NotificationMessageDetail>('POST', `/notifications/channels/${channel.id}/test`);
  expect(tested.body).toMatchObject({ state: 'sent', kind: 'test', routeName: null, attempts: 1 });
  const [received] = receiver.received;
  const [, t, v1] = /^t=(\d+),v1=(.+)$/.exec(String(received!.headers['foretop-signature']))!;
  const mac = createHmac('sha256', Buffer.from(secret!, 'base64url')).update(`${t}.${received!.body}`).digest('hex');
  expect(v1).toBe(mac);

  const renewed = await ask<SavedChannel>('PUT', `/notifications/channels/${channel.id}`, {
    ...{ name: 'renamed', on: true, settings: channel.settings, newSecret: true },
  });
  expect(renewed.body.secret).not.toBe(secret);

  const everything = await Promise.all(
    [
      '/notifications',
      '/notifications/channels',
      '/notifications/messages',
      `/notifications/messages/${tested.body.id}`,
      '/audit',
    ].map((path) => ask('GET', path)),
  );
  for (const { text } of everything) {
    expect(text).not.toContain('secret-part');
    expect(text).not.toContain(secret);
    expect(text).not.toContain(renewed.body.secret);
  }
});

test.each([
  ['http://example.org/', 'an https URL'],
  ['http://127.0.0.1.example.org/', 'an https URL'],
  ['http://10.0.0.1/', 'an https URL'],
  ['ftp://example.org/', 'an https URL'],
  ['file:///etc/passwd', 'an https URL'],
  ['nonsense', 'an https URL'],
])('a webhook to %s is refused', async (url, why) => {
  const { status, body } = await ask<Problem>('POST', '/notifications/channels', webhook(url));
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain(why);
});

test('names are told apart, ids that are not there are told, and a channel in use stays', async () => {
  const settings = { kind: 'email', to: ['ops@example.org'] };
  const mail = await ask<SavedChannel>('POST', '/notifications/channels', { name: 'mail', on: true, settings });
  expect(mail.body).toMatchObject({ secret: null, channel: { hasSecret: false } });
  expect((await ask('POST', '/notifications/channels', { name: 'mail', on: true, settings })).status).toBe(409);
  const { id } = mail.body.channel;
  const made = await ask<NotificationRoute>('POST', '/notifications/routes', routeTo(id, { name: 'nights' }));
  expect(made.status).toBe(201);
  expect(schemas.notificationRoute.safeParse(made.body).error).toBeUndefined();
  expect(made.body).toMatchObject({ held: 0, holding: 'nothing', leftOut: 0 });
  expect((await ask('POST', '/notifications/routes', routeTo(id, { name: 'nights' }))).status).toBe(409);
  expect((await ask('POST', '/notifications/routes', routeTo(999_999, { name: 'x' }))).status).toBe(400);
  expect((await ask('DELETE', `/notifications/channels/${id}`)).status).toBe(409);
  expect((await ask('DELETE', `/notifications/routes/${made.body.id}`)).status).toBe(204);
  expect((await ask('DELETE', `/notifications/routes/${made.body.id}`)).status).toBe(404);
  expect((await ask('DELETE', `/notifications/channels/${id}`)).status).toBe(204);
  expect((await ask('POST', `/notifications/channels/${id}/test`)).status).toBe(404);
});

test.each([
  [
    { quietHours: { timeZone: 'Mars/Olympus', days: [1], from: '22:00', to: '07:00', exceptFrom: null } },
    'quietHours.timeZone',
  ],
  [{ quietHours: { timeZone: 'UTC', days: [], from: '22:00', to: '07:00', exceptFrom: null } }, 'quietHours.days'],
  [{ quietHours: { timeZone: 'UTC', days: [1], from: '24:00', to: '07:00', exceptFrom: null } }, 'quietHours.from'],
  [{ changes: [] }, 'changes'],
  [{ groupSeconds: 3601 }, 'groupSeconds'],
  [{ mostPerHour: 0 }, 'mostPerHour'],
  [{ detectors: ['x y'] }, 'detectors.0'],
])('a route with %j is refused', async (more, parameter) => {
  const { status, body } = await ask<Problem>('POST', '/notifications/routes', { ...routeTo(1), ...more });
  expect(status).toBe(400);
  expect(body.errors).toMatchObject([{ parameter }]);
});

test('what was given up is listed, sent anew, or dropped; all of it audited', async () => {
  let status = 410;
  await using receiver = await webServer((response) => response.writeHead(status).end());
  const { body } = await ask<SavedChannel>('POST', '/notifications/channels', webhook(receiver.url, { name: 'gone' }));
  const hostId = await insertHost(server.store, { name: 'db-1' });
  const route = await ask<NotificationRoute>(
    'POST',
    '/notifications/routes',
    routeTo(body.channel.id, { name: 'gone' }),
  );
  const dead = async () =>
    (await ask<NotificationMessageList>('GET', `/notifications/messages?state=dead&channel=${body.channel.id}`)).body;
  server.notifier.findings([change({ hostId, findingId: 'a' })]);
  await vi.waitFor(async () => expect((await dead()).items).toHaveLength(1), 5_000);
  server.notifier.findings([change({ hostId, findingId: 'b' })]);
  await vi.waitFor(async () => expect((await dead()).items).toHaveLength(2), 5_000);
  const [second, first] = (await dead()).items;
  expect(first).toMatchObject({ detail: 'HTTP 410', routeName: 'gone', subject: '[high] Port scan on db-1', count: 1 });
  expect((await ask<NotificationSummary>('GET', '/notifications')).body).toMatchObject({ dead: 2, mail: null });
  expect((await ask<NotificationChannelList>('GET', '/notifications/channels')).body.items.at(-1)).toMatchObject({
    ...{ dead: 2, lastDelivery: { ok: false, detail: 'HTTP 410' } },
  });

  const page = await ask<NotificationMessageList>('GET', `/notifications/messages?limit=1&state=dead`);
  expect(page.body.items).toMatchObject([{ id: second!.id }]);
  const next = await ask<NotificationMessageList>(
    'GET',
    `/notifications/messages?limit=1&state=dead&cursor=${page.body.nextCursor}`,
  );
  expect(next.body).toMatchObject({ items: [{ id: first!.id }], nextCursor: null });
  expect(schemas.notificationMessageList.safeParse(next.body).error).toBeUndefined();

  status = 200;
  expect((await ask('POST', `/notifications/messages/${first!.id}/retry`)).status).toBe(200);
  const one = () => ask<NotificationMessageDetail>('GET', `/notifications/messages/${first!.id}`);
  await vi.waitFor(async () => expect((await one()).body).toMatchObject({ state: 'sent' }), 5_000);
  expect((await one()).body.sent).toContain('"id":"a"');
  expect((await ask('POST', `/notifications/messages/${first!.id}/retry`)).status).toBe(409);
  expect((await ask('DELETE', `/notifications/messages/${second!.id}`)).status).toBe(204);
  expect((await ask('DELETE', `/notifications/messages/${second!.id}`)).status).toBe(409);
  expect((await ask('GET', `/notifications/messages/99999`)).status).toBe(404);
  const audited = await ask<List<AuditEntry>>('GET', '/audit?action=notification-message.*');
  expect(audited.body.items.map(({ action }) => action)).toEqual([
    'notification-message.drop',
    'notification-message.retry',
  ]);
  await ask('DELETE', `/notifications/routes/${route.body.id}`);
  const routes = await ask<NotificationRouteList>('GET', '/notifications/routes');
  expect(routes.body.items).toEqual([]);
});

test('a test of syslog is one datagram; a test of mail without a server says what is missing', async () => {
  await using receiver = await datagramReceiver();
  const settings = { kind: 'syslog', host: '127.0.0.1', port: receiver.port, transport: 'udp' };
  const syslog = await ask<SavedChannel>('POST', '/notifications/channels', { name: 'syslog', on: false, settings });
  expect(syslog.body.channel.settings).toMatchObject({ facility: 13 });
  expect((await ask('POST', `/notifications/channels/${syslog.body.channel.id}/test`)).body).toMatchObject({
    state: 'sent',
  });
  await vi.waitFor(() => expect(receiver.received[0]?.toString()).toContain('this is a test'));
  const email = { name: 'e-mail', on: true, settings: { kind: 'email', to: ['ops@example.org'] } };
  const mail = await ask<SavedChannel>('POST', '/notifications/channels', email);
  const tested = await ask<NotificationMessageDetail>('POST', `/notifications/channels/${mail.body.channel.id}/test`);
  expect(tested.body).toMatchObject({
    state: 'dead',
    detail: expect.stringContaining('smtp.url') as string,
    sent: null,
  });
});
