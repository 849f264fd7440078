// Link layers: where the network packet begins in a frame, and which protocol it has.
import { readU16, readU32 } from '../bytes.ts';

export const etherTypes = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  transparentEthernet: 0x6558,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeSession: 0x8864,
  ppp: 0x880b,
  serviceVlan: 0x88a8,
  oldServiceVlan: 0x9100,
  erspan2: 0x88be,
  erspan3: 0x22eb,
  eTag: 0x893f,
  nsh: 0x894f,
} as const;

export interface NetworkPart {
  /** As an EtherType. */
  type: number;
  start: number;
}

/** What IP itself tells of its version; 0 = not IP. */
export function etherTypeOfIp(firstByte: number | undefined): number {
  const version = (firstByte ?? 0) >> 4;
  return version === 4 ? etherTypes.ipv4 : version === 6 ? etherTypes.ipv6 : 0;
}

// Numbers of https://www.tcpdump.org/linktypes.html, and what some systems write in place of 101.
const rawLinks = new Set([12, 14, 101, 228, 229]);

/** @returns undefined for links that are not understood or frames that end too early. */
export function networkPart(linkType: number, frame: Uint8Array): NetworkPart | undefined {
  if (rawLinks.has(linkType)) return { type: etherTypeOfIp(frame[0]), start: 0 };
  switch (linkType) {
    case 0: // NULL: the family as the capturing machine wrote it
    case 108: // LOOP
      return frame.length < 4 ? undefined : { type: etherTypeOfIp(frame[4]), start: 4 };
    case 1:
      return ethernetPart(frame, 0);
    case 9: // PPP
    case 50: // PPP with HDLC framing
      return pppPart(frame, 0);
    case 10: // FDDI
      return frame.length < 13 + 8 ? undefined : snapPart(frame, 13);
    case 104: // Cisco HDLC
      return frame.length < 4 ? undefined : { type: readU16(frame, 2), start: 4 };
    case 113: // Linux cooked
      return frame.length < 16 ? undefined : { type: readU16(frame, 14), start: 16 };
    case 276: // Linux cooked, version 2
      return frame.length < 20 ? undefined : { type: readU16(frame, 0), start: 20 };
    default:
      return undefined;
  }
}

export function ethernetPart(frame: Uint8Array, start: number): NetworkPart | undefined {
  if (start + 14 > frame.length) return undefined;
  const type = readU16(frame, start + 12);
  return type <= 1500 ? snapPart(frame, start + 14) : { type, start: start + 14 };
}

/** LLC with SNAP (RFC 1042). */
function snapPart(frame: Uint8Array, start: number): NetworkPart | undefined {
  if (start + 8 > frame.length || readU32(frame, start) !== 0xaa_aa_03_00) return undefined;
  return { type: readU16(frame, start + 6), start: start + 8 };
}

/** PPP (RFC 1661), with or without the HDLC address, and with a compressed protocol field. */
export function pppPart(frame: Uint8Array, start: number): NetworkPart | undefined {
  let at = start;
  if (frame[at] === 0xff && frame[at + 1] === 0x03) at += 2;
  if (at + 2 > frame.length) return undefined;
  const isCompressed = (frame[at]! & 1) === 1;
  const protocol = isCompressed ? frame[at]! : readU16(frame, at);
  const type = protocol === 0x21 ? etherTypes.ipv4 : protocol === 0x57 ? etherTypes.ipv6 : 0;
  return { type, start: at + (isCompressed ? 1 : 2) };
}
