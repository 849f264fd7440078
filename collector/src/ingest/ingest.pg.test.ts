import { readdir } from 'node:fs/promises';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { chunkOf, sealBatch, segmentOf, type TestHost, testHost } from '../../test/batches.ts';
import { ingestSuite, oneSegment } from '../../test/ingest-suite.ts';

const { store, quarantineDir, open, count, gaps } = ingestSuite();

test('a batch is in all its tables after submit resolves', async () => {
  await using ingest = open();
  const host = testHost(1);
  const now = segmentOf(host, 1).endUs!;
  const batch = sealBatch(host, 1, {
    segments: [
      segmentOf(host, 1),
      segmentOf(host, 2, { remoteAddress: new Uint8Array(), remotePort: 0, state: 10, direction: 3 }),
    ],
    metrics: [chunkOf(now - 60_000_000, [1, 2, 3])],
    processes: [
      {
        pid: 100,
        startTicks: 5_000,
        startedUs: 50_000_000,
        parentPid: 1,
        parentStartTicks: 1,
        comm: 'curl',
        executable: '/usr/bin/curl',
      },
    ],
    processMinutes: [
      {
        pid: 100,
        startTicks: 5_000,
        startUs: now - 60_000_000,
        seconds: 60,
        cpuUs: 7,
        memoryBytes: 9,
        connections: 2,
        threads: 3,
      },
    ],
    gaps: [{ startUs: now - 1_000_000, endUs: now, reason: 'stalled', lost: 1, detail: 'suspended' }],
  });
  expect(await ingest.submit(batch)).toBe('committed');
  expect(await count('connection_segment', 1)).toBe(2);
  expect(await count('metric_chunk', 1)).toBe(1);
  expect(await count('process_1m', 1)).toBe(1);
  expect(await count('gap', 1)).toBe(1);
  const joined = await sql`select p.comm, p.executable, s.comm as segment_comm, host(s.remote_address) as remote
    from connection_segment s join process p using (host_id, process_id) where s.remote_address is not null and host_id = 1`.execute(
    store().db,
  );
  expect(joined.rows).toEqual([
    { comm: 'curl', executable: '/usr/bin/curl', segment_comm: 'curl', remote: '192.0.2.1' },
  ]);
});

describe('exactly once', () => {
  test('a replay is a duplicate, in the same run and after a restart', async () => {
    const host = testHost(10);
    const batch = oneSegment(host, 1);
    {
      await using ingest = open();
      expect(await ingest.submit(batch)).toBe('committed');
      expect(await ingest.submit(batch)).toBe('duplicate');
    }
    await using ingest = open();
    expect(await ingest.submit(batch)).toBe('duplicate');
    expect(await ingest.submit(oneSegment(host, 2))).toBe('committed');
    expect(await count('connection_segment', 10)).toBe(2);
  });

  test('the same batch twice in one group is written once', async () => {
    await using ingest = open();
    const host = testHost(11);
    const results = await Promise.all([1, 1, 2, 2, 1].map((sequence) => ingest.submit(oneSegment(host, sequence))));
    expect(results).toEqual(['committed', 'duplicate', 'committed', 'duplicate', 'duplicate']);
    expect(await count('connection_segment', 11)).toBe(2);
  });

  test('a batch out of order is refused and may come again', async () => {
    await using ingest = open();
    const host = testHost(12);
    expect(await ingest.submit(oneSegment(host, 2))).toBe('sequence-gap');
    expect(await ingest.submit(oneSegment(host, 1))).toBe('committed');
    expect(await ingest.submit(oneSegment(host, 3))).toBe('sequence-gap');
    expect(await ingest.submit(oneSegment(host, 2))).toBe('committed');
    expect(await ingest.submit(oneSegment(host, 3))).toBe('committed');
    expect(await count('connection_segment', 12)).toBe(3);
  });

  test('a batch whose predecessors the spool dropped goes on after the loss was declared', async () => {
    await using ingest = open();
    const host = testHost(13);
    await ingest.submit(oneSegment(host, 1));
    const late = { ...oneSegment(host, 9), previousSequence: 7 };
    expect(await ingest.submit(late)).toBe('sequence-gap');
    await store().declareLoss(13, host.epoch, 7);
    await store().declareLoss(13, host.epoch, 5);
    expect(await ingest.submit(late)).toBe('committed');
    expect(await gaps(13)).toMatchObject([{ reason: 'spool-overflow', lost: 6 }]);
  });

  test('epochs of one host count apart', async () => {
    await using ingest = open();
    const host = testHost(14);
    const again = { ...host, epoch: new Uint8Array(8).fill(1) };
    expect(await Promise.all([ingest.submit(oneSegment(host, 1)), ingest.submit(oneSegment(again, 1))])).toEqual([
      'committed',
      'committed',
    ]);
  });

  test('two collectors that race over the same batches write each once', async () => {
    await using first = open();
    await using second = open();
    const hosts = Array.from({ length: 8 }, (_, index) => testHost(20 + index));
    for (let sequence = 1; sequence <= 5; sequence++) {
      const batches = hosts.map((host) => oneSegment(host, sequence));
      const results = await Promise.all([
        ...batches.map((batch) => first.submit(batch)),
        ...batches.toReversed().map((batch) => second.submit(batch)),
      ]);
      expect(results.filter((result) => result === 'committed')).toHaveLength(8);
      expect(results.filter((result) => result === 'duplicate')).toHaveLength(8);
    }
    for (const { hostId } of hosts) expect(await count('connection_segment', hostId)).toBe(5);
  });
});

