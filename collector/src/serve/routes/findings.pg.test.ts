// Findings over the API: lists, triage, rules, detectors, backtests; and what somebody bound to labels gets of them.
import { once } from 'node:events';
import type {
  BacktestEvent,
  Detector,
  Finding,
  FindingDetail,
  FindingList,
  FindingSummary,
  List,
  Suppression,
  SuppressionPreview,
} from '@foretop/proto/api';
import { ServerFrame } from '@foretop/proto/live';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { findingKey, insertFinding } from '../../../test/findings.ts';
import { makeAccount, send, type SignedIn, signIn } from '../../../test/people.ts';
import { insertHost, type TestServer, testServer } from '../../../test/server.ts';
import { scanCounter } from '../../../test/test-detectors.ts';

let server: TestServer;
let web: number;
let secret: number;
let admin: SignedIn;
let operator: SignedIn;
let bound: SignedIn;

beforeAll(async () => {
  server = await testServer({ detection: { detectors: [scanCounter] } });
  web = await insertHost(server.store, { name: 'web-1', labels: ['prod'] });
  secret = await insertHost(server.store, { name: 'zebra-1', labels: ['secret'] });
  await makeAccount(server, 'ann', 'admin');
  await makeAccount(server, 'otto', 'operator');
  await makeAccount(server, 'bea', 'operator', ['prod']);
  [admin, operator, bound] = [await signIn(server, 'ann'), await signIn(server, 'otto'), await signIn(server, 'bea')];
});
afterAll(() => server[Symbol.asyncDispose]());

const other = 'cd'.repeat(16);

beforeEach(async () => {
  await sql`truncate finding, finding_event, suppression`.execute(server.store.db);
  await insertFinding(server.store, web);
  await insertFinding(server.store, secret, { severity: 3, summary: 'zebra was probed', process: 'zebrad' });
  await insertFinding(server.store, secret, { groupKey: other, peer: '203.0.113.5', summary: 'zebra again' });
  await server.detection.historyDeleted([]);
  await server.detection.rulebook.changed();
});

async function ask<Body>(method: string, path: string, body?: unknown, as: SignedIn = operator): Promise<Body> {
  const answer = await send(server, method, path, body, as);
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (answer.status === 204 ? undefined : await answer.json()) as Body;
}
const status = async (method: string, path: string, body: unknown, as: SignedIn) =>
  (await send(server, method, path, body, as)).status;
const list = (query = '', as?: SignedIn) => ask<FindingList>('GET', `/findings${query}`, undefined, as);
const ids = (found: FindingList) => found.items.map(({ id }) => id);

describe('the list', () => {
  test('has the same thing on two hosts as one, with the highest severity and all that it counts', async () => {
    const { items, total } = await list('?sort=-severity');
    expect(total).toBe(2);
    expect(items[0]).toMatchObject({
      ...{ id: findingKey, severity: 'critical', count: 40, hostCount: 2, state: 'new', title: 'Scan counter' },
      hosts: [{ hostId: expect.any(Number), count: 20 }, { count: 20 }],
    });
  });

  test.each([
    ['?severity=critical', [findingKey]],
    ['?severity=low', []],
    ['?detector=scan-counter&host=web-1', [findingKey]],
    ['?detector=!scan-counter', []],
    ['?q=zebra+again', [other]],
    ['?q=203.0.113', [other]],
    ['?state=resolved', []],
    ['?from=2000-01-01T00:00:00Z&to=2000-01-02T00:00:00Z', []],
  ])('%s', async (query, expected) => expect(ids(await list(query))).toEqual(expected));

  test.each(['lastSeenAt', '-severity', 'score', 'count', '-hosts', 'detector', 'peer', '-process', 'firstSeenAt'])(
    'sorted by %s it comes whole in pages',
    async (sort) => {
      const first = await list(`?sort=${sort}&limit=1`);
      const second = await list(`?sort=${sort}&limit=1&cursor=${first.nextCursor}`);
      expect(ids(first).concat(ids(second)).toSorted()).toEqual([findingKey, other]);
      expect(second.nextCursor).toBeNull();
    },
  );

  test.each(['x', Buffer.from('{}').toString('base64url')])('a forged cursor is refused', async (cursor) => {
    expect(await status('GET', `/findings?cursor=${cursor}`, undefined, operator)).toBe(400);
  });

  test.each(['csv', 'jsonl'])('as %s', async (format) => {
    const text = await (await send(server, 'GET', `/findings?format=${format}`, undefined, operator)).text();
    expect(text.trim().split('\n')).toHaveLength(format === 'csv' ? 3 : 2);
    expect(text).toContain('zebra again');
  });
});

