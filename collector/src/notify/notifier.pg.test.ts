// Notifications from a finding to the receiver, over a real database and real receivers: routes, groups, limits, retries, restarts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelSettings, FindingChangeKind, NotificationRouteSettings } from '@foretop/proto/api';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enrolledHost, scanned, watching } from '../../test/detection-suite.ts';
import { testStore } from '../../test/postgres.ts';
import { insertHost } from '../../test/server.ts';
import { scanCounter } from '../../test/test-detectors.ts';
import type { Store } from '../store/database.ts';
import { mostHeldItems } from '../store/queries/notification-items.ts';
import { dropMessage, findMessage, listMessages, retryMessage } from '../store/queries/notification-messages.ts';
import { insertChannel, insertRoute, listRoutes } from '../store/queries/notification-settings.ts';
import { pauseAfter } from './courier.ts';
import { newsFor } from './finding-news.ts';
import { holdingOf } from './gather.ts';
import { type Notifier, type NotifierOptions, startNotifier } from './notifier.ts';
import { change, type Received, webServer } from './test-receivers.ts';

const log = pino({ level: 'silent' });
let store: Store;
let now: number;
let notifiers: Notifier[];

beforeEach(async () => {
  store = await testStore();
  now = Date.parse('2026-11-20T12:00:00Z');
  notifiers = [];
});
afterEach(async () => {
  for (const notifier of notifiers) await notifier[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

function start(options: Partial<NotifierOptions> = {}): Notifier {
  const notifier = startNotifier({
    ...{ store, mail: undefined, dashboard: 'https://foretop.example', version: '0', log },
    ...{ now: () => now, everyMs: 20 },
    ...options,
  });
  notifiers.push(notifier);
  return notifier;
}

let names = 0;
const channel = async (settings: ChannelSettings, on = true): Promise<number> =>
  (await insertChannel(store.db, { name: `channel ${++names}`, on, settings, secret: null }))!;
const webhook = (url: string): ChannelSettings => ({ kind: 'webhook', url, format: 'json' });

async function route(channelId: number, more: Partial<NotificationRouteSettings> = {}): Promise<number> {
  const changes: FindingChangeKind[] = ['opened', 'reopened'];
  const {
    name,
    on,
    channelId: to,
    ...rules
  } = {
    ...{ name: `route ${++names}`, on: true, channelId, minimumSeverity: 'low', hostLabels: [], detectors: [] },
    ...{ changes, quietHours: null, groupSeconds: 0, mostPerHour: 100 },
    ...more,
  } satisfies NotificationRouteSettings;
  return (await insertRoute(store.db, { name, on, channelId: to, rules }))!;
}

interface Document {
  kind: string;
  count: number;
  findings: { id: string; host: { name: string }; severity: string }[];
}
const documents = (received: readonly Received[]) => received.map(({ body }) => JSON.parse(body) as Document);
const foundIn = (received: readonly Received[]) =>
  documents(received).flatMap(({ findings }) => findings.map(({ id }) => id));
const soon = { timeout: 10_000, interval: 20 };

test('a finding goes to every route that takes it, and to no other', async () => {
  const [prod, lab] = [
    await insertHost(store, { name: 'web-1', labels: ['prod'] }),
    await insertHost(store, { name: 'toy', labels: ['lab'] }),
  ];
  await using all = await webServer();
  await using grave = await webServer();
  await using ofProd = await webServer();
  await using beacons = await webServer();
  await using off = await webServer();
  await route(await channel(webhook(all.url)));
  await route(await channel(webhook(grave.url)), { minimumSeverity: 'critical' });
  await route(await channel(webhook(ofProd.url)), { hostLabels: ['prod', 'stage'] });
  await route(await channel(webhook(beacons.url)), { detectors: ['beacon'] });
  await route(await channel(webhook(off.url)), { on: false });
  start().findings([
    change({ findingId: 'a', hostId: prod, severity: 'high' }),
    change({ findingId: 'b', hostId: lab, severity: 'critical' }),
    change({ findingId: 'c', hostId: lab, detector: 'beacon', severity: 'low' }),
    change({ findingId: 'd', hostId: lab, change: 'worsened' }),
  ]);
  await vi.waitFor(() => expect(foundIn(all.received)).toEqual(['a', 'b', 'c']), soon);
  await vi.waitFor(() => expect(foundIn(grave.received)).toEqual(['b']), soon);
  await vi.waitFor(() => expect(foundIn(ofProd.received)).toEqual(['a']), soon);
  await vi.waitFor(() => expect(foundIn(beacons.received)).toEqual(['c']), soon);
  expect(off.received).toHaveLength(0);
  expect(documents(all.received)[0]!.findings[0]!.host).toEqual({ id: prod, name: 'web-1' });
});

test('what comes within the grouping time is one message', async () => {
  const hostId = await insertHost(store);
  await using server = await webServer();
  await route(await channel(webhook(server.url)), { groupSeconds: 30 });
  const notifier = start();
  notifier.findings([change({ hostId, findingId: 'a' })]);
  now += 20_000;
  notifier.findings([change({ hostId, findingId: 'b' })]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(server.received).toHaveLength(0);
  now += 11_000;
  await vi.waitFor(() => expect(foundIn(server.received)).toEqual(['a', 'b']), soon);
  expect(documents(server.received)).toMatchObject([{ kind: 'findings', count: 2 }]);
});

test('no more messages an hour than the route may; the rest comes as a digest', async () => {
  const hostId = await insertHost(store);
  await using server = await webServer();
  const id = await route(await channel(webhook(server.url)), { mostPerHour: 2 });
  const notifier = start();
  for (let i = 0; i < 6; i++) {
    notifier.findings([change({ hostId, findingId: String(i) })]);
    if (i < 2) await vi.waitFor(() => expect(server.received).toHaveLength(i + 1), soon);
    now += 60_000;
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(server.received).toHaveLength(2);
  const [row] = await listRoutes(store.db, new Date(now), id);
  expect(row).toMatchObject({ held: 4, recent: 2 });
  expect(holdingOf(row!, now)).toBe('hourly-limit');
  now += 3_600_000;
  await vi.waitFor(() => expect(foundIn(server.received)).toEqual(['0', '1', '2', '3', '4', '5']), soon);
  expect(documents(server.received).at(-1)).toMatchObject({ kind: 'digest', count: 4 });
});

test('in quiet hours only what is grave enough is told; the rest waits for their end', async () => {
  const hostId = await insertHost(store);
  await using server = await webServer();
  const quietHours = { timeZone: 'UTC', days: [5], from: '11:00', to: '13:00', exceptFrom: 'critical' } as const;
  const id = await route(await channel(webhook(server.url)), { quietHours: { ...quietHours, days: [5] } });
  start().findings([
    change({ hostId, findingId: 'quiet', severity: 'high' }),
    change({ hostId, findingId: 'loud', severity: 'critical' }),
  ]);
  await vi.waitFor(() => expect(foundIn(server.received)).toEqual(['loud']), soon);
  const [row] = await listRoutes(store.db, new Date(now), id);
  expect(holdingOf(row!, now)).toBe('quiet-hours');
  now = Date.parse('2026-11-20T13:00:00Z');
  await vi.waitFor(() => expect(foundIn(server.received)).toEqual(['loud', 'quiet']), soon);
  expect(documents(server.received)[1]).toMatchObject({ kind: 'digest' });
});

test('a receiver that fails is tried again, later each time, until it is given up; then it can be retried or dropped', async () => {
  const hostId = await insertHost(store);
  let status = 500;
  await using server = await webServer((response) => response.writeHead(status).end('no room'));
  await route(await channel(webhook(server.url)));
  start().findings([change({ hostId })]);
  for (let attempt = 1; attempt <= 8; attempt++) {
    await vi.waitFor(() => expect(server.received).toHaveLength(attempt), soon);
    await vi.waitFor(async () => {
      const [message] = await all();
      expect(message).toMatchObject({ attempts: attempt, detail: 'HTTP 500: no room' });
      expect(message!.state).toBe(attempt === 8 ? 'dead' : 'waiting');
    }, soon);
    now += pauseAfter(attempt, 1) + 1;
  }
  const [message] = await all();
  status = 204;
  expect(await retryMessage(store.db, message!.id, new Date(now))).toBe(true);
  await vi.waitFor(async () => expect((await all())[0]).toMatchObject({ state: 'sent', attempts: 1 }), soon);
  expect(server.received).toHaveLength(9);
  expect(await retryMessage(store.db, message!.id, new Date(now))).toBe(false);
  expect(await dropMessage(store.db, message!.id, new Date(now))).toBe(false);
  const sent = await findMessage(store.db, message!.id);
  expect(sent!.sent).toContain(server.received[0]!.body);
});

const all = () => listMessages(store.db, { states: undefined, channelId: undefined, beforeId: undefined, limit: 100 });

test('a refusal for good is not repeated', async () => {
  const hostId = await insertHost(store);
  await using server = await webServer((response) => response.writeHead(404).end());
  await route(await channel(webhook(server.url)));
  start().findings([change({ hostId })]);
  await vi.waitFor(async () => expect((await all())[0]).toMatchObject({ state: 'dead', attempts: 1 }), soon);
});

test('a receiver that hangs keeps no other one waiting, and another message of its own channel', async () => {
  const hostId = await insertHost(store);
  await using hanging = await webServer(() => undefined);
  await using other = await webServer();
  const held = await channel(webhook(hanging.url));
  await route(held);
  await route(await channel(webhook(other.url)));
  const notifier = start();
  notifier.findings([change({ hostId, findingId: 'a' })]);
  await vi.waitFor(() => expect(hanging.received).toHaveLength(1), soon);
  await vi.waitFor(() => expect(foundIn(other.received)).toEqual(['a']), soon);
  notifier.findings([change({ hostId, findingId: 'b' })]);
  await vi.waitFor(() => expect(foundIn(other.received)).toEqual(['a', 'b']), soon);
  expect(hanging.received).toHaveLength(1);
  await vi.waitFor(() => expect(notifier.counters()).toMatchObject({ under_way: 1, sent_total: 2 }), soon);
  // A stop does not wait for the receiver; what was under way is due after the next start.
  const stoppedMs = performance.now();
  await notifier[Symbol.asyncDispose]();
  expect(performance.now() - stoppedMs).toBeLessThan(2_000);
  const query = { states: ['waiting'], channelId: held, beforeId: undefined, limit: 10 } as const;
  expect(await listMessages(store.db, query)).toMatchObject([
    { attempts: 0, nextAttemptAt: new Date(now) },
    { attempts: 1, nextAttemptAt: new Date(now), detail: 'broken off, since the collector stopped' },
  ]);
});

test('what waits, what is held and what was under way in a crash outlives a restart', async () => {
  const hostId = await insertHost(store);
  let status = 503;
  await using server = await webServer((response) => response.writeHead(status).end());
  const channelId = await channel(webhook(server.url));
  await route(channelId);
  await route(channelId, { groupSeconds: 600 });
  const before = start();
  before.findings([change({ hostId, findingId: 'retried' })]);
  await vi.waitFor(async () => expect((await all())[0]).toMatchObject({ state: 'waiting', detail: 'HTTP 503' }), soon);
  await before[Symbol.asyncDispose]();
  notifiers = [];
  // A collector that died in the middle of an attempt had claimed it.
  await sql`update notification_message set attempts = 2, next_attempt_at = ${new Date(now + 90_000)}`.execute(
    store.db,
  );

  status = 204;
  start();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(server.received).toHaveLength(1);
  now += 90_001;
  await vi.waitFor(() => expect(server.received).toHaveLength(2), soon);
  await vi.waitFor(async () => expect((await all())[0]).toMatchObject({ state: 'sent', attempts: 3 }), soon);
  now += 600_000;
  await vi.waitFor(() => expect(server.received).toHaveLength(3), soon);
  expect(foundIn(server.received.slice(1))).toEqual(['retried', 'retried']);
});

test('changes told while the database is away are kept once it is back', async () => {
  const hostId = await insertHost(store);
  await using server = await webServer();
  await route(await channel(webhook(server.url)));
  await sql`alter table notification_item rename to notification_item_away`.execute(store.db);
  const notifier = start();
  notifier.findings([change({ hostId, findingId: 'a' })]);
  await vi.waitFor(() => expect(notifier.counters()).toMatchObject({ pending: 1 }), soon);
  await sql`alter table notification_item_away rename to notification_item`.execute(store.db);
  await vi.waitFor(() => expect(foundIn(server.received)).toEqual(['a']), { timeout: 15_000, interval: 100 });
  expect(notifier.counters()).toMatchObject({ pending: 0, changes_total: 1 });
});

test('a flood is held up to a bound; what is beyond is left out and counted', async () => {
  const hostId = await insertHost(store);
  const id = await route(await channel(webhook('https://unused.example/'), false));
  const notifier = start();
  const flood = Array.from({ length: mostHeldItems }, (_, i) => change({ hostId, findingId: String(i) }));
  notifier.findings(flood);
  await vi.waitFor(() => expect(notifier.counters()).toMatchObject({ pending: 0 }), soon);
  notifier.findings(flood.slice(0, 100));
  await vi.waitFor(() => expect(notifier.counters()).toMatchObject({ pending: 0, left_out_total: 100 }), soon);
  const [row] = await listRoutes(store.db, new Date(now), id);
  expect(row).toMatchObject({ held: mostHeldItems, leftOut: 100 });
  expect(holdingOf(row!, now)).toBe('off');
});

test('a scan that was committed becomes a finding, and the finding a signed message; so does its getting worse', async () => {
  await using server = await webServer();
  const id = await channel(webhook(server.url));
  await route(id, { changes: ['opened', 'worsened'] });
  const notifier = start({ now: Date.now });
  const folder = await mkdtemp(join(tmpdir(), 'foretop-notify-'));
  try {
    await using watched = await watching(store, folder);
    watched.detection.findings.onNews(newsFor(notifier, [scanCounter]));
    const host = await enrolledHost(store, 'web-1', ['prod']);
    await watched.submit(scanned(host, 1, '203.0.113.7', 25));
    await vi.waitFor(() => expect(documents(server.received)).toHaveLength(1), soon);
    await watched.submit(scanned(host, 2, '203.0.113.7', 90));
    await vi.waitFor(() => expect(documents(server.received)).toHaveLength(2), soon);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  expect(documents(server.received)).toMatchObject([
    {
      findings: [
        { change: 'opened', severity: 'medium', title: 'Scan counter', host: { name: 'web-1' }, peer: '203.0.113.7' },
      ],
    },
    { findings: [{ change: 'worsened', severity: 'high', summary: '203.0.113.7 probed 115 ports' }] },
  ]);
});
