// Every operation answers with the shape that the OpenAPI document says, for a fleet that has something of everything.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findingKey, insertFinding } from '../../../test/findings.ts';
import { makeAccount, signIn } from '../../../test/people.ts';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';
import { scanCounter } from '../../../test/test-detectors.ts';
import { insertMessage } from '../../store/queries/notification-messages.ts';
import { insertToolEvents } from '../../store/queries/tool-events.ts';
import { changeToolRunHost, insertToolRun } from '../../store/queries/tool-runs.ts';
import { insertChannel } from '../../store/queries/notification-settings.ts';
import type { Operation } from '../openapi/operation.ts';
import { operations } from '../openapi/operations.ts';
import { problem } from '../openapi/schemas.ts';

let server: TestServer;
let live: number;
let away: number;
let admin: Record<string, string>;
const past = Date.now() - 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const processId = (host: number) => `${host}-00000000000000aa`;

beforeAll(async () => {
  server = await testServer({ detection: { detectors: [scanCounter] } });
  await makeAccount(server, 'admin', 'admin');
  admin = { ...(await signIn(server, 'admin')) };
  [live, away] = [await insertHost(server.store), await insertHost(server.store)];
  const channelId = (await insertChannel(server.store.db, notificationChannel))!;
  for (const host of [live, away]) {
    await insertMessage(server.store.db, { ...notification, channelId });
    await insertFinding(server.store, host);
    await insertSegment(server.store, host, [past, past + 5_000], { connection_id: 0xcc, process_id: 0xaa });
    await server.store.db
      .insertInto('process')
      .values({
        host_id: host,
        process_id: 0xaa,
        pid: 7,
        started_at: iso(past),
        first_seen_at: iso(past),
        last_seen_at: iso(past + 60_000),
        exited_at: null,
        parent_pid: 1,
        parent_process_id: null,
        comm: 'curl',
        executable: '/bin/curl',
        command_line: 'curl',
        uid: 0,
        user_name: 'root',
        cgroup: '',
        unit: '',
        container_runtime: 'docker',
        container_id: 'abc',
      })
      .execute();
    await server.store.db
      .insertInto('gap')
      .values({
        host_id: host,
        gap_start: iso(past),
        gap_end: iso(past + 9_000),
        reason: 'stalled',
        lost: 1,
        detail: '',
      })
      .execute();
  }
  await insertRuns([live, away]);
  const connection = {
    handle: 1,
    cookie: 1,
    protocol: 6,
    state: 1,
    direction: 2,
    localAddress: Uint8Array.of(10, 0, 0, 1),
    localPort: 1,
    remoteAddress: Uint8Array.of(10, 0, 0, 2),
    remotePort: 2,
    pid: 9,
    pidStartTicks: 5,
    comm: 'x',
  };
  connectAgent(server, live, () => ({
    boottimeUs: Date.now() * 1000,
    opened: [connection],
    hasConnections: true,
    started: [
      {
        identity: {
          pid: 9,
          startTicks: 5,
          comm: 'x',
          unit: 'x.service',
          containerRuntime: 'podman',
          containerId: 'ff',
        },
      },
    ],
    interfaces: [{ name: 'eth0' }],
  }));
});
afterAll(() => server[Symbol.asyncDispose]());

/** The first two have the ids 1 and 2, as the hosts. */
const notificationChannel = {
  name: 'mail',
  on: false,
  settings: { kind: 'email' as const, to: ['ops@example.org'] },
  secret: null,
};
const notification = {
  ...{ route: undefined, kind: 'test' as const, count: 0, subject: '', content: { items: [], more: 0 } },
  ...{ createdAt: new Date(past), due: undefined },
};

const runId = 'ab'.repeat(16);
const watchId = 'cd'.repeat(8);
const ping = {
  target: '192.0.2.9',
  protocol: 'icmp',
  count: 1,
  intervalMs: 1_000,
  payloadBytes: 0,
  family: 'any',
} as const;
const watch = { id: watchId, target: '192.0.2.9', protocol: 'icmp', intervalSeconds: 60 } as const;

/** A ping that has said something, and a watch that goes on. */
async function insertRuns(hosts: readonly number[]): Promise<void> {
  const { db } = server.store;
  const until = new Date(Date.now() + 3_600_000);
  const run = { target: '192.0.2.9', operator: 'admin', relayedBy: 'x', createdAt: new Date(past), endedAt: null };
  const part = (hostId: number, what: string) => ({
    ...{ requestId: `${what}${hostId}`.padStart(32, '0'), hostId, status: 'offered' as const, wireId: null },
    ...{ offerHash: null, code: '', detail: '', watch: null },
  });
  await insertToolRun(
    db,
    { ...run, runId, request: { tool: 'ping', parameters: ping } },
    hosts.map((host) => part(host, 'a')),
  );
  const watching = { ...watch, expiresAt: Math.floor(until.getTime() / 1_000) };
  await insertToolRun(
    db,
    { ...run, runId: 'ef'.repeat(16), request: { tool: 'watch', parameters: watching } },
    hosts.map((host) => ({ ...part(host, 'b'), watch: { id: watchId, until } })),
  );
  // The host accepted it.
  const accepted = { status: 'ended', outcome: 'completed', ended_at: new Date(past) } as const;
  for (const host of hosts) await changeToolRunHost(db, part(host, 'b').requestId, ['offered'], accepted);
  const said = { kind: 'ping', attempt: 1, outcome: 'timeout' };
  await insertToolEvents(
    db,
    hosts.map((hostId, number) => ({
      ...{ runId, number: number + 1, hostId, saidAt: new Date(past), event: JSON.stringify(said) },
    })),
    hosts.map((hostId) => ({ requestId: part(hostId, 'a').requestId, events: 1, dropped: 0 })),
  );
}

