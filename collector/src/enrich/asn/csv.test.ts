import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networksOf, parseAsnLine } from './csv.ts';

test.each([
  [
    '16777216,16777471,13335,"Cloudflare, Inc."',
    { first: 16777216n, last: 16777471n, asn: 13335, organisation: 'Cloudflare, Inc.' },
  ],
  [
    '16778240,16779263,38803,Gtelecom Pty Ltd\r',
    { first: 16778240n, last: 16779263n, asn: 38803, organisation: 'Gtelecom Pty Ltd' },
  ],
  ['1,2,3,"the ""best"" net"', { first: 1n, last: 2n, asn: 3, organisation: 'the "best" net' }],
  ['1,2,3,', { first: 1n, last: 2n, asn: 3, organisation: '' }],
])('%j', (line, range) => {
  expect(parseAsnLine(line)).toEqual(range);
});

test.each(['', '2,1,3,x', '1,2,x,y', '1,2,99999999999,x', '1.0.0.0,1.0.0.255,1,x', '1,2,3,a"b', '1,2,3,a,b'])(
  '%j is no range',
  (line) => {
    expect(parseAsnLine(line)).toBeUndefined();
  },
);

test('networks are together the range, without a hole or an overlap, and none could be larger', () => {
  const address = fc.bigInt(0n, 2n ** 32n - 1n);
  fc.assert(
    fc.property(address, address, (one, other) => {
      const [first, last] = one < other ? [one, other] : [other, one];
      let next = first;
      const sizes: number[] = [];
      for (const { address: start, prefix } of networksOf(first, last, 32)) {
        const size = 1n << BigInt(32 - prefix);
        expect(start).toBe(next);
        expect(start % size).toBe(0n);
        next = start + size;
        sizes.push(prefix);
      }
      expect(next).toBe(last + 1n);
      expect(sizes.length).toBeLessThanOrEqual(62);
    }),
  );
});

test('the whole of IPv6 is one network of length 0', () => {
  expect([...networksOf(0n, 2n ** 128n - 1n, 128)]).toEqual([{ address: 0n, prefix: 0 }]);
});
