import { type Direction, type Metric, type NameSource } from '@foretop/proto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { bootUs, chunkOf, sealBatch, segmentOf, testHost } from '../../test/batches.ts';
import { ingestSuite } from '../../test/ingest-suite.ts';

const { store, open, count, gaps } = ingestSuite();

describe('hostile values', () => {
  test('NUL, 64 KB names and HTML are stored, cleaned and cut', async () => {
    await using ingest = open();
    const host = testHost(40);
    const strings = ['', 'a\0b', 'x'.repeat(65_536), '<script>alert(1)</script>', `${'z'.repeat(63)}\u{1f600}`];
    const segments = [1, 2, 3, 4].map((comm) => segmentOf(host, comm, { comm, name: comm }));
    const nasty = `<img src=x>\0${'y'.repeat(65_536)}`;
    const processes = [
      {
        pid: 9,
        startTicks: 1,
        startedUs: 1_000,
        comm: nasty,
        executable: nasty,
        commandLine: nasty,
        user: nasty,
        cgroup: nasty,
        unit: nasty,
        containerRuntime: nasty,
        containerId: nasty,
      },
    ];
    expect(await ingest.submit(sealBatch(host, 1, { strings, segments, processes }))).toBe('committed');
    const rows = await store()
      .db.selectFrom('connection_segment')
      .select(['comm', 'name'])
      .where('host_id', '=', 40)
      .orderBy('comm')
      .execute();
    expect(rows.map((row) => row.comm).toSorted()).toEqual(
      ['a\ufffdb', 'x'.repeat(64), '<script>alert(1)</script>', `${'z'.repeat(63)}\ufffd`].toSorted(),
    );
    expect(rows.map((row) => row.name?.length).toSorted()).toEqual([255, 25, 3, 65].toSorted());
    const process = await store()
      .db.selectFrom('process')
      .select(['comm', 'executable', 'command_line', 'unit', 'container_runtime', 'container_id'])
      .where('host_id', '=', 40)
      .executeTakeFirstOrThrow();
    expect([process.comm.length, process.executable.length, process.command_line.length]).toEqual([64, 4_096, 4_096]);
    expect([process.unit.length, process.container_runtime.length, process.container_id.length]).toEqual([
      255, 255, 255,
    ]);
    expect(process.executable.startsWith('<img src=x>\ufffdy')).toBe(true);
  });

  const invalid: [string, Parameters<typeof segmentOf>[2]][] = [
    ['no address', { localAddress: new Uint8Array() }],
    ['an address of 5 bytes', { remoteAddress: new Uint8Array(5) }],
    ['a port beyond 65535', { localPort: 65_536 }],
    ['an unknown protocol', { protocol: 132 }],
    ['an unknown state', { state: 99 }],
    ['an unknown direction', { direction: 9 as Direction }],
    ['an unknown name source', { nameSource: 77 as NameSource }],
    ['a string that is not in the table', { comm: 2 }],
    ['a pid beyond int4', { pid: 2 ** 31 }],
    ['bytes beyond 2^53', { rxBytes: 2 ** 60 }],
    ['a count beyond int4', { connectionCount: 2 ** 31 }],
  ];
  test.each(invalid)('a segment with %s is dropped and counted, the others stay', async (_, changes) => {
    await using ingest = open();
    const host = testHost(41);
    await sql`delete from gap where host_id = 41`.execute(store().db);
    await sql`delete from connection_segment where host_id = 41`.execute(store().db);
    const batch = sealBatch(host, 1, { segments: [segmentOf(host, 1, changes), segmentOf(host, 2)] });
    expect(await ingest.submit(batch)).toBe('committed');
    expect(await count('connection_segment', 41)).toBe(1);
    expect(await gaps(41)).toMatchObject([{ reason: 'invalid-rows', lost: 1 }]);
  });

  test('spans that are negative or too long are dropped', async () => {
    await using ingest = open();
    const host = testHost(42);
    const endUs = bootUs(host);
    const segments = [
      segmentOf(host, 1, { startUs: endUs - 300_000_001, startedUs: 0 }),
      segmentOf(host, 2, { startUs: endUs + 1, endUs }),
      segmentOf(host, 3, { startUs: endUs - 300_000_000, startedUs: 0, endUs }),
    ];
    await ingest.submit(sealBatch(host, 1, { segments }));
    expect(await count('connection_segment', 42)).toBe(1);
    expect(await gaps(42)).toMatchObject([{ reason: 'invalid-rows', lost: 2 }]);
  });

  test('metrics, processes, minutes and gaps out of range are dropped and counted', async () => {
    await using ingest = open();
    const host = testHost(43);
    const now = bootUs(host);
    await ingest.submit(
      sealBatch(host, 1, {
        metrics: [
          { ...chunkOf(now, [1]), count: 2 },
          { ...chunkOf(now, [1]), intervalUs: 5 },
          { ...chunkOf(now, [1]), series: [{ metric: 99 as Metric, values: Uint8Array.of(2) }] },
          chunkOf(now, [-5]),
        ],
        processes: [
          { pid: 0, startTicks: 1, startedUs: 1 },
          { pid: 7, startTicks: 2 ** 60, startedUs: 1 },
        ],
        processMinutes: [{ pid: 1, startTicks: 1, startUs: now, seconds: 61 }],
        gaps: [
          { startUs: now, endUs: now - 1, reason: 'stalled' },
          { startUs: now, endUs: now, reason: 'made-up' },
        ],
      }),
    );
    expect(await gaps(43)).toMatchObject([{ reason: 'invalid-rows', lost: 9 }]);
    expect(await count('metric_chunk', 43)).toBe(0);
  });

  const years = 10 * 365 * 86_400_000_000;
  test.each([
    ['ahead', 50, years],
    ['behind', 51, -years],
  ])('a clock ten years %s leaves a gap and no rows', async (_, hostId, byUs) => {
    await using ingest = open();
    const host = testHost(hostId);
    const body = { segments: [segmentOf(host, 1)], metrics: [chunkOf(bootUs(host), [1, 2])] };
    expect(await ingest.submit({ ...sealBatch(host, 1, body), offsetUs: host.offsetUs + byUs })).toBe('committed');
    expect(await count('connection_segment', hostId)).toBe(0);
    const [gap, ...others] = await gaps(hostId);
    expect(others).toEqual([]);
    expect(gap).toMatchObject({ reason: 'clock', lost: 2 });
    expect(Math.abs(gap!.gap_end.getTime() - Date.now())).toBeLessThan(4 * 86_400_000);
  });
});
