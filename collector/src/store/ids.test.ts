import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIds, idText } from './ids.ts';

const key = Uint8Array.from({ length: 16 }, (_, index) => index);
const boot = new Uint8Array(16).fill(1);
const address = Uint8Array.of(192, 0, 2, 1);
const none = new Uint8Array();

test('ids stay what they are from version to version', () => {
  const ids = createIds(key);
  expect(idText(7, ids.connection(7, boot, 6, 12_345, address, 443))).toMatchInlineSnapshot(`"7-3fa7a9ae57e533bf"`);
  expect(idText(7, ids.connection(7, boot, 17, 12_345, address, 443))).toMatchInlineSnapshot(`"7-a6e52f2c678456ed"`);
  expect(idText(7, ids.process(7, boot, 100, 2 ** 40))).toMatchInlineSnapshot(`"7-ed7845fdf1c84d24"`);
});

test('a TCP connection is its cookie, a UDP one also its peer', () => {
  const ids = createIds(key);
  const other = Uint8Array.of(192, 0, 2, 2);
  const text = (protocol: number, peer: Uint8Array, port: number) =>
    idText(1, ids.connection(1, boot, protocol, 9, peer, port));
  expect(text(6, address, 443)).toBe(text(6, other, 80));
  expect(text(17, address, 443)).not.toBe(text(17, other, 443));
  expect(text(17, address, 443)).not.toBe(text(17, address, 444));
  expect(text(17, none, 0)).not.toBe(text(17, address, 0));
});

test('different identities, keys and kinds give different ids', () => {
  fc.assert(
    fc.property(fc.tuple(fc.nat(), fc.maxSafeNat()), fc.tuple(fc.nat(), fc.maxSafeNat()), (a, b) => {
      fc.pre(a[0] !== b[0] || a[1] !== b[1]);
      const ids = createIds(key);
      const [first, second] = [ids.process(1, boot, ...a), ids.process(1, boot, ...b)];
      expect(idText(1, first)).not.toBe(idText(1, second));
      expect(idText(1, first)).not.toBe(idText(1, createIds(boot).process(1, boot, ...a)));
      expect(idText(1, first)).not.toBe(idText(1, ids.connection(1, boot, 6, a[1], none, 0)));
    }),
  );
});

test('a boot id of another length is refused', () => {
  expect(() => createIds(key).process(1, new Uint8Array(8), 1, 1)).toThrow(RangeError);
});
