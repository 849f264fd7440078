// Evidence of scans: a filter on packet sockets counts in the kernel and hands up no packet; what it counted is read from a map.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { ScanKind } from '@foretop/proto';
import type { ScanReading } from '../../engine.ts';
import { fixedBytes, openLibc, systemCallError } from '../libc.ts';
import { eachBoundPort } from './bound-ports.ts';
import { portMarkWords, readAddress, readU64, scanAt, scanKeyAt } from './layout.ts';
import type { BpfMap } from './maps.ts';

// linux/if_packet.h, linux/if_ether.h, bits/socket.h
const AF_PACKET = 17;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const ETH_P_ALL = 0x0003;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const SOCKADDR_LL_BYTES = 20;
const SOL_SOCKET = 1;
const SO_ATTACH_BPF = 50;

// agent/bpf/common.h
const BOUND_BEFORE = 2;

const ADDRESSES_EVERY_MS = 10_000;

export interface ScanMaps {
  scans: BpfMap;
  addresses: BpfMap;
  ports: BpfMap;
}

export class ScanWatch implements Disposable {
  readonly #maps: ScanMaps;
  readonly #marks: Uint32Array<ArrayBuffer>;
  readonly #sockets: number[] = [];
  readonly #countsUdp: boolean;
  #known = new Set<string>();
  #addressesAt = 0;

  /** `program` is the filter's descriptor. UDP is judged only where the flows tell which ports are bound. Throws HostError. */
  constructor(maps: ScanMaps, program: number, countsUdp: boolean) {
    this.#maps = maps;
    this.#marks = maps.ports.words();
    this.#countsUdp = countsUdp;
    eachBoundPort('tcp', (port) => this.#mark(port, portMarkWords.tcp));
    eachBoundPort('udp', (port) => this.#mark(port, portMarkWords.udp));
    this.#refreshAddresses(performance.now());
    try {
      for (const protocol of protocolsToWatch()) this.#sockets.push(openFilter(program, protocol));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  read(visit: (scan: ScanReading) => void): void {
    const now = performance.now();
    if (now - this.#addressesAt >= ADDRESSES_EVERY_MS) this.#refreshAddresses(now);
    let askedUdp = false;
    this.#maps.scans.each(({ count, keys, keyWords, values, valueWords }) => {
      for (let entry = 0; entry < count; entry++) {
        const key = entry * scanKeyAt.bytes;
        const tail = keyWords[(key + scanKeyAt.localPort) >> 2]!;
        const port = tail & 0xffff;
        const kind = (tail >>> 16) & 0xff;
        if (kind === ScanKind.SCAN_KIND_UDP && !this.#marked(port, portMarkWords.udp) && !askedUdp) {
          // Tunnels in the kernel take their packets before any program sees them.
          askedUdp = true;
          eachBoundPort('udp', (bound) => this.#mark(bound, portMarkWords.udp));
        }
        if (this.#isOpen(kind, port)) continue;
        const value = entry * scanAt.bytes;
        visit({
          kind,
          sourceAddress: readAddress(keys, key + scanKeyAt.source),
          localAddress: readAddress(keys, key + scanKeyAt.local),
          localPort: port,
          packets: readU64(valueWords, value + scanAt.packets),
          firstUs: Math.floor(readU64(valueWords, value + scanAt.first) / 1000),
          lastUs: Math.floor(readU64(valueWords, value + scanAt.last) / 1000),
        });
      }
      void values;
    }, true);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#sockets.splice(0)) openLibc().close(fd);
  }

  /** The first packet to a socket comes by here before the socket is known. */
  #isOpen(kind: number, port: number): boolean {
    if (kind === ScanKind.SCAN_KIND_SYN) return this.#marked(port, portMarkWords.tcp);
    if (kind === ScanKind.SCAN_KIND_UDP) return !this.#countsUdp || this.#marked(port, portMarkWords.udp);
    return false;
  }

  #marked(port: number, protocol: number): boolean {
    return this.#marks[port * portMarkWords.stride + protocol] !== 0;
  }

  #mark(port: number, protocol: number): void {
    const at = port * portMarkWords.stride + protocol;
    if (this.#marks[at] === 0) this.#marks[at] = BOUND_BEFORE;
  }

  /** Only packets to these addresses count; what passes through to containers or other hosts does not. */
  #refreshAddresses(now: number): void {
    this.#addressesAt = now;
    const found = new Set<string>();
    for (const list of Object.values(networkInterfaces())) for (const { address } of list ?? []) found.add(address);
    const changed = [...found].filter((address) => !this.#known.has(address));
    const gone = [...this.#known].filter((address) => !found.has(address));
    const present = fixedBytes(4).fill(1);
    try {
      for (const address of gone) this.#maps.addresses.delete(addressKey(address));
      for (const address of changed) this.#maps.addresses.update(addressKey(address), present);
      this.#known = found;
    } catch {
      // More addresses than the map holds: those beyond are not watched.
      this.#known = found;
    }
  }
}

/** Where packets are forwarded, answers of other namespaces tell which ports are open; that costs a look at what is sent. */
function protocolsToWatch(): number[] {
  return forwards() ? [ETH_P_ALL] : [ETH_P_IP, ETH_P_IPV6];
}

function forwards(): boolean {
  return ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'].some((path) => {
    try {
      return readFileSync(path, 'latin1').trim() !== '0';
    } catch {
      return false;
    }
  });
}

function openFilter(program: number, protocol: number): number {
  const libc = openLibc();
  // Bound only once the filter is in place: no packet is ever queued.
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw systemCallError(libc, 'Opening a packet socket');
  const descriptor = new Uint8Array(new Int32Array([program]).buffer);
  const address = new Uint8Array(SOCKADDR_LL_BYTES);
  new DataView(address.buffer).setUint16(0, AF_PACKET, true);
  new DataView(address.buffer).setUint16(2, protocol, false);
  const attached = libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, descriptor, 4) === 0;
  if (attached && libc.bind(fd, address, address.length) === 0) return fd;
  const error = systemCallError(libc, attached ? 'Binding a packet socket' : 'Attaching a filter to a packet socket');
  libc.close(fd);
  throw error;
}

/** As IPv6; IPv4 mapped. */
function addressKey(address: string): Uint8Array<ArrayBuffer> {
  const key = fixedBytes(16);
  if (address.includes(':')) parseIpv6(address, key);
  else {
    key[10] = 0xff;
    key[11] = 0xff;
    address.split('.').forEach((part, i) => (key[12 + i] = Number(part)));
  }
  return key;
}

function parseIpv6(address: string, into: Uint8Array): void {
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const put = (group: string, index: number) => {
    const value = Number.parseInt(group, 16);
    into[index * 2] = value >> 8;
    into[index * 2 + 1] = value & 0xff;
  };
  groups(head).forEach(put);
  const last = groups(tail ?? '');
  last.forEach((group, i) => put(group, 8 - last.length + i));
}