test('one finding has hosts, links, timeline and what to do', async () => {
  const detail = await ask<FindingDetail>('GET', `/findings/${findingKey}`);
  expect(detail.advice).toEqual(['Look.']);
  expect(detail.hosts.map(({ hostName }) => hostName).toSorted()).toEqual(['web-1', 'zebra-1']);
  const host = detail.hosts.find(({ hostId }) => hostId === web)!;
  expect(host.links.connections).toEqual([`${web}-ffffffffffffffff`, `${web}-00000000000000ff`]);
  expect(detail.timeline.map(({ kind }) => kind)).toEqual(['opened', 'opened']);
});

describe('triage', () => {
  test('is audited, and stands in the timeline with who did it', async () => {
    const changed = await ask('PATCH', `/findings/${findingKey}`, { state: 'acknowledged', note: 'ours' });
    expect(changed).toEqual({ changed: 2 });
    const { finding, timeline } = await ask<FindingDetail>('GET', `/findings/${findingKey}`);
    expect(finding).toMatchObject({ state: 'acknowledged', note: 'ours' });
    expect(timeline.filter(({ kind }) => kind === 'noted')).toMatchObject([
      { by: 'account otto', text: 'ours' },
      { by: 'account otto' },
    ]);
    const audit = await ask<List<{ action: string; detail: object }>>(
      'GET',
      '/audit?action=finding.change',
      undefined,
      admin,
    );
    expect(audit.items[0]).toMatchObject({ detail: { finding: findingKey, state: 'acknowledged' } });
  });

  test('of some hosts, and of several findings at once', async () => {
    await ask('PATCH', `/findings/${findingKey}`, { state: 'resolved', hosts: [web] });
    expect((await list('?state=resolved')).items).toMatchObject([{ id: findingKey, hostCount: 1 }]);
    expect(await ask('PATCH', '/findings', { ids: [findingKey, other], state: 'muted' })).toEqual({ changed: 3 });
    expect((await ask<FindingSummary>('GET', '/findings/summary')).states).toMatchObject({
      new: { critical: 0, medium: 0 },
      muted: { critical: 1, medium: 1 },
    });
  });

  test('of nothing is refused', async () => {
    expect(await status('PATCH', `/findings/${findingKey}`, {}, operator)).toBe(400);
    expect(await status('PATCH', `/findings/${'00'.repeat(16)}`, { state: 'new' }, operator)).toBe(404);
  });
});

describe('a rule', () => {
  const rule = { detector: 'scan-counter', peer: '203.0.113.0/24' };

  test('is seen beforehand, mutes what is stored, and gives it back', async () => {
    const preview = await ask<SuppressionPreview>('POST', '/suppressions/preview', rule);
    expect(preview).toMatchObject({ matching: 1, open: 1, examples: [{ id: other, hostName: 'zebra-1' }] });
    const made = await ask<Suppression>('POST', '/suppressions', rule);
    expect(made).toMatchObject({ muted: 1, createdBy: 'account otto', mostSevere: 'critical' });
    expect(ids(await list('?state=muted'))).toEqual([other]);
    await ask('PUT', `/suppressions/${made.id}`, { ...rule, peer: '203.0.113.6' });
    expect(ids(await list('?state=muted'))).toEqual([]);
    await ask('PUT', `/suppressions/${made.id}`, { ...rule, process: 'ssh*' });
    expect(ids(await list('?state=muted'))).toEqual([other]);
    await ask('DELETE', `/suppressions/${made.id}`);
    expect(ids(await list('?state=new'))).toHaveLength(2);
  });

  test.each([{}, { mostSevere: 'low' }, { peer: 'not a name' }, { detector: 'x', process: '' }, { labels: ['A B'] }])(
    'such as %j is refused',
    async (body) => expect(await status('POST', '/suppressions', body, operator)).toBe(400),
  );
});