const span = () => `from=${iso(past - 60_000)}&to=${iso(past + 120_000)}`;

/** Queries with which an operation is asked, without its path. */
function variants({ path, query }: Operation): string[] {
  const found = [''];
  if ('at' in query) found.push(`at=${iso(past + 2_000)}`);
  if ('from' in query) found.push(span());
  if (path === '/places' || path === '/tools/address') return ['address=8.8.8.8'];
  if (path === '/watches/{id}/series') return found.map((more) => `host=${live}&${more}`);
  return path === '/history' ? [`${span()}&dryRun=true`] : found;
}

/** Where to ask an operation of the live host, and of the one that is away. */
function pathsOf({ path }: Operation): string[] {
  return [live, away].map((host) => {
    const connection = `${host}-00000000000000cc`;
    const ids = {
      '/processes': processId(host),
      '/connections': connection,
      '/findings': findingKey,
      '/tool-runs': runId,
      '/watches': watchId,
    };
    const id = Object.entries(ids).find(([prefix]) => path.startsWith(prefix))?.[1] ?? String(host);
    return `/api/v1${path.replace('{id}', id)}`;
  });
}

const named = (list: readonly Operation[]) =>
  list.map((operation) => [`${operation.method} ${operation.path}`, operation] as const);
// One command is asked for where there are some: commands.pg.test.ts.
const reading = operations.filter(
  ({ method, path }) => (method === 'get' && !path.includes('{requestId}')) || path === '/history',
);

describe.each(named(reading))('%s', (_name, operation) => {
  test('answers as documented', async () => {
    for (const path of pathsOf(operation)) {
      for (const query of variants(operation)) {
        const response = await fetch(`${server.url}${path}?${query}`, { method: operation.method, headers: admin });
        const body: unknown = await response.json();
        const asked = `${path}?${query}`;
        if (operation.path.endsWith('/interfaces') && response.status === 409) continue;
        expect({ asked, status: response.status, body }).toMatchObject({ asked, status: operation.status });
        expect({ asked, problems: operation.response!.safeParse(body).error?.issues }).toEqual({
          asked,
          problems: undefined,
        });
      }
    }
  });

  test('refuses a parameter that is not documented, as a problem, and whoever is not signed in', async () => {
    const { method } = operation;
    const response = await fetch(`${server.url}${pathsOf(operation)[0]}?nothing=1`, { method, headers: admin });
    if (operation.path !== '/session') {
      expect(response.status).toBe(400);
      expect(problem.safeParse(await response.json()).success).toBe(true);
    }
    expect((await fetch(`${server.url}${pathsOf(operation)[0]}`, { method })).status).toBe(401);
  });
});

test.each(named(reading.filter(({ role }) => role === 'admin')))('%s needs an administrator', async (_, operation) => {
  const headers = { authorization: `Bearer ${await server.token('operator')}` };
  const response = await fetch(`${server.url}${pathsOf(operation)[0]}?${variants(operation)[0]}`, {
    method: operation.method,
    headers,
  });
  expect(response.status).toBe(403);
});

test.each(named(reading.filter((operation) => operation.exports)))('%s comes as a file', async (_, operation) => {
  const formats = operation.exports === 'rows-and-zeek' ? ['csv', 'jsonl', 'zeek'] : ['csv', 'jsonl'];
  for (const format of formats) {
    const response = await fetch(`${server.url}${pathsOf(operation)[0]}?${variants(operation)[0]}&format=${format}`, {
      headers: admin,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="foretop-[\w-]+-\d{8}T\d{6}Z\.\w+"$/,
    );
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    if (format === 'jsonl') for (const line of lines) JSON.parse(line);
    else expect(lines.length).toBeGreaterThan(0);
  }
});

test('the document and its page need no session, and the page is held by its own policy', async () => {
  const document = await server.get<{ openapi: string }>('/api/v1/openapi.json', {});
  expect([document.status, document.body.openapi]).toEqual([200, '3.1.0']);
  const page = await fetch(`${server.url}/api/v1/docs`);
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*style-src 'self' 'sha256-/);
});
