// Lists in order: unknown values last either way, ties by id, addresses by their bytes.
import fc from 'fast-check';
import { formatAddress } from '@foretop/proto';
import { expect, test } from 'vitest';
import { addressKey, sortRows } from './order.ts';

const rows = () => [
  { id: 'c', rate: 5 as number | null },
  { id: 'a', rate: null },
  { id: 'd', rate: 9 },
  { id: 'b', rate: 5 },
];
const ids = (list: { id: string }[]) => list.map((row) => row.id).join('');

test('unknown is last in either direction, and ties stand by id', () => {
  expect(ids(sortRows(rows(), { column: 'rate', descending: true }))).toBe('dbca');
  expect(ids(sortRows(rows(), { column: 'rate', descending: false }))).toBe('bcda');
});

const bytes = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
const isMapped = (address: Uint8Array) => formatAddress(address).includes('.') && address.length === 16;

test('addresses sort as their bytes do, IPv4 first', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      fc.pre(!isMapped(a) && !isMapped(b));
      const [left, right] = [addressKey(formatAddress(a)), addressKey(formatAddress(b))];
      const expected = a.length - b.length || Buffer.compare(a, b);
      expect(Math.sign(left < right ? -1 : left > right ? 1 : 0)).toBe(Math.sign(expected));
    }),
  );
});
