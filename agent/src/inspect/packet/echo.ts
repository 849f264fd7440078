// ICMP echo requests and replies, with what they carry: pings, sweeps, and what hides in them.
import { readU16 } from '../bytes.ts';
import type { Ends } from './transport.ts';

/** All byte arrays are views into the packet. */
export interface Echo extends Ends {
  family: 4 | 6;
  isReply: boolean;
  identifier: number;
  sequence: number;
  payload: Uint8Array;
  /** On the wire; larger than `payload` when the capture cut the packet. */
  payloadBytes: number;
  timeUs: number;
}

const headerBytes = 8;
/** Types of request and reply: RFC 792, and RFC 4443 section 4. */
const types = { 4: [8, 0], 6: [128, 129] } as const;

/** @returns undefined for other messages of ICMP, and for what is cut short. */
export function readEcho(
  bytes: Uint8Array,
  wireBytes: number,
  { source, destination }: Ends,
  timeUs: number,
  family: 4 | 6,
): Echo | undefined {
  const [request, reply] = types[family];
  if (bytes.length < headerBytes || (bytes[0] !== request && bytes[0] !== reply) || bytes[1] !== 0) return undefined;
  return {
    family,
    source,
    destination,
    isReply: bytes[0] === reply,
    identifier: readU16(bytes, 4),
    sequence: readU16(bytes, 6),
    payload: bytes.subarray(headerBytes),
    payloadBytes: Math.max(0, wireBytes - headerBytes),
    timeUs,
  };
}
