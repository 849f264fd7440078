import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { segmentOf, sealBatch, type TestHost } from '../../test/batches.ts';
import { enrolledHost, noEnrichment, scanned, watching } from '../../test/detection-suite.ts';
import { testStore } from '../../test/postgres.ts';
import { failing, failingAddress, scanCounter } from '../../test/test-detectors.ts';
import type { Store } from '../store/database.ts';
import { insertSuppression, deleteSuppression } from '../store/queries/suppressions.ts';
import { runBacktest } from './backtest/backtest.ts';
import { changeFindings } from './findings/change.ts';
import { createIntake } from './engine/intake.ts';

let store: Store;
let quarantineDir: string;

beforeAll(async () => {
  store = await testStore();
  quarantineDir = await mkdtemp(join(tmpdir(), 'foretop-quarantine-'));
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(quarantineDir, { recursive: true });
});

const source = '198.51.100.7';

async function findings(hostId: number) {
  const { rows } = await sql<{
    groupKey: string;
    state: string;
    count: number;
    severity: number;
    mutedBy: number | null;
  }>`
    select group_key as "groupKey", state, earlier_count + episode_count as count, severity, muted_by as "mutedBy"
      from finding where host_id = ${hostId} order by peer`.execute(store.db);
  return rows;
}

async function eventKinds(hostId: number): Promise<string[]> {
  const { rows } = await sql<{ kind: string }>`
    select kind from finding_event where host_id = ${hostId} order by at`.execute(store.db);
  return rows.map(({ kind }) => kind);
}

describe('what is committed is looked at', () => {
  test('from the 20th probe on there is a finding, which grows', async () => {
    const host = await enrolledHost(store, 'web-1');
    await using watch = await watching(store, quarantineDir);
    await watch.submit(scanned(host, 1, source, 19));
    expect(await findings(host.hostId)).toEqual([]);
    await watch.submit(scanned(host, 2, source, 1));
    expect(await findings(host.hostId)).toMatchObject([{ state: 'new', count: 20, severity: 1 }]);
    await watch.submit(scanned(host, 3, source, 100));
    expect(await findings(host.hostId)).toMatchObject([{ state: 'new', count: 120, severity: 2 }]);
    expect(await eventKinds(host.hostId)).toEqual(['opened', 'worsened']);
  });

  test('a batch that comes twice counts once', async () => {
    const host = await enrolledHost(store, 'web-2');
    await using watch = await watching(store, quarantineDir);
    const batch = scanned(host, 1, source, 25);
    await watch.submit(batch);
    await watch.submit(batch);
    expect(await findings(host.hostId)).toMatchObject([{ count: 25 }]);
  });

  test('news are told once, after the commit', async () => {
    const host = await enrolledHost(store, 'web-3');
    await using watch = await watching(store, quarantineDir);
    const news: string[] = [];
    watch.detection.findings.onNews((list) => news.push(...list.map(({ kind, finding }) => `${kind} ${finding.peer}`)));
    await watch.submit(scanned(host, 1, source, 30));
    await watch.submit(scanned(host, 2, source, 5));
    expect(news).toEqual([`opened ${source}`]);
  });

  test('the same source on two hosts is one group', async () => {
    const hosts = [await enrolledHost(store, 'db-1'), await enrolledHost(store, 'db-2')];
    await using watch = await watching(store, quarantineDir);
    await watch.submit(...hosts.map((host) => scanned(host, 1, source, 20)));
    const [one, two] = await Promise.all(hosts.map(({ hostId }) => findings(hostId)));
    expect(one![0]!.groupKey).toBe(two![0]!.groupKey);
  });
});

