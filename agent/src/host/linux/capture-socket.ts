// A packet socket for captures: whole frames with the kernel's times and what it knows of them, of one interface or of all.
import type { Instruction } from '@foretop/proto/bpf';
import { HostError } from '../host-error.ts';
import { type Libc, openLibc } from './libc.ts';
import { bindPacket, boundTo, openPacket } from './packet-descriptor.ts';
import { head, PacketRing } from './packet-ring.ts';

// linux/if_packet.h, linux/if_ether.h
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
const ETH_P_8021Q = 0x8100;

const blockBytes = 128 << 10;
const retireMs = 20;

export interface CapturedFrame {
  /** Valid only during the call. */
  bytes: Uint8Array;
  /** Bytes on the wire, without the tag that was taken off. */
  original: number;
  /** CLOCK_REALTIME. */
  atNs: bigint;
  /** Type and number of a VLAN tag that was taken off. */
  tag: { type: number; control: number } | undefined;
  /** Of its interface and its link, as a cooked capture tells them (linux/if_packet.h, linux/if_arp.h). */
  link: { protocol: number; interface: number; deviceType: number; packetType: number; address: Uint8Array };
}

export interface CaptureSocketOptions {
  /** 0 = all of them. */
  interface: number;
  /** Without the frames' own headers. */
  isCooked: boolean;
  program: readonly Instruction[];
  /** Of the ring, in steps of 128 KiB. */
  ringBytes: number;
}

export interface CaptureSocket extends Disposable {
  /** Hands on what has come, without waiting; before each block it asks whether that is enough. @returns whether nothing is left. */
  drain(visit: (frame: CapturedFrame) => void, isEnough: () => boolean): boolean;
  /** Since the start: what passed the filter, and how many of those found no room. */
  counts(): { received: number; dropped: number };
  /** Its interface has been removed. */
  isGone(): boolean;
}

export interface NetworkInterface {
  index: number;
  /** ARPHRD_… of linux/if_arp.h. */
  deviceType: number;
}

/** undefined: there is none of that name. Throws HostError, EPERM without CAP_NET_RAW. */
export function findInterface(name: string, libc: Libc = openLibc()): NetworkInterface | undefined {
  const index = libc.interfaceIndex(name);
  if (index === 0) return undefined;
  const fd = openPacket(libc, 'cooked');
  try {
    bindPacket(libc, fd, index, 0);
    return { index, deviceType: boundTo(libc, fd).getUint16(8, true) };
  } finally {
    libc.close(fd);
  }
}

/** Whether this process may open such sockets. Throws HostError, EPERM without CAP_NET_RAW. */
export function requirePacketSockets(libc: Libc = openLibc()): void {
  libc.close(openPacket(libc, 'cooked'));
}

/** Throws HostError. */
export function openCaptureSocket(
  { ringBytes, ...options }: CaptureSocketOptions,
  libc: Libc = openLibc(),
): CaptureSocket {
  const frames = new PacketRing(libc, { ...options, blockBytes, blocks: Math.ceil(ringBytes / blockBytes), retireMs });
  return {
    drain: (visit, isEnough) => frames.drain((at) => visit(frameAt(frames, at)), isEnough),
    counts: () => frames.counts(),
    isGone: () => frames.isGone(),
    [Symbol.dispose]: () => frames[Symbol.dispose](),
  };
}

function frameAt({ bytes, view }: PacketRing, at: number): CapturedFrame {
  const word = (offset: number) => view.getUint32(at + offset, true);
  const data = at + view.getUint16(at + head.data, true);
  const status = word(head.status);
  const type = status & TP_STATUS_VLAN_TPID_VALID ? view.getUint16(at + head.tagType, true) : ETH_P_8021Q;
  const addressLength = Math.min(8, view.getUint8(at + head.addressLength));
  return {
    bytes: bytes.subarray(data, data + word(head.kept)),
    original: word(head.original),
    atNs: BigInt(word(head.seconds)) * 1_000_000_000n + BigInt(word(head.nanoseconds)),
    tag: status & TP_STATUS_VLAN_VALID ? { type, control: word(head.tag) & 0xffff } : undefined,
    link: {
      protocol: view.getUint16(at + head.protocol, false),
      interface: word(head.interface),
      deviceType: view.getUint16(at + head.deviceType, true),
      packetType: view.getUint8(at + head.packetType),
      address: bytes.subarray(at + head.address, at + head.address + addressLength),
    },
  };
}

/** In the words of what would help. */
export function missingForPackets(error: unknown): string {
  const isDenied = error instanceof HostError && (error.errno === 'EPERM' || error.errno === 'EACCES');
  if (!isDenied) return error instanceof Error ? error.message : String(error);
  return 'For packets the agent needs CAP_NET_RAW.';
}