describe('poison', () => {
  test('a batch that cannot be opened is set aside and acknowledged; the host goes on', async () => {
    await using ingest = open();
    const host = testHost(30);
    const whole = oneSegment(host, 1);
    const torn = { ...whole, payload: whole.payload.subarray(0, 20) };
    expect(await ingest.submit(torn)).toBe('quarantined');
    expect(await ingest.submit(oneSegment(host, 2))).toBe('committed');
    expect(await gaps(30)).toMatchObject([{ reason: 'quarantined', lost: 1 }]);
    const files = await readdir(quarantineDir());
    expect(files.filter((name) => name.startsWith('30-'))).toHaveLength(2);
  });

  test.each([
    ['another boot', (host: TestHost) => ({ ...oneSegment(host, 1), bootId: new Uint8Array(16) })],
    ['a size that is not its own', (host: TestHost) => ({ ...oneSegment(host, 1), payloadBytes: 7 })],
    ['text that is not UTF-8', (host: TestHost) => sealBatch(host, 1, { strings: ['', '\ud800'] })],
    ['too many rows', (host: TestHost) => sealBatch(host, 1, { gaps: Array.from({ length: 20_001 }, () => ({})) })],
    ['an offset beyond numbers', (host: TestHost) => ({ ...oneSegment(host, 1), offsetUs: 2 ** 60 })],
  ])('a batch with %s is set aside', async (_, make) => {
    await using ingest = open();
    expect(await ingest.submit(make(testHost(31)))).toBe('quarantined');
  });

  test('rows that Postgres refuses stop neither other hosts nor the next batch', async () => {
    await using ingest = open();
    await sql`alter table connection_segment add constraint refused check (local_port <> 6666)`.execute(store().db);
    const [bad, good] = [testHost(32), testHost(33)];
    const results = await Promise.all([
      ingest.submit(oneSegment(bad, 1)),
      ingest.submit(oneSegment(good, 1)),
      ingest.submit(sealBatch(bad, 2, { segments: [segmentOf(bad, 2, { localPort: 6666 })] })),
      ingest.submit(oneSegment(bad, 3)),
      ingest.submit(oneSegment(good, 2)),
    ]);
    await sql`alter table connection_segment drop constraint refused`.execute(store().db);
    expect(results).toEqual(['committed', 'committed', 'quarantined', 'committed', 'committed']);
    expect([await count('connection_segment', 32), await count('connection_segment', 33)]).toEqual([2, 2]);
    expect(await gaps(32)).toMatchObject([{ reason: 'quarantined' }]);
  });
});

describe('bounds', () => {
  test('beyond the queue batches are refused, not held', async () => {
    const limits = { queueBytes: 1_000, groupBodyBytes: 1 << 20, groupWaitMs: 250 };
    await using ingest = open({ limits });
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => ingest.submit(oneSegment(testHost(100 + index), 1))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(30);
    expect(refused[0]!.reason).toMatchObject({ code: 'overloaded', retryable: true });
    expect(ingest.counters()).toMatchObject({ batchesRefused: refused.length, queuedBytes: 0 });
    expect(await ingest.submit(oneSegment(testHost(99), 1))).toBe('committed');
  });

  test('disposal commits what was submitted and takes nothing more', async () => {
    const ingest = open();
    const submitted = ingest.submit(oneSegment(testHost(80), 1));
    await ingest[Symbol.asyncDispose]();
    expect(await submitted).toBe('committed');
    await expect(ingest.submit(oneSegment(testHost(80), 2))).rejects.toMatchObject({ code: 'stopping' });
  });
});
