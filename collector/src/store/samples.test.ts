import { Metric, packDeltas } from '@foretop/proto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packSamples, unpackSamples } from './samples.ts';

test('what was packed is unpacked', () => {
  const series = fc.uniqueArray(
    fc.tuple(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(), { minLength: 60, maxLength: 60 })),
    {
      selector: ([metric]) => metric,
    },
  );
  fc.assert(
    fc.property(series, (all) => {
      const packed = packSamples(
        all.map(([metric, values]) => ({ metric: metric as Metric, values: packDeltas(values) })),
      );
      expect([...unpackSamples(packed, 60)]).toEqual(all);
    }),
  );
});

test('bytes that end early are refused', () => {
  const whole = packSamples([
    { metric: Metric.METRIC_RX_BYTES, values: packDeltas(Array.from({ length: 60 }, (_, index) => index * 1e9)) },
  ]);
  for (const length of [1, 2, 3, whole.length - 1])
    expect(() => unpackSamples(whole.subarray(0, length), 60)).toThrow(RangeError);
});