describe('detectors', () => {
  test('tell their thresholds, and are set by administrators only', async () => {
    const { items } = await ask<List<Detector>>('GET', '/detectors');
    expect(items).toMatchObject([
      { id: 'scan-counter', on: true, openFindings: 2, thresholds: [{ value: 20, most: 1_000 }] },
    ]);
    expect(ids(await list('?detector=scan-counter'))).toHaveLength(2);
    const setting = { on: true, thresholds: { ports: 50 } };
    expect(await status('PUT', '/detectors/scan-counter', setting, operator)).toBe(403);
    expect(await ask('PUT', '/detectors/scan-counter', setting, admin)).toMatchObject({ thresholds: [{ value: 50 }] });
    expect(await status('PUT', '/detectors/scan-counter', { on: true, thresholds: { ports: 0 } }, admin)).toBe(400);
    expect(await status('PUT', '/detectors/scan-counter', { on: true, thresholds: { toString: 1 } }, admin)).toBe(400);
    expect(await status('PUT', '/detectors/nothing', setting, admin)).toBe(404);
    await ask('PUT', '/detectors/scan-counter', { on: true }, admin);
  });

  test('run over the history, in lines', async () => {
    const at = new Date(Date.now() - 60_000);
    await server.store.db
      .insertInto('scan_evidence')
      .values({
        ...{ host_id: web, scan_start: at, scan_end: at, evidence_id: 1, kind: 1, source_address: '198.51.100.1' },
        ...{ local_address: '10.0.0.1', local_port: null, ports: 30, packets: 30 },
      })
      .execute();
    const span = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date().toISOString() };
    const run = async (body: object, as: SignedIn) => {
      const answer = await send(server, 'POST', '/detectors/scan-counter/backtest', { ...span, ...body }, as);
      expect(answer.headers.get('content-type')).toMatch(/^application\/jsonl/);
      return (await answer.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as BacktestEvent);
    };
    const events = await run({}, operator);
    expect(events.slice(0, -1).map(({ kind }) => kind)).toContain('progress');
    expect(events.at(-1)).toMatchObject({ kind: 'result', result: { findings: 1, examples: [{ hostName: 'web-1' }] } });
    expect((await run({ thresholds: { ports: 31 } }, operator)).at(-1)).toMatchObject({ result: { findings: 0 } });
    expect((await run({ hosts: [secret] }, bound)).at(-1)).toMatchObject({ result: { observations: 0 } });
    expect(await status('POST', '/detectors/scan-counter/backtest', { ...span, to: span.from }, operator)).toBe(400);
  });
});

