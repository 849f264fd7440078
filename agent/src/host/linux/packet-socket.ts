// A packet socket that hands over a few packets of interest through a ring of shared memory (TPACKET_V3): no system call a packet.
import { fixedBytes, type Libc, type MappedMemory, openLibc, systemCallError } from './libc.ts';
import { packetFilter } from './packet-filter.ts';

// linux/if_packet.h, linux/if_ether.h, bits/socket.h, bits/mman.h
const AF_PACKET = 17;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const ETH_P_ALL = 0x0003;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SOL_PACKET = 263;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const TPACKET_V3 = 2;
const PROT_READ_WRITE = 3;
const TP_STATUS_USER = 1;

const BLOCK_BYTES = 64 << 10;
const BLOCKS = 16;
const FRAME_BYTES = 2_048;
/** A block that is not full is handed over after so long. */
const RETIRE_MS = 30;
// struct tpacket_block_desc: version, offset_to_priv, then tpacket_hdr_v1
const BLOCK_STATUS = 8;
const BLOCK_PACKETS = 12;
const BLOCK_FIRST = 16;
// struct tpacket3_hdr, and behind it struct sockaddr_ll
const NEXT = 0;
const SECONDS = 4;
const NANOSECONDS = 8;
const SNAPPED = 12;
const NETWORK = 26;
const PACKET_TYPE = 48 + 10;
export const PACKET_OUTGOING = 4;
const SOCKADDR_LL_BYTES = 20;

export interface SeenPacket {
  /** From its network header on; valid only during the call. */
  bytes: Uint8Array;
  outgoing: boolean;
  /** CLOCK_REALTIME. */
  wallUs: number;
}

export interface PacketSocket extends Disposable {
  /** Hands on what has come, without waiting. @returns how many. */
  drain(visit: (packet: SeenPacket) => void): number;
  /** Packets that found no room, since the start. */
  dropped(): number;
}

/** Throws HostError, EPERM without CAP_NET_RAW. */
export function openPacketSocket(libc: Libc = openLibc(), filter: Uint8Array = packetFilter()): PacketSocket {
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw systemCallError(libc, 'Opening a packet socket');
  try {
    setOption(libc, fd, PACKET_VERSION, [TPACKET_V3]);
    attachFilter(libc, fd, filter);
    const frames = (BLOCK_BYTES / FRAME_BYTES) * BLOCKS;
    setOption(libc, fd, PACKET_RX_RING, [BLOCK_BYTES, BLOCKS, FRAME_BYTES, frames, RETIRE_MS, 0, 0]);
    const ring = libc.map(fd, BLOCK_BYTES * BLOCKS, PROT_READ_WRITE, 0);
    bindToAll(libc, fd);
    return new Ring(libc, fd, ring);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

class Ring implements PacketSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #ring: MappedMemory;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;
  readonly #statistics = fixedBytes(12);
  #block = 0;
  #dropped = 0;

  constructor(libc: Libc, fd: number, ring: MappedMemory) {
    this.#libc = libc;
    this.#fd = fd;
    this.#ring = ring;
    this.#words = new Uint32Array(ring.memory);
    this.#halves = new Uint16Array(ring.memory);
    this.#bytes = new Uint8Array(ring.memory);
  }

  drain(visit: (packet: SeenPacket) => void): number {
    let count = 0;
    for (let left = BLOCKS; left > 0; left--) {
      const block = this.#block * BLOCK_BYTES;
      const status = (block + BLOCK_STATUS) >> 2;
      if ((Atomics.load(this.#words, status) & TP_STATUS_USER) === 0) break;
      count += this.#readBlock(block, visit);
      Atomics.store(this.#words, status, 0);
      this.#block = (this.#block + 1) % BLOCKS;
    }
    return count;
  }

  dropped(): number {
    // The kernel's counters begin again with each reading: tp_packets, tp_drops, tp_freeze_q_cnt.
    const length = new Uint32Array([12]);
    if (this.#libc.getsockopt(this.#fd, SOL_PACKET, PACKET_STATISTICS, this.#statistics, length) === 0)
      this.#dropped += new DataView(this.#statistics.buffer).getUint32(4, true);
    return this.#dropped;
  }

  [Symbol.dispose](): void {
    this.#ring.unmap();
    this.#libc.close(this.#fd);
  }

  #readBlock(block: number, visit: (packet: SeenPacket) => void): number {
    const packets = this.#words[(block + BLOCK_PACKETS) >> 2]!;
    let at = block + this.#words[(block + BLOCK_FIRST) >> 2]!;
    for (let index = 0; index < packets && at + PACKET_TYPE < this.#bytes.length; index++) {
      const start = at + this.#halves[(at + NETWORK) >> 1]!;
      visit({
        bytes: this.#bytes.subarray(start, start + this.#words[(at + SNAPPED) >> 2]!),
        outgoing: this.#bytes[at + PACKET_TYPE] === PACKET_OUTGOING,
        wallUs: this.#words[(at + SECONDS) >> 2]! * 1e6 + Math.floor(this.#words[(at + NANOSECONDS) >> 2]! / 1e3),
      });
      at += this.#words[(at + NEXT) >> 2]!;
    }
    return packets;
  }
}

function setOption(libc: Libc, fd: number, option: number, values: readonly number[]): void {
  const bytes = new Uint8Array(new Uint32Array(values).buffer);
  if (libc.setsockopt(fd, SOL_PACKET, option, bytes, bytes.length) !== 0)
    throw systemCallError(libc, `Setting option ${option} of a packet socket`);
}

/** `struct sock_fprog`: a length and a pointer. `program`: `struct sock_filter`s one after the other. Throws HostError. */
export function attachFilter(libc: Libc, fd: number, program: Uint8Array): void {
  const code = fixedBytes(program.length);
  code.set(program);
  const pointer = fixedBytes(16);
  const view = new DataView(pointer.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, libc.addressOf(code), true);
  if (libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, pointer, pointer.length) !== 0)
    throw systemCallError(libc, 'Attaching the filter of a packet socket');
}

function bindToAll(libc: Libc, fd: number): void {
  const address = new Uint8Array(SOCKADDR_LL_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL, false);
  if (libc.bind(fd, address, address.length) !== 0) throw systemCallError(libc, 'Binding a packet socket');
}
