// Somebody bound to labels calls every operation of the API: nothing of a host outside shows, and nothing that changes is allowed.
import { once } from 'node:events';
import type { LiveConnection } from '@foretop/proto';
import { LiveSection, ServerFrame, ViewerFrame } from '@foretop/proto/live';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeAccount, send, type SignedIn, signIn } from '../../../test/people.ts';
import { connectAgent, insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';
import { apiDocument } from '../openapi/document.ts';
import type { Operation } from '../openapi/operation.ts';
import { operations } from '../openapi/operations.ts';

let server: TestServer;
let seen: number;
let hidden: number;
let viewer: SignedIn;
let operator: SignedIn;
/** What only the hidden host knows. Its other address, 203.0.113.77, is the far end of a connection of the seen one. */
const marks = ['zebra', '10.88.88.88', '10.66.66.66'];
const processId = 'aaaaaaaaaaaaaaaa';
const connectionId = 'bbbbbbbbbbbbbbbb';

beforeAll(async () => {
  server = await testServer();
  const { store } = server;
  seen = await insertHost(store, { name: 'web-1', labels: ['prod'], addresses: ['10.0.0.1/24'] });
  hidden = await insertHost(store, {
    name: 'zebra-1',
    labels: ['secret'],
    addresses: ['203.0.113.77/24', '10.88.88.88/24'],
  });
  connectAgent(server, seen, () => ({ hasConnections: true }), { rxRate: 1_000 });
  const hiddenNow = { hasConnections: true, opened: [openedBy('zebra')] };
  connectAgent(server, hidden, () => hiddenNow, { rxRate: 66_666 });
  const now = Date.now();
  const id = (hex: string) => BigInt.asIntN(64, BigInt(`0x${hex}`)).toString();
  await insertSegment(store, seen, [now - 60_000, now - 20_000], { remote_address: '203.0.113.77', remote_port: 443 });
  await insertSegment(store, hidden, [now - 60_000, now - 20_000], {
    ...{ connection_id: id(connectionId), process_id: id(processId), comm: 'zebra' },
    ...{ local_address: '203.0.113.77', local_port: 443, remote_address: '10.0.0.1', remote_port: 40_000 },
    ...{ name: 'zebra.example' },
  });
  const at = new Date(now - 30_000);
  await store.db
    .insertInto('process')
    .values({
      ...{ host_id: hidden, process_id: id(processId), pid: 66, started_at: at, first_seen_at: at, last_seen_at: at },
      ...{ exited_at: null, parent_pid: 1, parent_process_id: null, comm: 'zebra', executable: '/usr/bin/zebra' },
      ...{ command_line: 'zebra', uid: 0, user_name: 'zebra', cgroup: '', unit: 'zebra.service' },
      ...{ container_runtime: '', container_id: '' },
    })
    .execute();
  await store.db
    .insertInto('dns_exchange')
    .values({
      ...{ host_id: hidden, asked_at: at, exchange_id: '7', answered: true, latency_us: 5, process_id: id(processId) },
      ...{ pid: 66, comm: 'zebra', connection_id: null, transport: 1, kind: 1, role: 1, peer_address: '10.66.66.66' },
      ...{ peer_port: 53, name: 'zebra.example', type: 1, rcode: 0, truncated: false, addresses: ['203.0.113.77'] },
      ...{ canonical_names: [], query_bytes: 30, answer_bytes: 60, exchange_count: 1 },
    })
    .execute();
  await store.db
    .insertInto('scan_evidence')
    .values({
      ...{ host_id: hidden, scan_start: at, scan_end: at, evidence_id: '8', kind: 1, source_address: '10.66.66.66' },
      ...{ local_address: '203.0.113.77', local_port: 22, ports: 1, packets: 3 },
    })
    .execute();
  await store.db
    .insertInto('gap')
    .values({ host_id: hidden, gap_start: at, gap_end: at, reason: 'spool-full', lost: 1, detail: 'zebra' })
    .execute();
  await store.db
    .insertInto('audit_head')
    .values({
      ...{ host_id: hidden, thumbprint: 'zebra', sequence: 1, hash: '00', issued_at: at, received_at: at, fits: true },
      statement: 'zebra',
    })
    .execute();
  await makeAccount(server, 'bound viewer', 'viewer', ['prod']);
  await makeAccount(server, 'bound operator', 'operator', ['prod', 'staging']);
  viewer = await signIn(server, 'bound viewer');
  operator = await signIn(server, 'bound operator');
});
afterAll(() => server[Symbol.asyncDispose]());

const openedBy = (comm: string): LiveConnection => ({
  ...{ handle: 1, cookie: 77, protocol: 6, state: 1, pid: 66, pidStartTicks: 66, comm, startedUs: 48_000_000 },
  ...{ localAddress: Uint8Array.of(10, 88, 88, 88), localPort: 443 },
  ...{ remoteAddress: Uint8Array.of(10, 66, 66, 66), remotePort: 50_000 },
});

/** The path of an operation as a question about one host. */
function pathOf({ path }: Operation, hostId: number): string {
  const id = path.startsWith('/hosts/')
    ? String(hostId)
    : `${hostId}-${path.startsWith('/processes/') ? processId : connectionId}`;
  const ofHost = /^\/(hosts|connections|processes)\//.test(path);
  return path.replace(/\{\w+\}/g, ofHost ? id : '1');
}
const namesHost = ({ path }: Operation) => /^\/(hosts|connections|processes)\/\{/.test(path);
const reading = operations.filter(({ method }) => method === 'get');
const changing = operations.filter(({ method, role }) => method !== 'get' && role !== 'nobody');
const title = (operation: Operation) => [`${operation.method.toUpperCase()} ${operation.path}`, operation] as const;
const everything = '?at=2099-01-01T00:00:00Z';

test('the document and the list that is tried here are the same', () => {
  const described = Object.values(apiDocument(operations, '0').paths).flatMap((methods) => Object.keys(methods));
  expect(described).toHaveLength(operations.length);
  expect(reading.length + changing.length).toBe(operations.filter(({ role }) => role !== 'nobody').length);
  expect(changing.length).toBeGreaterThan(10);
});

test('the hidden host does show to who is not bound', async () => {
  const headers = { authorization: `Bearer ${await server.token('viewer')}` };
  for (const path of ['/hosts', '/connections', '/dns', '/scans', `/processes/${hidden}-${processId}`]) {
    const text = await (await send(server, 'GET', path, undefined, headers)).text();
    expect([path, marks.some((mark) => text.includes(mark))]).toEqual([path, true]);
  }
});

describe.each([
  ['a bound viewer', () => Promise.resolve<object>(viewer)],
  ['a bound operator', () => Promise.resolve<object>(operator)],
  ['a bound token', async () => ({ authorization: `Bearer ${await server.token('viewer', ['prod'])}` })],
])('%s', (_who, headers) => {
  const ask = async (method: string, path: string, body?: unknown) =>
    send(server, method, path, body, (await headers()) as Record<string, string>);
  const nothingHidden = async (path: string) => {
    const text = await (await ask('GET', path)).text();
    expect([path, ...marks.filter((mark) => text.includes(mark))]).toEqual([path]);
    expect([path, text.includes(`"hostId":${hidden},`) || text.includes(`"hostId":${hidden}}`)]).toEqual([path, false]);
  };

  test.each(reading.map(title))('%s shows nothing of a host outside', async (_title, operation) => {
    if (namesHost(operation)) {
      const answer = await ask('GET', pathOf(operation, hidden));
      expect([answer.status, await answer.json()]).toMatchObject([404, { type: 'urn:foretop:problem:not-found' }]);
      const missing = await ask('GET', pathOf(operation, 4_242));
      expect(missing.status).toBe(404);
      return;
    }
    const path = pathOf(operation, hidden);
    await nothingHidden(path);
    if ('at' in operation.query) await nothingHidden(`${path}${everything}`);
    if ('format' in operation.query) {
      await nothingHidden(`${path}?format=csv`);
      await nothingHidden(`${path}?format=jsonl`);
    }
    if ('from' in operation.query) {
      const [from, to] = [Date.now() - 3_600_000, Date.now()].map((ms) => new Date(ms).toISOString());
      await nothingHidden(`${path}?from=${from}&to=${to}`);
    }
    if ('host' in operation.query) {
      for (const [host, none] of [
        ['zebra-1', 'nowhere'],
        [String(hidden), '4242'],
      ] as const) {
        const [named, unknown] = [await ask('GET', `${path}?host=${host}`), await ask('GET', `${path}?host=${none}`)];
        expect([path, named.status]).toEqual([path, unknown.status]);
        if (named.ok) await nothingHidden(`${path}?host=${host}`);
        else expect(await named.text()).toBe((await unknown.text()).replaceAll(none, host));
      }
    }
  });

  test.each(changing.map(title))('%s does nothing to a host outside', async (_title, operation) => {
    if (operation.path === '/session' || operation.path.startsWith('/account/')) return; // their own
    const answer = await ask(operation.method.toUpperCase(), pathOf(operation, hidden), { hostId: hidden });
    expect([400, 403, 404]).toContain(answer.status);
    expect(await answer.text()).not.toContain('zebra');
  });

  test.each(['%2531', '%31', '01', '1%2e0', '+1', ' 1', '1;2', '..%2f1'])(
    'no spelling of an id leads past: %s',
    async (text) => {
      for (const path of [`/hosts/${text.replace('1', String(hidden))}`, `/%68osts/${hidden}`, `//hosts/${hidden}`]) {
        const answer = await ask('GET', path);
        expect([path, answer.status]).toEqual([path, 404]);
        expect(await answer.text()).not.toContain('zebra-1');
      }
    },
  );

  test('the live view has the hosts inside only, also after their labels changed', { timeout: 20_000 }, async () => {
    server.live.pulse(seen, { boottimeUs: Date.now() * 1000, rxRate: 1_000 });
    const given = (await headers()) as Record<string, string>;
    const secret = given['x-foretop-session'];
    const protocols = ['foretop.live.v1', ...(secret === undefined ? [] : [`secret.${secret}`])];
    const { 'x-foretop-session': _secret, ...rest } = given;
    const socket = new WebSocket(`ws://localhost:${server.port}/live`, protocols, { headers: rest });
    const frames: ServerFrame[] = [];
    socket.on('message', (data: Buffer) => frames.push(ServerFrame.decode(data)));
    await once(socket, 'open');
    const subscribe = (frame: ViewerFrame) => socket.send(ViewerFrame.encode(frame).finish());
    const shown = () => new Set(frames.flatMap((frame) => frame.fleet?.hostId ?? []));
    subscribe({ fleet: true, hostId: hidden, sections: [LiveSection.LIVE_SECTION_CONNECTIONS], rateHz: 1 });
    await expect.poll(() => shown().has(seen)).toBe(true);
    expect(frames.find((frame) => frame.notice)?.notice?.code).toBe('host-unknown');
    const complete = frames.find((frame) => frame.fleet?.complete)!.fleet!;
    expect(complete.rxHistory).toHaveLength(60 * complete.hostId!.length);
    expect(complete.rxRate).toEqual([1_000]);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(shown().has(hidden)).toBe(false);
    expect(frames.some((frame) => frame.host)).toBe(false);

    const admin = { authorization: `Bearer ${await server.token('admin')}` };
    const label = (id: number, labels: string[]) => send(server, 'PUT', `/hosts/${id}/labels`, { labels }, admin);
    expect((await label(hidden, ['prod', 'secret'])).status).toBe(200);
    await expect.poll(() => shown().has(hidden)).toBe(true);
    expect((await ask('GET', `/hosts/${hidden}`)).status).toBe(200);
    frames.length = 0;
    expect((await label(hidden, ['secret'])).status).toBe(200);
    const withoutIt = () => frames.findIndex(({ fleet }) => fleet?.complete && !fleet.hostId!.includes(hidden));
    await expect.poll(withoutIt).toBeGreaterThanOrEqual(0);
    frames.splice(0, withoutIt());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(shown().has(hidden)).toBe(false);
    expect(frames[0]!.fleet!.directoryVersion).not.toBe(complete.directoryVersion);
    expect((await ask('GET', `/hosts/${hidden}`)).status).toBe(404);
    socket.terminate();
  });
});

test('bound to a label that no host has: nobody, not everybody', async () => {
  const headers = { authorization: `Bearer ${await server.token('viewer', ['no-such-label'])}` };
  const count = async (path: string) =>
    ((await (await send(server, 'GET', path, undefined, headers)).json()) as { items: unknown[] }).items.length;
  for (const path of ['/hosts', '/fleet', '/connections', '/dns', '/scans'])
    expect([path, await count(path)]).toEqual([path, 0]);
});

test('a viewer who is not bound is refused by every operation that changes something, and it is noted', async () => {
  await makeAccount(server, 'mere viewer');
  const session = await signIn(server, 'mere viewer');
  const refused: string[] = [];
  for (const operation of changing) {
    if (operation.role === 'viewer') continue;
    const path = pathOf(operation, seen);
    const answer = await send(server, operation.method.toUpperCase(), path, {}, session);
    expect([path, answer.status, await answer.json()]).toMatchObject([
      path,
      403,
      { type: 'urn:foretop:problem:role-too-low' },
    ]);
    refused.push(operation.path);
  }
  expect(refused.length).toBeGreaterThan(10);
  const noted = await server.store.db
    .selectFrom('audit')
    .select(['action', 'detail'])
    .where('outcome', '=', 'refused')
    .where('detail', '@>', JSON.stringify({ reason: 'role-too-low' }) as never)
    .execute();
  expect(new Set(noted.map(({ detail }) => detail['path'])).size).toBeGreaterThanOrEqual(new Set(refused).size);
});

test('no route looks hosts up past the one place that knows who sees them', async () => {
  const { readdir, readFile } = await import('node:fs/promises');
  const folder = new URL('./', import.meta.url);
  const allowed: Record<string, RegExp> = {
    // Both are for administrators, who see every host.
    'history.ts': /selectHostSpans\(/,
    // The path was looked at; the list is filtered.
    'hosts.ts': /(listHosts|getHost)\(/,
    'connections.ts': /selectHostSpan\(/,
  };
  for (const file of (await readdir(folder)).filter((name) => /(?<!\.test)\.ts$/.test(name))) {
    const source = await readFile(new URL(file, folder), 'utf8');
    const found = source.match(/\b(selectHostSpans?|listHosts|getHost)\(/g) ?? [];
    expect({ file, found: found.filter((call) => !allowed[file]?.test(call)) }).toEqual({ file, found: [] });
  }
});
