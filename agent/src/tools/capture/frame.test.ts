// Frames as the file holds them: tags put back where they were, cooked headers as their description says.
import { expect, test } from 'vitest';
import type { CapturedFrame } from '../../host/linux/capture-socket.ts';
import { ethernet, ipv4, udp } from '../../../../proto/src/capture/filter/test-packets.ts';
import { linkTypeOf, linkTypes, recordedFrame } from './frame.ts';

const plain = ethernet(0x0800, ipv4(17, udp(1, 2, 'SECRET')));
const tagged = ethernet(0x0800, ipv4(17, udp(1, 2, 'SECRET')), { tags: [0x2005] });
const address = Uint8Array.of(2, 0, 0, 0, 0, 1);
const captured = (change: Partial<CapturedFrame> = {}): CapturedFrame => ({
  bytes: plain,
  original: 1_000,
  atNs: 1n,
  tag: undefined,
  link: { protocol: 0x0800, interface: 7, deviceType: 1, packetType: 4, address },
  ...change,
});
const tag = { type: 0x8100, control: 0x2005 };

test('a tag that was taken off stands where it stood', () => {
  expect(recordedFrame(captured(), linkTypes.ethernet, false)).toEqual({ bytes: plain, original: 1_000 });
  expect(recordedFrame(captured({ tag }), linkTypes.ethernet, false)).toEqual({ bytes: tagged, original: 1_004 });
  const cut = recordedFrame(captured({ tag }), linkTypes.ethernet, true);
  expect(cut.bytes).toEqual(tagged.slice(0, 46));
});

test('a cooked packet has the header that tells of its interface and link', () => {
  const bytes = plain.subarray(14);
  const { bytes: cooked, original } = recordedFrame(captured({ bytes, original: 986 }), linkTypes.cooked, false);
  expect(Buffer.from(cooked.subarray(0, 20)).toString('hex')).toBe('0800000000000007000104060200000000010000');
  expect(cooked.slice(20)).toEqual(bytes.slice());
  expect(original).toBe(1_006);
  const withTag = recordedFrame(captured({ bytes, tag }), linkTypes.cooked, true).bytes;
  expect(Buffer.from(withTag.subarray(0, 2)).toString('hex')).toBe('8100');
  expect(Buffer.from(withTag.subarray(20, 24)).toString('hex')).toBe('20050800');
  expect(withTag).toHaveLength(24 + 28);
});

test('bare packets are cut by their version', () => {
  const raw = recordedFrame(captured({ bytes: plain.subarray(14) }), linkTypes.raw, true);
  expect(raw.bytes).toEqual(plain.slice(14, 42));
});

test('the kind of an interface says what its frames are', () => {
  const of = (deviceType: number) => linkTypeOf({ index: 1, deviceType });
  expect([1, 772, 0xfffe, 519, 768, 778].map(of)).toEqual([1, 1, 101, 101, 276, 276]);
  expect(linkTypeOf(undefined)).toBe(276);
});
