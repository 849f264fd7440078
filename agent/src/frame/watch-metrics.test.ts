// Attempts of watches in metric chunks: in the second in which they were made, whatever time their answer took.
import { Metric, type MetricChunk, unpackDeltas } from '@foretop/proto';
import { expect, test } from 'vitest';
import { createWatchMetrics } from './watch-metrics.ts';

const secondUs = 1_000_000;
/** The collector's clock is at the start of a minute when boottime is 0. */
const offsetUs = () => 60 * 1_000 * secondUs;

const valuesOf = ({ series, count }: MetricChunk, metric: Metric) => {
  const values = series!.find((one) => one.metric === metric)!.values!;
  return unpackDeltas(values, count!);
};

test('a minute has a row for each second from the first attempt to the last', () => {
  const metrics = createWatchMetrics(offsetUs);
  metrics.add({ id: 'ab', boottimeUs: 10 * secondUs, answered: true, rttUs: 80_000 });
  metrics.add({ id: 'ab', boottimeUs: 12 * secondUs + 5, answered: false, rttUs: 0 });
  metrics.add({ id: 'ab', boottimeUs: 12 * secondUs + 9, answered: true, rttUs: 90_000 });
  metrics.add({ id: 'ab', boottimeUs: 12 * secondUs + 10, answered: true, rttUs: 70_000 });
  expect(metrics.take(60 * secondUs, false), 'an attempt may still be told').toEqual([]);
  const [chunk, ...more] = metrics.take(70 * secondUs, false);
  expect(more).toEqual([]);
  expect(chunk).toMatchObject({ subject: 'watch:ab', startUs: 10 * secondUs, intervalUs: secondUs, count: 3 });
  expect(valuesOf(chunk!, Metric.METRIC_PROBES_SENT)).toEqual([1, 0, 3]);
  expect(valuesOf(chunk!, Metric.METRIC_PROBES_LOST)).toEqual([0, 0, 1]);
  expect(valuesOf(chunk!, Metric.METRIC_PROBE_RTT_SUM_US)).toEqual([80_000, 0, 160_000]);
  expect(valuesOf(chunk!, Metric.METRIC_PROBE_RTT_MAX_US)).toEqual([80_000, 0, 90_000]);
  expect(metrics.take(80 * secondUs, true)).toEqual([]);
});

test('watches and minutes have chunks of their own, and at the end all are given', () => {
  const metrics = createWatchMetrics(offsetUs);
  for (const id of ['a', 'b'])
    for (const second of [59, 60]) metrics.add({ id, boottimeUs: second * secondUs, answered: true, rttUs: 1 });
  const chunks = metrics.take(61 * secondUs, true);
  expect(chunks.map(({ subject, startUs, count }) => [subject, startUs! / secondUs, count])).toEqual([
    ['watch:a', 59, 1],
    ['watch:a', 60, 1],
    ['watch:b', 59, 1],
    ['watch:b', 60, 1],
  ]);
});
