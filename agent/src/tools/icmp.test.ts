// Echoes, SYNs and what is quoted of them: made right, and told from everything else.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex } from '../../test/packets.ts';
import { encodeEcho, internetChecksum, meaningOf, readEchoReply, readQuotedEcho } from './icmp.ts';
import { encodeSyn, readQuotedSyn, readSynAnswer } from './tcp-segment.ts';

test('the checksum is that of RFC 1071, whatever the length', () => {
  expect(internetChecksum(hex('0001f203f4f5f6f7'))).toBe(0x220d);
  expect(internetChecksum(hex('01'))).toBe(0xfeff);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (payload) => {
      const echo = encodeEcho(4, { identifier: 7, sequence: 9, payload });
      expect(internetChecksum(echo), 'of a packet that bears its own checksum').toBe(0);
    }),
  );
});

test('an echo is read as it was sent, and only an answer as an answer', () => {
  const payload = hex('0011223344556677');
  for (const version of [4, 6] as const) {
    const request = encodeEcho(version, { identifier: 0x1234, sequence: 5, payload });
    expect(readQuotedEcho(version, request)).toEqual({ identifier: 0x1234, sequence: 5, payload });
    expect(readEchoReply(version, request)).toBeUndefined();
    expect(readQuotedEcho(version, request.subarray(0, 8))).toMatchObject({ sequence: 5 });
    expect(readQuotedEcho(version, request.subarray(0, 7))).toBeUndefined();
  }
  expect(readEchoReply(4, hex('0000 0000 1234 0005'))).toMatchObject({ identifier: 0x1234, sequence: 5 });
  expect(readEchoReply(6, hex('0000 0000 1234 0005'))).toBeUndefined();
});

test.each([
  [4, 11, 0, 'expired'],
  [4, 3, 3, 'port-closed'],
  [4, 3, 1, 'unreachable'],
  [4, 3, 13, 'unreachable'],
  [6, 3, 0, 'expired'],
  [6, 1, 4, 'port-closed'],
  [6, 1, 1, 'unreachable'],
] as const)('ICMP version %i type %i code %i means %s', (version, type, code, meaning) => {
  expect(meaningOf(version, { type, code })).toBe(meaning);
});

describe('a SYN', () => {
  const ends = { local: hex('c0000201'), remote: hex('c0000202'), localPort: 40_000, remotePort: 443, sequence: 7 };

  test('bears a checksum over its addresses too', () => {
    const syn = encodeSyn(ends);
    const pseudo = Uint8Array.of(...ends.local, ...ends.remote, 0, 6, 0, syn.length);
    expect(internetChecksum(pseudo, syn)).toBe(0);
    expect(readQuotedSyn(syn.subarray(0, 8), [40_000])).toEqual({ remotePort: 443, sequence: 7 });
    expect(readQuotedSyn(syn, [40_001])).toBeUndefined();
  });

  test.each([
    ['12', { remotePort: 443, kind: 'open', sequence: 7 }],
    ['14', { remotePort: 443, kind: 'closed', sequence: 7 }],
    ['04', undefined],
    ['02', undefined],
    ['10', undefined],
  ])('with flags 0x%s in answer reads as %j', (flags, answer) => {
    const bytes = hex(`01bb 9c40 00000001 00000008 50${flags} faf0 0000 0000`);
    expect(readSynAnswer(bytes, [40_000])).toEqual(answer);
    expect(readSynAnswer(bytes, [1]), 'to another port').toBeUndefined();
    expect(readSynAnswer(bytes.subarray(0, 19), [40_000]), 'cut').toBeUndefined();
  });
});
