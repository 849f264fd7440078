// The audit over REST: filters, pages, files, and that its chain is whole whoever writes at once.
import type { AuditEntry, List } from '@foretop/proto/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';
import { ChainCheck } from '../../store/audit-chain.ts';
import { insertAudit, readChainEnd, streamChain } from '../../store/queries/audit.ts';

let server: TestServer;
let admin: Record<string, string>;
let hostId: number;

beforeAll(async () => {
  server = await testServer();
  admin = { authorization: `Bearer ${await server.token('admin')}` };
  hostId = await insertHost(server.store);
  const { db } = server.store;
  const at = (day: number) => () => Date.parse(`2026-01-0${day}T12:00:00Z`);
  const alice = 'account alice';
  await insertAudit(
    db,
    { actor: alice, action: 'command.offer', detail: { hostId, command: 'terminate Nginx' }, outcome: 'done' },
    at(1),
  );
  await insertAudit(db, { actor: alice, action: 'command.sign', detail: { hostId }, outcome: 'refused' }, at(2));
  await insertAudit(
    db,
    { actor: 'token 3', action: 'history.delete', detail: { from: '100%_x' }, outcome: 'failed' },
    at(3),
  );
  await insertAudit(db, { actor: '=HYPERLINK("x")', action: 'commander', detail: {}, outcome: 'done' }, at(4));
});
afterAll(() => server[Symbol.asyncDispose]());

const actions = async (query: string): Promise<string[]> =>
  (await server.get<List<AuditEntry>>(`/api/v1/audit?${query}`, admin)).body.items
    .map(({ action }) => action)
    .filter((action) => !action.startsWith('roster.')); // the server signs one by itself

describe('GET /audit finds', () => {
  test.each([
    ['', ['commander', 'history.delete', 'command.sign', 'command.offer']],
    ['action=command.*', ['command.sign', 'command.offer']],
    ['action=command.sign', ['command.sign']],
    ['actor=account%20alice&outcome=done', ['command.offer']],
    ['actor=alice', []],
    ['outcome=failed', ['history.delete']],
    ['from=2026-01-02T00:00:00Z&to=2026-01-03T00:00:00Z', ['command.sign']],
    ['q=nginx', ['command.offer']],
    ['q=alice%20TERMINATE', ['command.offer']],
    ['q=100%25_x', ['history.delete']],
    ['q=%25', ['history.delete']],
    ['q=nothing', []],
  ])('%s', async (query, expected) => {
    expect(await actions(query)).toEqual(expected);
  });

  test('by host', async () => {
    expect(await actions(`host=${hostId}`)).toEqual(['command.sign', 'command.offer']);
    expect(await actions(`host=${hostId + 1}`)).toEqual([]);
  });

  test.each(['action=a*', 'action=%27', 'outcome=ok', 'host=web', 'from=yesterday', 'limit=0', 'cursor=x', 'sort=at'])(
    'nothing for what is not valid: %s',
    async (query) => {
      expect((await server.get(`/api/v1/audit?${query}`, admin)).status).toBe(400);
    },
  );
});

test('pages hold every entry once, and a cursor is good for its filters only', async () => {
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `/api/v1/audit?limit=1&action=command.*${cursor && `&cursor=${cursor}`}`;
    const { items, nextCursor } = (await server.get<List<AuditEntry>>(path, admin)).body;
    seen.push(...items.map(({ action }) => action));
    if (nextCursor !== null) {
      expect((await server.get(`/api/v1/audit?limit=1&cursor=${nextCursor}`, admin)).status).toBe(400);
    }
    cursor = nextCursor;
  }
  expect(seen).toEqual(['command.sign', 'command.offer']);
});

test('as files: CSV without formulas, JSON lines with which the chain can be followed', async () => {
  const csv = (await server.get<string>('/api/v1/audit?format=csv', admin)).body;
  expect(csv).toContain(`"'=HYPERLINK(""x"")"`);
  const lines = await fetch(`${server.url}/api/v1/audit?format=jsonl`, { headers: admin });
  const entries = (await lines.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry);
  const check = new ChainCheck();
  for (const entry of entries.toReversed()) check.next(entry);
  expect(check.faults).toEqual([]);
  expect(entries[0]!.at).toMatch(/\.\d{6}Z$/);
});

test('is for administrators; its heads are for who may act, to keep', async () => {
  const as = async (role: 'viewer' | 'operator', path: string) =>
    (await server.get(`/api/v1${path}`, { authorization: `Bearer ${await server.token(role)}` })).status;
  for (const path of ['/audit', '/audit?format=csv']) expect(await as('operator', path)).toBe(403);
  expect([await as('operator', '/audit/heads'), await as('viewer', '/audit/heads')]).toEqual([200, 403]);
});

test('sixty that write at once, hostile texts among them, make one chain', async () => {
  const before = (await readChainEnd(server.store.db))!.sequence;
  const texts = ['\0', '\ud800', '\u202e', 'x'.repeat(100_000), "'; drop table audit; --", '__proto__'];
  await Promise.all(
    Array.from({ length: 60 }, (_, index) => {
      const text = texts[index % texts.length]!;
      const detail = { [`key ${index}`]: text, count: index / 7, none: null, yes: true };
      return insertAudit(server.store.db, { actor: text, action: 'test', detail, outcome: 'done' });
    }),
  );
  await server.store.db
    .transaction()
    .execute((db) => insertAudit(db, { actor: 'in', action: 'test', detail: {}, outcome: 'done' }));
  const check = new ChainCheck();
  for await (const portion of streamChain(server.store.db, AbortSignal.timeout(10_000))) {
    for (const entry of portion) check.next(entry);
  }
  expect(check).toMatchObject({ faults: [], sequence: before + 61 });
});
