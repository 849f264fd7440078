// Recent segments against the database: whatever is committed, both say the same of every instant that the former know.
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSegment } from '@foretop/proto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootUs, sealBatch, segmentOf, testHost } from '../../../test/batches.ts';
import { testRetention } from '../../../test/databases.ts';
import { testStore } from '../../../test/postgres.ts';
import { createIngest } from '../../ingest/ingest.ts';
import type { Store } from '../database.ts';
import { selectFacets } from '../queries/facets.ts';
import { type ConnectionQuery, countConnections, segmentReachUs, selectConnections } from '../queries/connections.ts';
import { createRecentSegments, type RecentSegments } from './recent-segments.ts';

const hosts = [1, 2, 3].map((hostId) => testHost(hostId));
const nowMs = Date.now();
const remotes = [
  new Uint8Array(),
  Uint8Array.of(192, 0, 2, 200),
  Uint8Array.of(10, 0, 0, 1),
  Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 51, 100, 7),
  Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8),
];
/** Of pids 100 to 103; the last one is in no unit and no container. */
const processes = [
  { unit: 'a.service', containerRuntime: '', containerId: '' },
  { unit: '', containerRuntime: 'docker', containerId: 'aa' },
  { unit: 'b.service', containerRuntime: 'podman', containerId: 'bb' },
  {},
].map((owner, index) => ({
  pid: 100 + index,
  startTicks: 5_000,
  startedUs: 50_000_000,
  parentPid: 1,
  parentStartTicks: 1,
  comm: 'curl',
  executable: '/usr/bin/curl',
  ...owner,
}));
let store: Store;
let recent: RecentSegments;

/** The same on every run. */
let seed = 7;
function random(below: number): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * below);
}

/** Connections of the last ten minutes, in pieces of up to 300 s; most of them end unclosed. */
function segmentsOf(host: (typeof hosts)[number]): ConnectionSegment[] {
  const segments: ConnectionSegment[] = [];
  for (let cookie = 1; cookie <= 60; cookie++) {
    const startedUs = bootUs(host, nowMs) - random(600_000_000);
    const untilUs = Math.min(bootUs(host, nowMs), startedUs + random(700_000_000));
    const [isClosed, isFolded] = [random(3) === 0, random(12) === 0];
    for (let startUs = startedUs; startUs < untilUs;) {
      const endUs = isFolded ? untilUs : Math.min(untilUs, startUs + 1 + random(300_000_000));
      if (endUs - startUs > 300_000_000) break;
      segments.push(
        segmentOf(host, cookie, {
          startedUs,
          startUs,
          endUs,
          closed: endUs === untilUs && isClosed,
          comm: random(2),
          protocol: cookie % 7 === 0 ? 17 : 6,
          state: cookie % 7 === 0 ? 1 : random(2) === 0 ? 1 : 10,
          direction: random(4),
          connectionCount: isFolded ? 50 : 1,
          rxBytes: random(5) === 0 ? undefined : random(4) * 1_000,
          txBytes: random(100_000),
          pid: 100 + random(4),
          remoteAddress: remotes[random(remotes.length)]!,
        }),
      );
      startUs = endUs;
    }
  }
  return segments.sort((a, b) => a.endUs! - b.endUs!);
}

beforeAll(async () => {
  store = await testStore();
  let clockMs = nowMs - 3_600_000;
  recent = createRecentSegments({ reachUs: segmentReachUs, now: () => clockMs });
  clockMs = nowMs;
  await using folder = await mkdtempDisposable(join(tmpdir(), 'foretop-recent-'));
  await using ingest = createIngest({
    pool: store.pool,
    hashKey: store.hashKey,
    quarantineDir: folder.path,
    retention: testRetention,
    log: pino({ level: 'silent' }),
    onCommitted: (prepared) => recent.add(prepared.batch, prepared.accepted),
  });
  for (const host of hosts) {
    const segments = segmentsOf(host);
    for (let sequence = 1; segments.length > 0; sequence++) {
      // Within a batch in any order.
      const part = segments.splice(0, 1 + random(40)).sort(() => random(3) - 1);
      const result = await ingest.submit(sealBatch(host, sequence, { segments: part, processes }));
      if (result !== 'committed') throw new Error(`batch ${sequence} of host ${host.hostId}: ${result}`);
    }
  }
});
afterAll(() => store[Symbol.asyncDispose]());

const instants = Array.from({ length: 20 }, (_, index) => (nowMs - 1 - index * 14_600) * 1000);

