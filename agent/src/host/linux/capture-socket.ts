// A packet socket for captures: whole frames with the kernel's times through a ring of shared memory (TPACKET_V3), bounded, its losses counted.
import type { Instruction } from '@foretop/proto/capture';
import { HostError } from '../host-error.ts';
import { type Libc, type MappedMemory, fixedBytes, openLibc, systemCallError } from './libc.ts';
import { attachFilter } from './packet-socket.ts';

// linux/if_packet.h, linux/if_ether.h, bits/socket.h, bits/mman.h
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 0x0003;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const TPACKET_V3 = 2;
const PROT_READ_WRITE = 3;
const TP_STATUS_USER = 1;
const TP_STATUS_VLAN_VALID = 1 << 4;
const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
const ETH_P_8021Q = 0x8100;

/** A block takes the longest frame, and is handed over when it is full or so old. */
const blockBytes = 128 << 10;
const retireMs = 20;
const frameBytes = 2_048;
const socketAddressBytes = 20;
/** `struct tpacket_block_desc`. */
const block = { status: 8, packets: 12, first: 16 } as const;
/** `struct tpacket3_hdr`, and behind it `struct sockaddr_ll`. */
const head = {
  ...{ next: 0, seconds: 4, nanoseconds: 8, kept: 12, original: 16, status: 20, data: 24, tag: 32, tagType: 36 },
  ...{ protocol: 50, interface: 52, deviceType: 56, packetType: 58, addressLength: 59, address: 60 },
} as const;
const headBytes = 68;

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
  // Bound to no protocol, it hears nothing.
  const fd = openPacket(libc, SOCK_DGRAM);
  try {
    bindTo(libc, fd, index, 0);
    return { index, deviceType: nameOf(libc, fd).getUint16(8, true) };
  } finally {
    libc.close(fd);
  }
}

/** Whether this process may open such sockets. Throws HostError, EPERM without CAP_NET_RAW. */
export function requirePacketSockets(libc: Libc = openLibc()): void {
  libc.close(openPacket(libc, SOCK_DGRAM));
}