describe('somebody bound to labels', () => {
  const text = async (path: string) => (await send(server, 'GET', path, undefined, bound)).text();

  test('sees of a shared finding what is of their hosts, and of others nothing', async () => {
    const { items, total } = await list('', bound);
    expect(total).toBe(1);
    expect(items).toMatchObject([
      { id: findingKey, severity: 'medium', count: 20, hostCount: 1 } satisfies Partial<Finding>,
    ]);
    const paths = [
      '/findings',
      `/findings/${findingKey}`,
      '/findings?format=csv',
      '/findings/summary',
      '/suppressions',
    ];
    await ask('POST', '/suppressions', { hostIds: [secret], process: 'zebrad', reason: 'zebra' });
    for (const path of paths) expect([path, (await text(path)).includes('zebra')]).toEqual([path, false]);
    expect(await status('GET', `/findings/${other}`, undefined, bound)).toBe(404);
    expect(await status('GET', '/findings?host=zebra-1', undefined, bound)).toBe(400);
    const summary = await ask<FindingSummary>('GET', '/findings/summary', undefined, bound);
    expect(summary.states.new).toEqual({ low: 0, medium: 1, high: 0, critical: 0 });
    expect(summary.hosts.map(({ hostId }) => hostId)).toEqual([web]);
    const detectors = await ask<List<Detector>>('GET', '/detectors', undefined, bound);
    expect(detectors.items[0]!.openFindings).toBe(1);
  });

  test('changes only what they see', async () => {
    expect(await ask('PATCH', `/findings/${findingKey}`, { state: 'resolved' }, bound)).toEqual({ changed: 1 });
    expect(await status('PATCH', `/findings/${findingKey}`, { state: 'muted', hosts: [secret] }, bound)).toBe(404);
    expect(await ask('PATCH', '/findings', { ids: [other], state: 'muted' }, bound)).toEqual({ changed: 0 });
    expect((await list('?state=new')).items).toMatchObject([{ hostCount: 1 }, { hostCount: 1 }]);
  });

  test('makes rules for their hosts only', async () => {
    expect(await status('POST', '/suppressions', { detector: 'scan-counter' }, bound)).toBe(400);
    expect(await status('POST', '/suppressions', { hostIds: [secret] }, bound)).toBe(400);
    expect(await status('POST', '/suppressions', { labels: ['secret'] }, bound)).toBe(400);
    const own = await ask<Suppression>('POST', '/suppressions', { labels: ['prod'] }, bound);
    expect(own.muted).toBe(1);
    const foreign = await ask<Suppression>('POST', '/suppressions', { detector: 'scan-counter' });
    expect(await status('DELETE', `/suppressions/${foreign.id}`, undefined, bound)).toBe(404);
    expect(await status('DELETE', `/suppressions/${own.id}`, undefined, bound)).toBe(204);
  });
});

test('browsers hear of changes within seconds, each of what they see', async () => {
  const open = async (as: SignedIn) => {
    const { 'x-foretop-session': session, ...headers } = as;
    const protocols = ['foretop.live.v1', `secret.${session}`];
    const socket = new WebSocket(`ws://localhost:${server.port}/live`, protocols, { headers: { ...headers } });
    const counts: (readonly number[])[] = [];
    socket.on('message', (data: Buffer) => {
      const { findings } = ServerFrame.decode(data);
      if (findings) counts.push(findings.newFindings ?? []);
    });
    await once(socket, 'open');
    return { socket, counts };
  };
  const [all, own] = [await open(operator), await open(bound)];
  await expect.poll(() => all.counts.at(-1)).toEqual([0, 1, 0, 1]);
  await expect.poll(() => own.counts.at(-1)).toEqual([0, 1, 0, 0]);
  await ask('PATCH', `/findings/${findingKey}`, { state: 'resolved' });
  await expect.poll(() => all.counts.at(-1), { timeout: 5_000 }).toEqual([0, 1, 0, 0]);
  await expect.poll(() => own.counts.at(-1), { timeout: 5_000 }).toEqual([0, 0, 0, 0]);
  all.socket.terminate();
  own.socket.terminate();
});

test('/metrics has them by severity and state', async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toContain('foretop_findings{severity="critical",state="new"} 1');
  expect(text).toContain('foretop_detector_on{detector="scan-counter"} 1');
});

test('deleting the history of a span takes the findings in it along', async () => {
  const span = `from=${new Date(Date.now() - 3_600_000).toISOString()}&to=${new Date().toISOString()}`;
  const dry = await ask<{ rows: Record<string, number> }>(
    'DELETE',
    `/history?${span}&dryRun=true&host=web-1`,
    undefined,
    admin,
  );
  expect(dry.rows['finding']).toBe(1);
  await ask('DELETE', `/history?${span}&host=web-1`, undefined, admin);
  expect((await list()).items).toMatchObject([{ hostCount: 1 }, { hostCount: 1 }]);
  const { rows } = await sql<{ n: number }>`select count(*)::int4 as n from finding_event`.execute(server.store.db);
  expect(rows[0]!.n).toBe(2);
});
