// Sockets that send single packets to one address and hear what comes back: echo replies, segments, and ICMP errors with their sender.
import type { Instruction } from '@foretop/proto/bpf';
import { HostError } from '../host-error.ts';
import { type ControlMessages, type IcmpError, readControlMessages } from './control-messages.ts';
import { fixedBytes, type Libc, openLibc, systemCallError } from './libc.ts';
import {
  AF_INET,
  AF_INET6,
  readSocketAddress,
  type SocketAddress,
  socketAddressBytes,
  writeSocketAddress,
} from './socket-address.ts';
import { attachFilter } from './socket-filter.ts';

// bits/socket_type.h, bits/socket.h, linux/in.h, linux/in6.h, linux/icmpv6.h, asm-generic/socket.h
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_FLAGS = 0o2000000 | 0o4000;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_IPV6 = 41;
const SO_TIMESTAMPNS = 35;
const IP_TTL = 2;
const IP_RECVERR = 11;
const IP_RECVTTL = 12;
const IPV6_CHECKSUM = 7;
const IPV6_UNICAST_HOPS = 16;
const IPV6_RECVERR = 25;
const IPV6_RECVHOPLIMIT = 51;
const MSG_DONTWAIT = 0x40;
const MSG_ERRQUEUE = 0x2000;
const protocols = { icmp: [1, 58], udp: [17, 17], tcp: [6, 6] } as const;
/** Of a TCP header. */
const checksumAt = 16;

/** The rest of a longer packet is not read. */
const dataBytes = 2_048;
const controlBytes = 512;
/** `struct msghdr` and, behind it, its one `struct iovec`. */
const messageBytes = 72;

export interface ProbeSocketOptions {
  kind: keyof typeof protocols;
  /** 4 or 16 bytes: nothing is heard of others but ICMP errors on the way there. */
  target: Uint8Array;
  /** Over what comes in. */
  filter?: readonly Instruction[];
}

export interface Heard {
  /** Whose it is; of an error: where the packet was sent that it is about. */
  peer: SocketAddress;
  /** From the header of its own protocol on; a copy. */
  bytes: Uint8Array;
  /** By the kernel, CLOCK_REALTIME; else when it was read. */
  atUs: number;
  ttl: number | undefined;
}

export interface HeardError extends Heard, IcmpError {}

export class ProbeSocket implements Disposable {
  /** Packets are made whole here; else the kernel numbers the echoes and sums. */
  readonly isRaw: boolean;
  /** Of this host, on the way to the target. */
  readonly local: Uint8Array;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #isIpv4: boolean;
  readonly #target: Uint8Array;
  readonly #isConnected: boolean;
  readonly #data = fixedBytes(dataBytes);
  readonly #control = fixedBytes(controlBytes);
  readonly #name = fixedBytes(socketAddressBytes);
  readonly #message = fixedBytes(messageBytes);
  readonly #view = new DataView(this.#message.buffer);
  readonly #time = new DataView(new ArrayBuffer(16));
  readonly #hasHeader: boolean;
  #ttl = 0;

