// What a watch measured comes to stand in the minutes of its own subject.
import { Metric, packDeltas } from '@foretop/proto';
import { expect, test } from 'vitest';
import { bootUs, chunkOf, sealBatch, testHost } from '../../test/batches.ts';
import { ingestSuite } from '../../test/ingest-suite.ts';

const { store, open } = ingestSuite();

test('probes sent and lost and their round trips add up by the minute; the highest is kept', async () => {
  await using ingest = open();
  const host = testHost(250);
  const minuteMs = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const chunk = (startMs: number, [sent, lost, sum, max]: number[][]) => ({
    ...chunkOf(bootUs(host, startMs), sent!),
    subject: 'watch:0123456789abcdef',
    series: [
      { metric: Metric.METRIC_PROBES_SENT, values: packDeltas(sent!) },
      { metric: Metric.METRIC_PROBES_LOST, values: packDeltas(lost!) },
      { metric: Metric.METRIC_PROBE_RTT_SUM_US, values: packDeltas(sum!) },
      { metric: Metric.METRIC_PROBE_RTT_MAX_US, values: packDeltas(max!) },
    ],
  });
  const first = chunk(minuteMs, [
    [1, 0, 1],
    [0, 0, 1],
    [400, 0, 0],
    [400, 0, 0],
  ]);
  const second = chunk(minuteMs + 3_000, [
    [2, 0],
    [0, 0],
    [1_500, 0],
    [900, 0],
  ]);
  await ingest.submit(sealBatch(host, 1, { metrics: [first] }));
  await ingest.submit(sealBatch(host, 2, { metrics: [second] }));
  const rows = await store()
    .db.selectFrom('metric_1m')
    .select(['subject', 'seconds', 'probes_sent', 'probes_lost', 'probe_rtt_sum_us', 'probe_rtt_max_us', 'rx_bytes'])
    .where('host_id', '=', 250)
    .execute();
  expect(rows).toEqual([
    {
      ...{ subject: 'watch:0123456789abcdef', seconds: 5, rx_bytes: null },
      ...{ probes_sent: 4, probes_lost: 1, probe_rtt_sum_us: 1_900, probe_rtt_max_us: 900 },
    },
  ]);
});