test.each([
  ['rxRate', true, {}],
  ['txRate', false, { state: { any: ['established' as const], none: [] } }],
  ['rxBytes', false, { direction: { any: [], none: ['listen' as const] }, hostIds: [1, 3] }],
  ['txBytes', true, { process: { any: ['c*l'], none: [] } }],
  ['startedAt', false, { protocol: { any: [17 as const], none: [] } }],
] as const)('pages by %s, descending: %s', async (column, descending, filter) => {
  const before = recent.counters()['answers_total']!;
  let rows = 0;
  for (const atUs of instants) {
    const query: ConnectionQuery = {
      time: { atUs, nowUs: nowMs * 1000 },
      filter: filter as ConnectionQuery['filter'],
      sort: { column, descending },
      limit: 13,
    };
    for (;;) {
      const page = await selectConnections(store.db, query, recent);
      expect(page).toEqual(await selectConnections(store.db, query));
      rows += page.length;
      const last = page.at(-1);
      if (page.length < query.limit || last === undefined) break;
      query.after = { value: last.sortValue, hostId: last.hostId, id: last.id, endUs: last.endUs };
    }
  }
  expect(recent.counters()['answers_total']! - before).toBeGreaterThanOrEqual(instants.length);
  expect(rows).toBeGreaterThan(instants.length);
});

test('counts', async () => {
  for (const atUs of instants) {
    const time = { atUs, nowUs: nowMs * 1000 };
    const known = recent.count(time);
    expect(known?.length).toBeGreaterThan(0);
    expect(new Set(known!.map((row) => JSON.stringify(row)))).toEqual(
      new Set((await countConnections(store.db, time)).map((row) => JSON.stringify(row))),
    );
  }
});

test.each([
  ['of all', {}],
  ['of some hosts', { hostIds: [1, 2] }],
  ['of a state', { state: { any: ['listen' as const], none: [] } }],
  ['of no process', { process: { any: ['?'], none: [] } }],
])('facets %s', async (_, filter) => {
  for (const atUs of instants) {
    const query = { time: { atUs, nowUs: nowMs * 1000 }, filter };
    const known = await selectFacets(store.db, query, recent);
    const stored = await selectFacets(store.db, query);
    const states = (rows: typeof known) =>
      rows
        .filter((row) => row.facet === 'state')
        .sort((a, b) => a.protocol! - b.protocol! || a.state! - b.state! || a.direction! - b.direction!);
    expect(states(known)).toEqual(states(stored));
    const others = (rows: typeof known) => rows.filter((row) => row.facet !== 'state');
    expect(others(known)).toEqual(others(stored));
  }
  expect(
    (await selectFacets(store.db, { time: { atUs: instants[0]!, nowUs: nowMs * 1000 }, filter: {} }, recent)).length,
  ).toBeGreaterThan(15);
});

test('rows that were taken out of the database are not answered for', async () => {
  const query: ConnectionQuery = {
    time: { atUs: instants[0]!, nowUs: nowMs * 1000 },
    filter: {},
    sort: { column: 'rxRate', descending: true },
    limit: 500,
  };
  const before = await selectConnections(store.db, query, recent);
  await sql`delete from connection_segment where host_id = 2`.execute(store.db);
  const after = await selectConnections(store.db, query, recent);
  expect(after).toEqual(before.filter((row) => row.hostId !== 2));
  expect(recent.page(query)).toBeUndefined();
});

test('a commit of which nobody knows whether it happened is told of', async () => {
  let failures = 0;
  let told = 0;
  /** The connection breaks once, between the commit and its answer. */
  const pool = {
    async connect() {
      const client = await store.pool.connect();
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      return Object.assign(Object.create(client) as typeof client, {
        async query(...args: unknown[]) {
          const answer = await query(...args);
          if (args[0] === 'commit' && failures === 0) throw new Error('Connection terminated unexpectedly');
          return answer;
        },
        release: (error?: Error) => client.release(error),
      });
    },
  } as unknown as Store['pool'];
  await using folder = await mkdtempDisposable(join(tmpdir(), 'foretop-recent-'));
  await using ingest = createIngest({
    pool,
    hashKey: store.hashKey,
    quarantineDir: folder.path,
    retention: testRetention,
    log: pino({ level: 'silent' }),
    onCommitted: () => told++,
    onCommitFailed: () => failures++,
  });
  const host = testHost(9);
  expect(await ingest.submit(sealBatch(host, 1, { segments: [segmentOf(host, 1)] }))).toBe('duplicate');
  expect({ failures, told }).toEqual({ failures: 1, told: 0 });
});
