// A frame as the file holds it: with the VLAN tag that the kernel took off, behind a cooked header where there is no other, cut when only headers are asked for.
import type { CapturedFrame, NetworkInterface } from '../../host/linux/capture-socket.ts';
import { headersFrom, headersOfEthernet } from './cut.ts';

/** https://www.tcpdump.org/linktypes.html */
export const linkTypes = { ethernet: 1, raw: 101, cooked: 276 } as const;
export type LinkType = (typeof linkTypes)[keyof typeof linkTypes];

// linux/if_arp.h
const ARPHRD_ETHER = 1;
const ARPHRD_RAWIP = 519;
const ARPHRD_LOOPBACK = 772;
const ARPHRD_NONE = 0xfffe;
const addressBytes = 12;
const tagBytes = 4;
/** LINKTYPE_LINUX_SLL2. */
const cookedBytes = 20;
/** What a frame may get in addition, bytes. */
export const mostAdded = cookedBytes + tagBytes;

/** undefined: all interfaces. What has neither Ethernet frames nor bare packets is cooked too. */
export function linkTypeOf(found: NetworkInterface | undefined): LinkType {
  switch (found?.deviceType) {
    case ARPHRD_ETHER:
    case ARPHRD_LOOPBACK:
      return linkTypes.ethernet;
    case ARPHRD_NONE:
    case ARPHRD_RAWIP:
      return linkTypes.raw;
    default:
      return linkTypes.cooked;
  }
}

export interface RecordedFrame {
  /** Its own memory. */
  bytes: Uint8Array;
  /** On the wire, with what was put back. */
  original: number;
}

export function recordedFrame(frame: CapturedFrame, linkType: LinkType, isCut: boolean): RecordedFrame {
  const kept = isCut ? frame.bytes.subarray(0, headersEnd(frame, linkType)) : frame.bytes;
  if (linkType === linkTypes.cooked) return cooked(frame, kept);
  const { tag, original } = frame;
  if (!tag || linkType !== linkTypes.ethernet || kept.length < addressBytes) return { bytes: kept.slice(), original };
  const bytes = new Uint8Array(kept.length + tagBytes);
  bytes.set(kept.subarray(0, addressBytes));
  writeTag(bytes, addressBytes, [tag.type, tag.control]);
  bytes.set(kept.subarray(addressBytes), addressBytes + tagBytes);
  return { bytes, original: original + tagBytes };
}

function headersEnd({ bytes, link }: CapturedFrame, linkType: LinkType): number {
  if (linkType === linkTypes.ethernet) return headersOfEthernet(bytes);
  return headersFrom(bytes, linkType === linkTypes.raw ? undefined : link.protocol, 0);
}

function cooked({ link, tag, original }: CapturedFrame, kept: Uint8Array): RecordedFrame {
  const added = cookedBytes + (tag ? tagBytes : 0);
  const bytes = new Uint8Array(added + kept.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag ? tag.type : link.protocol);
  view.setUint32(4, link.interface);
  view.setUint16(8, link.deviceType);
  view.setUint8(10, link.packetType);
  view.setUint8(11, link.address.length);
  bytes.set(link.address, 12);
  if (tag) writeTag(bytes, cookedBytes, [tag.control, link.protocol]);
  bytes.set(kept, added);
  return { bytes, original: original + added };
}

function writeTag(bytes: Uint8Array, at: number, [first, second]: [number, number]): void {
  bytes.set([first >> 8, first & 0xff, second >> 8, second & 0xff], at);
}
