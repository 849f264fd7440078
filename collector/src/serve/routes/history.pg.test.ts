// Deleting history: what goes, what stays, what the ledger says then; and the audit of whoever changes something.
import type { AuditEntry, HistoryDeletion, List } from '@foretop/proto/api';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLoginLink, tokenCreate } from '../operate.ts';
import { insertHost, insertSegment, type TestServer, testServer } from '../../../test/server.ts';

let server: TestServer;
let admin: Record<string, string>;
beforeAll(async () => {
  server = await testServer();
  admin = { authorization: `Bearer ${await server.token('admin')}` };
});
afterAll(() => server[Symbol.asyncDispose]());

const iso = (ms: number) => new Date(ms).toISOString();
const hour = 3_600_000;
/** The day before yesterday at noon: a partition of its own. */
const noon = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 2 * 86_400_000 + 12 * hour;

async function remove(query: string, headers = admin) {
  const response = await fetch(`${server.url}/api/v1/history?${query}`, { method: 'DELETE', headers });
  return { status: response.status, body: (await response.json()) as HistoryDeletion };
}

async function segments(host: number): Promise<string[]> {
  const { rows } = await sql<{ comm: string }>`
    select comm from connection_segment where host_id = ${host} order by comm`.execute(server.store.db);
  return rows.map((row) => row.comm);
}

async function fleet(): Promise<[number, number]> {
  const hosts: [number, number] = [await insertHost(server.store), await insertHost(server.store)];
  for (const host of hosts) {
    await insertSegment(server.store, host, [noon - 1_000, noon], { comm: 'inside' });
    await insertSegment(server.store, host, [noon + hour - 1_000, noon + hour], { comm: 'outside' });
  }
  return hosts;
}

describe('DELETE /history', () => {
  test('of one host: a dry run counts, then only that span of that host is gone, and the ledger says so', async () => {
    const [host, other] = await fleet();
    const query = `from=${iso(noon - hour)}&to=${iso(noon + 1_000)}&host=${host}`;
    const dry = await remove(`${query}&dryRun=true`);
    expect(dry).toMatchObject({
      status: 200,
      body: { dryRun: true, total: 1, rows: { connection_segment: 1 }, hostIds: [host] },
    });
    expect(await segments(host)).toEqual(['inside', 'outside']);
    const { body } = await remove(query);
    expect(body).toMatchObject({ dryRun: false, total: 1 });
    expect(await segments(host)).toEqual(['outside']);
    expect(await segments(other)).toEqual(['inside', 'outside']);
    const { rows } = await sql`select reason, gap_start, gap_end from gap where host_id = ${host}`.execute(
      server.store.db,
    );
    expect(rows).toEqual([{ reason: 'deleted', gap_start: new Date(noon - hour), gap_end: new Date(noon + 1_000) }]);
  });

  test('of whole days for all hosts empties their partitions', async () => {
    const hosts = await fleet();
    const midnight = noon - 12 * hour;
    const query = `from=${iso(midnight)}&to=${iso(midnight + 24 * hour)}`;
    const counted = (await remove(`${query}&dryRun=true`)).body;
    const { body } = await remove(query);
    expect(body.rows).toEqual(counted.rows);
    expect(body.total).toBeGreaterThanOrEqual(4);
    for (const host of hosts) expect(await segments(host)).toEqual([]);
    await insertSegment(server.store, hosts[0], [noon - 1_000, noon], { comm: 'written since' });
    expect(await segments(hosts[0])).toEqual(['written since']);
  });

  test.each([
    '',
    `from=${iso(noon)}`,
    `to=${iso(noon)}`,
    `at=${iso(noon)}`,
    'host=1',
    `from=${iso(noon)}&to=${iso(noon - 1)}`,
  ])('without a whole span (%s) nothing is deleted', async (query) => {
    const [host] = await fleet();
    expect((await remove(query)).status).toBe(400);
    expect(await segments(host)).toEqual(['inside', 'outside']);
  });

  test('is for administrators, and the attempt is noted', async () => {
    const [host] = await fleet();
    const token = await server.token('operator');
    const query = `from=${iso(noon - hour)}&to=${iso(noon + 1_000)}`;
    expect((await remove(query, { authorization: `Bearer ${token}` })).status).toBe(403);
    expect(await segments(host)).toHaveLength(2);
    const { items } = (await server.get<List<AuditEntry>>('/api/v1/audit?action=history.delete&limit=1', admin)).body;
    expect(items[0]).toMatchObject({ action: 'history.delete', outcome: 'refused' });
  });
});

describe('GET /audit', () => {
  test('has deletions, enrolment tokens and revocations, newest first, in pages and as a file', async () => {
    const host = await insertHost(server.store);
    await fetch(`${server.url}/api/v1/enrol-tokens`, { method: 'POST', headers: admin });
    await fetch(`${server.url}/api/v1/hosts/${host}/key`, { method: 'DELETE', headers: admin });
    const { body } = await server.get<List<AuditEntry>>('/api/v1/audit?limit=2', admin);
    expect(body.items).toMatchObject([
      { action: 'host.revoke', detail: { hostId: host }, outcome: 'done' },
      { action: 'enrol-token.create', outcome: 'done' },
    ]);
    expect(body.items[0]!.actor).toMatch(/^token \d+$/);
    const next = await server.get<List<AuditEntry>>(`/api/v1/audit?limit=2&cursor=${body.nextCursor}`, admin);
    expect(next.body.items[0]!.id).toBeLessThan(body.items[1]!.id);
    const lines = (await server.get<string>('/api/v1/audit?format=csv', admin)).body.trimEnd().split('\r\n');
    expect(lines.length).toBeGreaterThan(4);
    expect(JSON.stringify(body)).not.toContain('fte1_');
  });

  test('has logins and what is done on the command line, and no secret', async () => {
    const shown: string[] = [];
    const output = { result: (text: string) => void shown.push(text), note: () => undefined };
    await tokenCreate({ role: 'viewer', name: 'robot', days: undefined })(server.store, output);
    await createLoginLink(undefined, 8420)(server.store, output);
    const code = /login=(.+)$/.exec(shown[1]!)![1]!;
    const signIn = await fetch(`${server.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    expect(signIn.status).toBe(201);
    const { body } = await server.get<List<AuditEntry>>('/api/v1/audit?limit=3', admin);
    expect(body.items.map(({ actor, action }) => [actor, action])).toEqual([
      ['login link', 'session.create'],
      ['command line', 'login-link.create'],
      ['command line', 'token.create'],
    ]);
    for (const secret of [shown[0]!, code]) expect(JSON.stringify(body)).not.toContain(secret);
  });

  test('is for administrators', async () => {
    expect((await server.get('/api/v1/audit')).status).toBe(403);
  });
});