describe('a restart in the middle of a scan', () => {
  /** Every stop saves; a crash does not. */
  async function run(host: TestHost, crashes: boolean): Promise<void> {
    const first = await watching(store, quarantineDir);
    await first.submit(scanned(host, 1, source, 8, 3_000));
    await first[Symbol.asyncDispose]();
    const second = await watching(store, quarantineDir);
    await second.submit(scanned(host, 2, source, 7, 2_000));
    await second.submit(scanned(host, 3, source, 4, 1_000));
    if (!crashes) await second[Symbol.asyncDispose]();
    await using third = await watching(store, quarantineDir);
    await third.detection.settled();
    expect(await findings(host.hostId)).toEqual([]);
    await third.submit(scanned(host, 4, source, 1));
    expect(await findings(host.hostId)).toMatchObject([{ count: 20, state: 'new' }]);
    expect(await eventKinds(host.hostId)).toEqual(['opened']);
    if (crashes) await second[Symbol.asyncDispose]();
  }

  test('that was orderly: nothing is forgotten, nothing counts twice', async () =>
    run(await enrolledHost(store, 'edge-1'), false));

  test('after a crash: what no checkpoint knew is read again, once', async () =>
    run(await enrolledHost(store, 'edge-2'), true));

  test('after the finding: its count does not double', async () => {
    const host = await enrolledHost(store, 'edge-3');
    const first = await watching(store, quarantineDir);
    await first.submit(scanned(host, 1, source, 30));
    await first[Symbol.asyncDispose]();
    const second = await watching(store, quarantineDir);
    await second.submit(scanned(host, 2, source, 30));
    // Abandoned: as after a crash.
    await using third = await watching(store, quarantineDir);
    await third.detection.settled();
    expect(await findings(host.hostId)).toMatchObject([{ count: 60 }]);
    await second[Symbol.asyncDispose]();
  });
});

test('a detector that throws is switched off and says so; the others and ingest go on', async () => {
  const host = await enrolledHost(store, 'app-1');
  await using watch = await watching(store, quarantineDir, { detectors: [failing, scanCounter] });
  await watch.submit(scanned(host, 1, failingAddress, 20));
  await watch.submit(scanned(host, 2, source, 20));
  expect(watch.detection.state('failing')!.figures.failure).toMatchObject({ message: 'cannot count that' });
  expect(watch.detection.state('scan-counter')!.figures.failure).toBeUndefined();
  expect(await findings(host.hostId)).toHaveLength(2);
  // Switched on again it runs again.
  await watch.detection.set('failing', { on: true, thresholds: {} }, 'account ann');
  expect(watch.detection.state('failing')!.figures.failure).toBeUndefined();
});

test('a host that makes up findings is bounded, and drowns nobody', async () => {
  const [hostile, honest] = [await enrolledHost(store, 'bad-1'), await enrolledHost(store, 'good-1')];
  await using watch = await watching(store, quarantineDir);
  for (let batch = 0; batch < 12; batch++) {
    const scans = Array.from({ length: 50 }, (_, index) => ({
      ...{ startUs: 3_600_000_000, endUs: 3_600_000_000, kind: 1, localAddress: Uint8Array.of(10, 0, 0, 1) },
      ...{ sourceAddress: Uint8Array.of(10, batch, index, 1), localPort: 0, ports: 50, packets: 50 },
    }));
    await watch.submit(sealBatch(hostile, batch + 1, { scans }));
  }
  await watch.submit(scanned(honest, 1, source, 20));
  expect((await findings(hostile.hostId)).length).toBe(200);
  expect(watch.detection.counters()['findings_refused_total']).toBeGreaterThanOrEqual(400);
  expect(await findings(honest.hostId)).toHaveLength(1);
});

test('what was resolved and happens again opens again, with its history', async () => {
  const host = await enrolledHost(store, 'mail-1');
  await using watch = await watching(store, quarantineDir);
  await watch.submit(scanned(host, 1, source, 20, 60_000));
  const { groupKey } = (await findings(host.hostId))[0]!;
  const { tallies, findings: writer } = watch.detection;
  const parts = { db: store.db, tallies, tell: writer.tell, now: () => Date.now() - 30_000 };
  const news: string[] = [];
  writer.onNews((list) => news.push(...list.map(({ kind }) => kind)));
  const which = { groupKeys: [groupKey], hostIds: [host.hostId] };
  expect(await changeFindings(parts, which, { state: 'resolved', note: 'was a test', by: 'account ann' })).toBe(1);
  await watch.submit(scanned(host, 2, source, 5));
  expect(news).toEqual(['resolved', 'reopened']);
  expect(await findings(host.hostId)).toMatchObject([{ state: 'new', count: 25 }]);
  expect((await eventKinds(host.hostId)).sort()).toEqual(['noted', 'opened', 'reopened', 'resolved']);
});

