// Chunks lie on the minutes of the collector's clock and their samples add up to the counters.
import { Metric, unpackDeltas, type MetricChunk } from '@foretop/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkInterface, secondUs, tick } from '../../test/synthetic-ticks.ts';
import { createMetrics } from './metrics.ts';

const offsetUs = 1_795_000_000_123_456;
/** boottime of a whole minute of the collector's clock. */
const minuteUs = 60 * secondUs * Math.ceil((offsetUs + 500 * secondUs) / (60 * secondUs)) - offsetUs;

const samples = (chunk: MetricChunk, metric: Metric) => {
  const series = chunk.series!.find((entry) => entry.metric === metric)!;
  return unpackDeltas(series.values!, chunk.count!);
};
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe('metrics', () => {
  it('give 60 samples from minute to minute, for the host and each interface', () => {
    const metrics = createMetrics(() => offsetUs);
    for (let second = -10; second <= 130; second++) {
      const rxBytes = 5_000 + second * 100;
      const interfaces = [
        networkInterface('eth0', { rxBytes }),
        networkInterface('lo', { loopback: true, counted: false, rxBytes: rxBytes * 7 }),
      ];
      metrics.observe(tick(minuteUs + second * secondUs, { interfaces }));
    }
    const chunks = metrics.take(false);
    expect(chunks.map(({ subject }) => subject)).toEqual([
      '',
      'if:eth0',
      'if:lo',
      '',
      'if:eth0',
      'if:lo',
      '',
      'if:eth0',
      'if:lo',
    ]);
    const host = chunks.filter(({ subject }) => subject === '');
    expect(host.map(({ startUs, count }) => [startUs! - minuteUs, count])).toEqual([
      [-10 * secondUs, 10],
      [0, 60],
      [60 * secondUs, 60],
    ]);
    expect(samples(host[1]!, Metric.METRIC_RX_BYTES)).toEqual(Array.from({ length: 60 }, () => 100));
    expect(samples(host[1]!, Metric.METRIC_CPU_PERMILLE)).toEqual(Array.from({ length: 60 }, () => 100));
    expect(sum(samples(chunks[5]!, Metric.METRIC_RX_BYTES))).toBe(60 * 700);
    expect(metrics.take(true).map(({ count }) => count)).toEqual([10, 10, 10]);
  });

  it('stay aligned and complete with any jitter, and lose no byte', () => {
    const jitters = fc.array(fc.tuple(fc.integer({ min: 300, max: 4_400 }), fc.nat(1e9)), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(jitters, (list) => {
        const metrics = createMetrics(() => offsetUs);
        let nowUs = minuteUs;
        let rxBytes = 0;
        metrics.observe(tick(nowUs, { interfaces: [networkInterface('eth0')] }));
        for (const [ms, bytes] of [...list, [1_000, 0] as const]) {
          const previousUs = nowUs;
          nowUs += ms * 1_000;
          rxBytes += bytes;
          metrics.observe(tick(nowUs, { previousUs, interfaces: [networkInterface('eth0', { rxBytes })] }));
        }
        const chunks = metrics.take(true).filter(({ subject }) => subject === 'if:eth0');
        let expectedUs = minuteUs;
        for (const chunk of chunks) {
          expect(chunk.startUs).toBe(expectedUs);
          expect(chunk.count).toBeLessThanOrEqual(60);
          const last = (chunk.startUs! + offsetUs) / secondUs + chunk.count! - 1;
          expect(Math.floor(last / 60)).toBe(Math.floor((chunk.startUs! + offsetUs) / secondUs / 60));
          expectedUs += chunk.count! * secondUs;
        }
        expect(Math.abs(expectedUs - nowUs)).toBeLessThanOrEqual(500_000);
        expect(sum(chunks.flatMap((chunk) => samples(chunk, Metric.METRIC_RX_BYTES)))).toBe(rxBytes);
      }),
      { numRuns: 100 },
    );
  });

  it('end at a stall and where the offset jumps, with a new baseline', () => {
    let offset = offsetUs;
    const metrics = createMetrics(() => offset);
    const at = (second: number, rxBytes: number, previous = second - 1) =>
      metrics.observe(
        tick(minuteUs + second * secondUs, {
          previousUs: minuteUs + previous * secondUs,
          interfaces: [networkInterface('eth0', { rxBytes })],
        }),
      );
    at(0, 0);
    at(1, 10);
    at(20, 5_000, 1);
    at(21, 5_003);
    offset += 3_600 * secondUs;
    at(22, 9_000);
    at(23, 9_004);
    const chunks = metrics.take(true).filter(({ subject }) => subject === '');
    expect(chunks.map((chunk) => samples(chunk, Metric.METRIC_RX_BYTES))).toEqual([[10], [3], [4]]);
    expect(chunks[2]!.startUs! + offset).toBe(minuteUs + offsetUs + (3_600 + 22) * secondUs);
  });

  it('take a counter that fell as one that began again, and end the chunk of an interface that went', () => {
    const metrics = createMetrics(() => offsetUs);
    const at = (second: number, ...interfaces: [string, number][]) =>
      metrics.observe(
        tick(minuteUs + second * secondUs, {
          interfaces: interfaces.map(([name, rxBytes]) => networkInterface(name, { rxBytes })),
        }),
      );
    at(0, ['eth0', 100], ['tun0', 5]);
    at(1, ['eth0', 130], ['tun0', 6]);
    at(2, ['eth0', 7]);
    at(3, ['eth0', 9], ['tun0', 1_000]);
    at(4, ['eth0', 9], ['tun0', 1_001]);
    const chunks = metrics.take(true);
    const of = (subject: string) =>
      chunks.filter((chunk) => chunk.subject === subject).map((chunk) => samples(chunk, Metric.METRIC_RX_BYTES));
    expect(of('if:eth0')).toEqual([[30, 7, 2, 0]]);
    expect(of('if:tun0')).toEqual([[1], [1]]);
  });
});

it('has the coverage’s bytes by the second, and no series for what nobody counts', () => {
  const metrics = createMetrics(() => 0);
  const look = (second: number, socketBytes: number | undefined) =>
    tick(second * secondUs, {
      coverage: { socketBytes, interfaceBytes: second * 100, forwardedBytes: 0 },
      eventsLost: second,
    });
  for (let second = 60; second <= 63; second++) metrics.observe(look(second, second * 90));
  const [chunk] = metrics.take(true);
  const of = (metric: Metric) => chunk!.series!.find((entry) => entry.metric === metric)?.values;
  expect(unpackDeltas(of(Metric.METRIC_SOCKET_BYTES)!, 3)).toEqual([90, 90, 90]);
  expect(unpackDeltas(of(Metric.METRIC_INTERFACE_BYTES)!, 3)).toEqual([100, 100, 100]);
  expect(unpackDeltas(of(Metric.METRIC_EVENTS_LOST)!, 3)).toEqual([1, 1, 1]);
  for (let second = 120; second <= 122; second++) metrics.observe(look(second, undefined));
  const [later] = metrics.take(true);
  expect(later!.series!.some(({ metric }) => metric === Metric.METRIC_SOCKET_BYTES)).toBe(false);
});
