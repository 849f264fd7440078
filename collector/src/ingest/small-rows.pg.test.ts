import { Metric, unpackDeltas } from '@foretop/proto';
import { describe, expect, test } from 'vitest';
import { bootUs, chunkOf, sealBatch, testHost } from '../../test/batches.ts';
import { ingestSuite } from '../../test/ingest-suite.ts';
import { unpackSamples } from '../store/samples.ts';

const { store, open } = ingestSuite();

describe('minutes', () => {
  const minuteMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const read = (hostId: number) =>
    store()
      .db.selectFrom('metric_1m')
      .select(['ts', 'subject', 'seconds', 'rx_bytes', 'rx_bytes_max', 'tx_bytes'])
      .where('host_id', '=', hostId)
      .orderBy('ts')
      .orderBy('subject')
      .execute();

  test('parts of a minute add up, in one group and over several', async () => {
    await using ingest = open();
    const host = testHost(60);
    const start = bootUs(host, minuteMs);
    const part = (offset: number, values: number[]) => chunkOf(start + offset * 1_000_000, values);
    await Promise.all([
      ingest.submit(sealBatch(host, 1, { metrics: [part(0, [1, 2]), chunkOf(start, [100], 'if:eth0')] })),
      ingest.submit(sealBatch(host, 2, { metrics: [part(2, [30])] })),
    ]);
    await ingest.submit(sealBatch(host, 3, { metrics: [part(10, [7])] }));
    expect(await read(60)).toEqual([
      { ts: new Date(minuteMs), subject: '', seconds: 4, rx_bytes: 40, rx_bytes_max: 30, tx_bytes: null },
      { ts: new Date(minuteMs), subject: 'if:eth0', seconds: 1, rx_bytes: 100, rx_bytes_max: 100, tx_bytes: null },
    ]);
  });

  test('a chunk across a minute is split, a sample just before the minute counts as of it', async () => {
    await using ingest = open();
    const host = testHost(61);
    const start = bootUs(host, minuteMs);
    await ingest.submit(
      sealBatch(host, 1, {
        metrics: [
          chunkOf(
            start - 400_000,
            Array.from({ length: 60 }, () => 1),
          ),
        ],
      }),
    );
    await ingest.submit(sealBatch(host, 2, { metrics: [chunkOf(start + 118_000_000, [5, 5, 9])] }));
    expect(await read(61)).toMatchObject([
      { ts: new Date(minuteMs), seconds: 60, rx_bytes: 60 },
      { ts: new Date(minuteMs + 60_000), seconds: 2, rx_bytes: 10 },
      { ts: new Date(minuteMs + 120_000), seconds: 1, rx_bytes: 9 },
    ]);
  });

  test('chunks hold the samples as they came', async () => {
    await using ingest = open();
    const host = testHost(62);
    const values = [5, 0, 2 ** 40, 7];
    const chunk = chunkOf(bootUs(host, minuteMs), values);
    await ingest.submit(sealBatch(host, 1, { metrics: [chunk] }));
    const row = await store()
      .db.selectFrom('metric_chunk')
      .selectAll()
      .where('host_id', '=', 62)
      .executeTakeFirstOrThrow();
    expect([...unpackSamples(row.samples, row.sample_count)]).toEqual([[Metric.METRIC_RX_BYTES, values]]);
    expect(unpackDeltas(chunk.series![0]!.values!, 4)).toEqual(values);
  });
});

test('unit and container follow the control group, and stay when an exit no longer knows it', async () => {
  await using ingest = open();
  const host = testHost(34);
  const read = () =>
    store()
      .db.selectFrom('process')
      .select(['unit', 'container_runtime', 'container_id'])
      .where('host_id', '=', host.hostId)
      .executeTakeFirstOrThrow();
  const start = { pid: 5, startTicks: 3, startedUs: 1_000_000, comm: 'a' };
  const contained = { cgroup: '/docker/1', unit: 'd.scope', containerRuntime: 'docker', containerId: '1' };
  await ingest.submit(sealBatch(host, 1, { processes: [{ ...start, ...contained }] }));
  await ingest.submit(sealBatch(host, 2, { processes: [{ ...start, exited: true, exitedUs: 9_000_000 }] }));
  expect(await read()).toEqual({ unit: 'd.scope', container_runtime: 'docker', container_id: '1' });
  await ingest.submit(
    sealBatch(host, 3, { processes: [{ ...start, cgroup: '/system.slice/b.service', unit: 'b.service' }] }),
  );
  expect(await read()).toEqual({ unit: 'b.service', container_runtime: '', container_id: '' });
});

test('an exit completes the process that its start wrote', async () => {
  await using ingest = open();
  const host = testHost(70);
  const start = { pid: 5, startTicks: 3, startedUs: 1_000_000, comm: 'a', executable: '/bin/a', commandLine: 'a b' };
  await ingest.submit(sealBatch(host, 1, { processes: [start] }));
  const exitedUs = bootUs(host) - 1_000_000;
  await ingest.submit(
    sealBatch(host, 2, { processes: [{ ...start, executable: '', commandLine: '', exited: true, exitedUs }] }),
  );
  const rows = await store()
    .db.selectFrom('process')
    .select(['started_at', 'exited_at', 'executable', 'command_line'])
    .where('host_id', '=', 70)
    .execute();
  const at = (us: number) => new Date((us + host.offsetUs) / 1000);
  expect(rows).toEqual([
    { started_at: at(1_000_000), exited_at: at(exitedUs), executable: '/bin/a', command_line: 'a b' },
  ]);
});