  /** Throws HostError: EPERM or EACCES without the right to do this. */
  constructor({ kind, target, filter }: ProbeSocketOptions, libc = openLibc()) {
    this.#libc = libc;
    this.#isIpv4 = target.length === 4;
    this.#target = target;
    const protocol = protocols[kind][this.#isIpv4 ? 0 : 1];
    const domain = this.#isIpv4 ? AF_INET : AF_INET6;
    let fd = kind === 'tcp' ? -1 : libc.socket(domain, SOCK_DGRAM | SOCK_FLAGS, protocol);
    this.isRaw = fd < 0;
    if (fd < 0) fd = libc.socket(domain, SOCK_RAW | SOCK_FLAGS, protocol);
    if (fd < 0) throw systemCallError(libc, `Opening a socket for ${kind.toUpperCase()}`);
    this.#fd = fd;
    this.#hasHeader = this.isRaw && this.#isIpv4;
    // UDP to many ports: a connected socket would only know one of them.
    this.#isConnected = kind !== 'udp';
    try {
      this.#prepare(kind === 'tcp' && !this.#isIpv4);
      if (filter) attachFilter(libc, fd, filter);
      this.local = this.#findLocal(domain);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  }

  /** `port`: of UDP. @returns errno's name when the packet did not leave, else an empty string. */
  send(bytes: Uint8Array, { ttl = 64, port = 0 }: { ttl?: number; port?: number } = {}): string {
    if (ttl !== this.#ttl) this.#set(this.#isIpv4 ? SOL_IP : SOL_IPV6, this.#isIpv4 ? IP_TTL : IPV6_UNICAST_HOPS, ttl);
    this.#ttl = ttl;
    const to = this.#isConnected ? null : writeSocketAddress({ address: this.#target, port });
    let errno = '';
    // An error of an earlier packet is told by the next call, once.
    for (let attempt = 0; attempt < 2; attempt++) {
      if (this.#libc.sendto(this.#fd, bytes, bytes.length, MSG_DONTWAIT, to, to?.length ?? 0) >= 0) return '';
      errno = this.#libc.errnoName();
    }
    return errno;
  }

  /** By the clock of `Heard.atUs`. */
  nowUs(): number {
    this.#libc.clockGettime(0, new Uint8Array(this.#time.buffer));
    return Number(this.#time.getBigInt64(0, true)) * 1e6 + Number(this.#time.getBigInt64(8, true)) / 1e3;
  }

  /** What has come, without waiting. */
  receive(): Heard | undefined {
    const found = this.#read(0);
    if (!found) return undefined;
    const { bytes, told, peer } = found;
    const own = this.#hasHeader ? withoutHeader(bytes) : bytes;
    return { bytes: own, peer, atUs: told.atUs ?? this.nowUs(), ttl: told.ttl };
  }

  /** The next error of the queue; those that no ICMP message told are passed over. `bytes`: as much as is quoted of what was sent. */
  receiveError(): HeardError | undefined {
    for (let left = 64; left > 0; left--) {
      const found = this.#read(MSG_ERRQUEUE);
      if (!found) return undefined;
      const { bytes, told, peer } = found;
      if (told.icmp) return { ...told.icmp, bytes, peer, atUs: told.atUs ?? this.nowUs(), ttl: told.ttl };
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }

  #prepare(sumsTcp: boolean): void {
    this.#set(SOL_SOCKET, SO_TIMESTAMPNS, 1);
    if (this.#isIpv4) {
      this.#set(SOL_IP, IP_RECVERR, 1);
      this.#set(SOL_IP, IP_RECVTTL, 1);
      return;
    }
    this.#set(SOL_IPV6, IPV6_RECVERR, 1);
    this.#set(SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
    if (sumsTcp) this.#set(SOL_IPV6, IPV6_CHECKSUM, checksumAt);
  }

  #set(level: number, option: number, value: number): void {
    const bytes = new Uint8Array(new Int32Array([value]).buffer);
    if (this.#libc.setsockopt(this.#fd, level, option, bytes, bytes.length) !== 0)
      throw systemCallError(this.#libc, `Setting option ${option} of a probe's socket`);
  }

  /** Connects; for UDP another socket does, only to learn the way. */
  #findLocal(domain: number): Uint8Array {
    const fd = this.#isConnected ? this.#fd : this.#libc.socket(domain, SOCK_DGRAM | SOCK_FLAGS, 0);
    try {
      const to = writeSocketAddress({ address: this.#target, port: this.#isConnected ? 0 : 9 });
      if (this.#libc.connect(fd, to, to.length) !== 0)
        throw systemCallError(this.#libc, 'Finding the way to the target');
      const length = new Uint32Array([socketAddressBytes]);
      if (this.#libc.getsockname(fd, this.#name, length) !== 0)
        throw systemCallError(this.#libc, 'Reading a socket’s own address');
      return readSocketAddress(this.#name, 0, length[0]!)?.address ?? new Uint8Array(this.#target.length);
    } finally {
      if (fd !== this.#fd) this.#libc.close(fd);
    }
  }

  #read(flags: number): { bytes: Uint8Array; told: ControlMessages; peer: SocketAddress } | undefined {
    const address = (bytes: Uint8Array) => this.#libc.addressOf(bytes);
    const view = this.#view;
    view.setBigUint64(0, address(this.#name), true);
    view.setUint32(8, socketAddressBytes, true);
    view.setBigUint64(16, address(this.#message) + 56n, true);
    view.setBigUint64(24, 1n, true);
    view.setBigUint64(32, address(this.#control), true);
    view.setBigUint64(40, BigInt(controlBytes), true);
    view.setInt32(48, 0, true);
    view.setBigUint64(56, address(this.#data), true);
    view.setBigUint64(64, BigInt(dataBytes), true);
    let length = -1;
    // An error that the queue tells better stands before what came, once.
    for (let attempt = 0; attempt < 3 && length < 0; attempt++) {
      length = this.#libc.recvmsg(this.#fd, this.#message, flags | MSG_DONTWAIT);
      if (length < 0 && this.#libc.errnoName() === 'EAGAIN') break;
    }
    if (length < 0) return undefined;
    const told = readControlMessages(this.#control, Number(view.getBigUint64(40, true)));
    const peer = readSocketAddress(this.#name, 0, view.getUint32(8, true)) ?? { address: new Uint8Array(), port: 0 };
    return { bytes: this.#data.slice(0, Math.min(length, dataBytes)), told, peer };
  }
}

/** Behind an IPv4 header; empty when there is no more. */
function withoutHeader(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(Math.min(bytes.length, ((bytes[0] ?? 0) & 15) * 4));
}

/** Why a socket cannot be opened, in the words of what would help. */
export function missingRight(error: unknown): string {
  const isDenied = error instanceof HostError && (error.errno === 'EPERM' || error.errno === 'EACCES');
  if (!isDenied) return error instanceof Error ? error.message : String(error);
  return 'the agent needs CAP_NET_RAW (for ICMP, a group within net.ipv4.ping_group_range will do)';
}