test('a rule mutes what is stored and what comes, and gives it back when it goes', async () => {
  const host = await enrolledHost(store, 'lab-1', ['lab']);
  const other = await enrolledHost(store, 'prod-1', ['prod']);
  await using watch = await watching(store, quarantineDir);
  await watch.submit(scanned(host, 1, source, 20), scanned(other, 1, source, 20));
  const rule = {
    ...{ detector: 'scan-counter', hostIds: [], labels: ['lab'], process: null, peer: '198.51.100.0/24' },
    ...{ mostSevere: 1, reason: '', createdBy: 'account ann', expiresAt: null },
  };
  await watch.detection.rulebook.changed();
  expect(await watch.detection.rulebook.preview(rule, undefined)).toMatchObject({ matching: 1, open: 1 });
  const { id } = await insertSuppression(store.db, rule);
  await watch.detection.rulebook.changed();
  expect(await findings(host.hostId)).toMatchObject([{ state: 'muted', mutedBy: id }]);
  expect(await findings(other.hostId)).toMatchObject([{ state: 'new' }]);
  await watch.submit(scanned(host, 2, '198.51.100.8', 20));
  expect((await findings(host.hostId)).map(({ state }) => state)).toEqual(['muted', 'muted']);
  await deleteSuppression(store.db, id);
  await watch.detection.rulebook.changed();
  expect((await findings(host.hostId)).map(({ state }) => state)).toEqual(['new', 'new']);
});

test('detectors are told the time zone that a host says it is in', async () => {
  const host = await enrolledHost(store, 'far-1');
  await sql`update host set time_zone = 'Asia/Kolkata' where host_id = ${host.hostId}`.execute(store.db);
  await using watch = await watching(store, quarantineDir);
  expect(watch.detection.knowledge.timeZone(String(host.hostId))).toBe('Asia/Kolkata');
  expect(watch.detection.knowledge.timeZone('999999')).toBe('');
});

test('a backtest finds in the tables what was found in the stream, and stores nothing', async () => {
  const host = await enrolledHost(store, 'old-1');
  await using watch = await watching(store, quarantineDir, { detectors: [] });
  await watch.submit(scanned(host, 1, source, 40), sealBatch(host, 2, { segments: [segmentOf(host, 1)] }));
  const nowUs = Date.now() * 1000;
  const options = {
    ...{ db: store.db, detector: scanCounter, fromUs: nowUs - 3_600e6, toUs: nowUs + 1e6, hostIds: [host.hostId] },
    hostName: () => 'old-1',
    knowledge: { ...noEnrichment, prevalence: () => ({ hosts: 0, fleet: 0 }), timeZone: () => '' },
    cpus: () => 1,
    signal: new AbortController().signal,
  };
  const result = async (ports: number) =>
    (await Array.fromAsync(runBacktest({ ...options, thresholds: { ports } }))).at(-1);
  expect(await result(20)).toMatchObject({
    kind: 'result',
    result: {
      findings: 1,
      hosts: 1,
      observations: 40,
      bySeverity: { medium: 1 },
      examples: [{ count: 40, peer: source }],
    },
  });
  expect(await result(41)).toMatchObject({ kind: 'result', result: { findings: 0 } });
  expect(await findings(host.hostId)).toEqual([]);
});

test('a queue that is full drops and counts, and goes on', async () => {
  const seen: number[] = [];
  const intake = createIntake({
    ...{ map: () => [], observe: () => undefined, mostRows: 10 },
    applied: ({ transaction }) => seen.push(Number(transaction)),
  });
  const prepared = (rows: number) => ({ rows, batch: { receivedUs: 0 } }) as never;
  for (const [index, rows] of [6, 6, 4, 1].entries())
    intake.push({ prepared: prepared(rows), transaction: BigInt(index) });
  expect(intake.counters()).toMatchObject({ queued_rows: 10, dropped_observations_total: 7 });
  const stop = new AbortController();
  const run = intake.run(stop.signal);
  stop.abort();
  await run;
  expect(seen).toEqual([0, 2]);
});