/** Hears nothing that the program does not take: it is there before the socket is bound. Throws HostError. */
export function openCaptureSocket(options: CaptureSocketOptions, libc: Libc = openLibc()): CaptureSocket {
  const fd = openPacket(libc, options.isCooked ? SOCK_DGRAM : SOCK_RAW);
  try {
    attachFilter(libc, fd, encoded(options.program));
    setOption(libc, fd, PACKET_VERSION, [TPACKET_V3]);
    const blocks = Math.ceil(options.ringBytes / blockBytes);
    const frames = (blockBytes / frameBytes) * blocks;
    setOption(libc, fd, PACKET_RX_RING, [blockBytes, blocks, frameBytes, frames, retireMs, 0, 0]);
    const ring = libc.map(fd, blockBytes * blocks, PROT_READ_WRITE, 0);
    try {
      bindTo(libc, fd, options.interface, ETH_P_ALL);
    } catch (error) {
      ring.unmap();
      throw error;
    }
    return new Ring(libc, fd, ring, blocks);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

class Ring implements CaptureSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #ring: MappedMemory;
  readonly #blocks: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #statistics = fixedBytes(12);
  #block = 0;
  #received = 0;
  #dropped = 0;

  constructor(libc: Libc, fd: number, ring: MappedMemory, blocks: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#ring = ring;
    this.#blocks = blocks;
    this.#words = new Uint32Array(ring.memory);
    this.#bytes = new Uint8Array(ring.memory);
    this.#view = new DataView(ring.memory);
  }

  drain(visit: (frame: CapturedFrame) => void, isEnough: () => boolean): boolean {
    for (let left = this.#blocks; left > 0 && !isEnough(); left--) {
      const start = this.#block * blockBytes;
      const status = (start + block.status) >> 2;
      if ((Atomics.load(this.#words, status) & TP_STATUS_USER) === 0) return true;
      this.#readBlock(start, visit);
      Atomics.store(this.#words, status, 0);
      this.#block = (this.#block + 1) % this.#blocks;
    }
    return false;
  }

  counts(): { received: number; dropped: number } {
    // The kernel's counters begin again with each reading: tp_packets, which holds tp_drops, and that.
    const length = new Uint32Array([12]);
    if (this.#libc.getsockopt(this.#fd, SOL_PACKET, PACKET_STATISTICS, this.#statistics, length) === 0) {
      const view = new DataView(this.#statistics.buffer);
      this.#received += view.getUint32(0, true);
      this.#dropped += view.getUint32(4, true);
    }
    return { received: this.#received, dropped: this.#dropped };
  }

  isGone(): boolean {
    // The kernel makes the index of a removed interface -1.
    return nameOf(this.#libc, this.#fd).getInt32(4, true) < 0;
  }

  [Symbol.dispose](): void {
    this.#ring.unmap();
    this.#libc.close(this.#fd);
  }

  #readBlock(start: number, visit: (frame: CapturedFrame) => void): void {
    const end = start + blockBytes;
    const packets = this.#view.getUint32(start + block.packets, true);
    let at = start + this.#view.getUint32(start + block.first, true);
    for (let index = 0; index < packets && at + headBytes <= end; index++) {
      visit(this.#frame(at));
      at += this.#view.getUint32(at + head.next, true);
    }
  }

  #frame(at: number): CapturedFrame {
    const view = this.#view;
    const word = (offset: number) => view.getUint32(at + offset, true);
    const data = at + view.getUint16(at + head.data, true);
    const status = word(head.status);
    const type = status & TP_STATUS_VLAN_TPID_VALID ? view.getUint16(at + head.tagType, true) : ETH_P_8021Q;
    const addressLength = Math.min(8, view.getUint8(at + head.addressLength));
    return {
      bytes: this.#bytes.subarray(data, data + word(head.kept)),
      original: word(head.original),
      atNs: BigInt(word(head.seconds)) * 1_000_000_000n + BigInt(word(head.nanoseconds)),
      tag: status & TP_STATUS_VLAN_VALID ? { type, control: word(head.tag) & 0xffff } : undefined,
      link: {
        protocol: view.getUint16(at + head.protocol, false),
        interface: word(head.interface),
        deviceType: view.getUint16(at + head.deviceType, true),
        packetType: view.getUint8(at + head.packetType),
        address: this.#bytes.subarray(at + head.address, at + head.address + addressLength),
      },
    };
  }
}

function openPacket(libc: Libc, type: number): number {
  const fd = libc.socket(AF_PACKET, type | SOCK_CLOEXEC, 0);
  if (fd < 0) throw systemCallError(libc, 'Opening a packet socket');
  return fd;
}

function bindTo(libc: Libc, fd: number, index: number, protocol: number): void {
  const address = new DataView(new ArrayBuffer(socketAddressBytes));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, protocol, false);
  address.setInt32(4, index, true);
  if (libc.bind(fd, new Uint8Array(address.buffer), socketAddressBytes) !== 0)
    throw systemCallError(libc, 'Binding a packet socket');
}

/** `struct sockaddr_ll`: what the socket is bound to. */
function nameOf(libc: Libc, fd: number): DataView {
  const bytes = fixedBytes(socketAddressBytes);
  const length = new Uint32Array([socketAddressBytes]);
  if (libc.getsockname(fd, bytes, length) !== 0) throw systemCallError(libc, 'Reading a packet socket’s interface');
  return new DataView(bytes.buffer);
}

function setOption(libc: Libc, fd: number, option: number, values: readonly number[]): void {
  const bytes = new Uint8Array(new Uint32Array(values).buffer);
  if (libc.setsockopt(fd, SOL_PACKET, option, bytes, bytes.length) !== 0)
    throw systemCallError(libc, `Setting option ${option} of a packet socket`);
}

/** `struct sock_filter`s one after the other. */
function encoded(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  }
  return bytes;
}

/** In the words of what would help. */
export function missingForPackets(error: unknown): string {
  const isDenied = error instanceof HostError && (error.errno === 'EPERM' || error.errno === 'EACCES');
  if (!isDenied) return error instanceof Error ? error.message : String(error);
  return 'For packets the agent needs CAP_NET_RAW.';
}
