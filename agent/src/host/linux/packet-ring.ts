// A packet socket whose packets come through a ring of shared memory (TPACKET_V3): bounded, its losses counted, no system call a packet.
import type { Instruction } from '@foretop/proto/bpf';
import { fixedBytes, type Libc, type MappedMemory, systemCallError } from './libc.ts';
import { bindPacket, boundTo, openPacket } from './packet-descriptor.ts';
import { attachFilter } from './socket-filter.ts';

// linux/if_packet.h, linux/if_ether.h, bits/socket.h, bits/mman.h
const ETH_P_ALL = 0x0003;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const TPACKET_V3 = 2;
const PROT_READ_WRITE = 3;
const TP_STATUS_USER = 1;

const frameBytes = 2_048;
/** `struct tpacket_block_desc`. */
const block = { status: 8, packets: 12, first: 16 } as const;
/** `struct tpacket3_hdr`, and behind it `struct sockaddr_ll`: where its fields are. */
export const head = {
  ...{ next: 0, seconds: 4, nanoseconds: 8, kept: 12, original: 16, status: 20, data: 24, network: 26, tag: 32 },
  ...{ tagType: 36, protocol: 50, interface: 52, deviceType: 56, packetType: 58, addressLength: 59, address: 60 },
} as const;
const headBytes = 68;

export interface PacketRingOptions {
  /** Without the frames' own headers. */
  isCooked: boolean;
  /** It hears nothing that this does not take: it is there before the socket is bound. */
  program: readonly Instruction[];
  /** 0 = all of them. */
  interface: number;
  /** Of memory; a block takes the longest frame. */
  blockBytes: number;
  blocks: number;
  /** A block that is not full is handed over after so long. */
  retireMs: number;
}

export class PacketRing implements Disposable {
  /** The whole ring. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #memory: MappedMemory;
  readonly #blockBytes: number;
  readonly #blocks: number;
  readonly #words: Uint32Array;
  readonly #statistics = fixedBytes(12);
  #block = 0;
  #received = 0;
  #dropped = 0;

  /** Throws HostError, EPERM without CAP_NET_RAW. */
  constructor(libc: Libc, options: PacketRingOptions) {
    const { blockBytes, blocks, retireMs } = options;
    this.#libc = libc;
    this.#blockBytes = blockBytes;
    this.#blocks = blocks;
    this.#fd = openPacket(libc, options.isCooked ? 'cooked' : 'raw');
    let memory: MappedMemory | undefined;
    try {
      attachFilter(libc, this.#fd, options.program);
      setOption(libc, this.#fd, PACKET_VERSION, [TPACKET_V3]);
      const frames = (blockBytes / frameBytes) * blocks;
      setOption(libc, this.#fd, PACKET_RX_RING, [blockBytes, blocks, frameBytes, frames, retireMs, 0, 0]);
      memory = libc.map(this.#fd, blockBytes * blocks, PROT_READ_WRITE, 0);
      bindPacket(libc, this.#fd, options.interface, ETH_P_ALL);
    } catch (error) {
      memory?.unmap();
      libc.close(this.#fd);
      throw error;
    }
    this.#memory = memory;
    this.#words = new Uint32Array(memory.memory);
    this.bytes = new Uint8Array(memory.memory);
    this.view = new DataView(memory.memory);
  }

  /**
   * Hands on what has come, without waiting; before each block it asks whether that is enough. `visit` gets where a packet's
   * `head` begins, which is valid only during the call. @returns whether nothing is left.
   */
  drain(visit: (at: number) => void, isEnough?: () => boolean): boolean {
    for (let left = this.#blocks; left > 0 && !isEnough?.(); left--) {
      const start = this.#block * this.#blockBytes;
      const status = (start + block.status) >> 2;
      if ((Atomics.load(this.#words, status) & TP_STATUS_USER) === 0) return true;
      this.#readBlock(start, visit);
      Atomics.store(this.#words, status, 0);
      this.#block = (this.#block + 1) % this.#blocks;
    }
    return false;
  }

  /** Since the start: what passed the filter, and how many of those found no room. */
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

  /** Its interface has been removed. */
  isGone(): boolean {
    // The kernel makes the index of a removed interface -1.
    return boundTo(this.#libc, this.#fd).getInt32(4, true) < 0;
  }

  [Symbol.dispose](): void {
    this.#memory.unmap();
    this.#libc.close(this.#fd);
  }

  #readBlock(start: number, visit: (at: number) => void): void {
    const end = start + this.#blockBytes;
    const packets = this.#words[(start + block.packets) >> 2]!;
    let at = start + this.#words[(start + block.first) >> 2]!;
    for (let index = 0; index < packets && at + headBytes <= end; index++) {
      visit(at);
      at += this.#words[(at + head.next) >> 2]!;
    }
  }
}

function setOption(libc: Libc, fd: number, option: number, values: readonly number[]): void {
  const bytes = new Uint8Array(new Uint32Array(values).buffer);
  if (libc.setsockopt(fd, SOL_PACKET, option, bytes, bytes.length) !== 0)
    throw systemCallError(libc, `Setting option ${option} of a packet socket`);
}
