import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TcpStream } from './stream.ts';

const limits = { maxBytes: 10_000, maxSegments: 100 };

function collect(bounds = limits) {
  const got: number[] = [];
  return { got, stream: new TcpStream(bounds, (bytes) => got.push(...bytes)) };
}

test('whatever the order, the overlaps and the number it starts with, each byte comes once and in its place', () => {
  const size = 200;
  const all = Uint8Array.from({ length: size }, (_, index) => index);
  const piece = fc.record({ start: fc.nat(size - 1), length: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.nat(0xffff_ffff), (pieces, first) => {
      const { got, stream } = collect();
      stream.start(first);
      const covering = Array.from({ length: 10 }, (_, index) => ({ start: (9 - index) * 20, length: 20 }));
      for (const { start, length } of [...pieces, ...covering]) {
        expect(stream.push((first + start) >>> 0, all.subarray(start, start + length))).toBe(true);
      }
      expect(got).toEqual([...all]);
      expect(stream.position).toBe(size);
    }),
  );
});

test('what waits is bounded by bytes and by segments', () => {
  const { got, stream } = collect({ maxBytes: 100, maxSegments: 3 });
  stream.start(0);
  expect(stream.push(1_000, new Uint8Array(101))).toBe(false);
  expect([2, 4, 6, 8].map((start) => stream.push(start, new Uint8Array(1)))).toEqual([true, true, true, false]);
  stream.push(0, new Uint8Array(2));
  expect(got.length).toBe(3);
});
