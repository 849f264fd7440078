// Frames taken apart, layer by layer, down to every TCP or UDP head in them, the tunnels' own and the ones inside.
import { protocols } from '@foretop/proto';
import { readU16 } from '../bytes.ts';
import { addressKey } from '../payload.ts';
import { type ArpMessage, readArp } from './arp.ts';
import { type Echo, readEcho } from './echo.ts';
import { Fragments } from './fragments.ts';
import { ethernetPart, etherTypes, networkPart, type NetworkPart, pppPart } from './link.ts';
import {
  type Ends,
  type PortUnreachable,
  readIcmp6Unreachable,
  readIcmpUnreachable,
  readTcp,
  readUdp,
  type Transport,
} from './transport.ts';
import { ethernetFrame, grePart, mplsPart, nshPart, udpTunnelPart } from './tunnels.ts';

export interface PacketEvents {
  transport(transport: Transport): void;
  unreachable(unreachable: PortUnreachable): void;
  echo?(echo: Echo): void;
  arp?(message: ArpMessage): void;
}

/** Tags, labels and tunnels within one another. */
const maxDepth = 24;
const maxExtensionHeaders = 16;

export class PacketDecoder {
  readonly #events: PacketEvents;
  readonly #fragments = new Fragments();
  #timeUs = 0;

  constructor(events: PacketEvents) {
    this.#events = events;
  }

  get fragmentsDropped(): number {
    return this.#fragments.dropped;
  }

  /** @param linkType of https://www.tcpdump.org/linktypes.html. @returns false for a link that is not understood. */
  decode(linkType: number, frame: Uint8Array, timeUs: number): boolean {
    this.#timeUs = timeUs;
    const part = networkPart(linkType, frame);
    if (part) this.#network(part, frame, 0);
    return part !== undefined;
  }

  #network(part: NetworkPart | undefined, bytes: Uint8Array, depth: number): void {
    let inner = part;
    for (let layer = depth; inner && inner.start < bytes.length && layer < maxDepth; layer++) {
      const { type, start } = inner;
      if (type === etherTypes.ipv4) return this.#ipv4(bytes.subarray(start), layer);
      if (type === etherTypes.ipv6) return this.#ipv6(bytes.subarray(start), layer);
      if (type === etherTypes.arp) return this.#arp(bytes.subarray(start));
      inner = shimPart(type, bytes, start);
    }
  }

  #ipv4(packet: Uint8Array, depth: number): void {
    const header = (packet[0]! & 15) * 4;
    if (packet.length < 20 || packet[0]! >> 4 !== 4 || header < 20 || header > packet.length) return;
    // 0 stands there when the network card divides the packet.
    const total = readU16(packet, 2);
    const wireBytes = total < header ? packet.length : total;
    const ends = { source: packet.subarray(12, 16), destination: packet.subarray(16, 20) };
    const fragment = readU16(packet, 6);
    const payload = packet.subarray(header, wireBytes);
    const offset = (fragment & 0x1fff) * 8;
    if (offset === 0 && (fragment & 0x2000) === 0) {
      return this.#internet(packet[9]!, payload, wireBytes - header, ends, depth);
    }
    const key = `${fragmentKey(ends)}${readU16(packet, 4)}/${packet[9]!}`;
    const whole = this.#fragments.add(key, offset, payload, (fragment & 0x2000) === 0, this.#timeUs);
    if (whole) this.#internet(packet[9]!, whole, whole.length, ends, depth);
  }

  #ipv6(packet: Uint8Array, depth: number): void {
    if (packet.length < 40 || packet[0]! >> 4 !== 6) return;
    const claimed = readU16(packet, 4);
    // 0 stands there in a jumbogram (RFC 2675) and when the network card divides the packet.
    const wireBytes = claimed === 0 ? packet.length : 40 + claimed;
    const ends = { source: packet.subarray(8, 24), destination: packet.subarray(24, 40) };
    this.#extensions(packet[6]!, packet.subarray(40, wireBytes), wireBytes - 40, ends, depth);
  }

  #extensions(first: number, bytes: Uint8Array, wireBytes: number, ends: Ends, depth: number): void {
    let next = first;
    let at = 0;
    for (let headers = 0; headers < maxExtensionHeaders && isExtension(next); headers++) {
      if (at + 8 > bytes.length) return;
      if (next === protocols.fragment) {
        const field = readU16(bytes, at + 2);
        if (field >> 3 !== 0 || (field & 1) !== 0) return this.#fragment6(bytes.subarray(at), ends, depth);
      }
      const size =
        next === protocols.fragment
          ? 8
          : next === protocols.authentication
            ? 4 * (bytes[at + 1]! + 2)
            : 8 * (bytes[at + 1]! + 1);
      next = bytes[at]!;
      at += size;
    }
    if (at <= bytes.length) this.#internet(next, bytes.subarray(at), wireBytes - at, ends, depth);
  }

  /** `bytes` begins with the fragment header. */
  #fragment6(bytes: Uint8Array, ends: Ends, depth: number): void {
    const field = readU16(bytes, 2);
    const key = `${fragmentKey(ends)}${readU16(bytes, 4)}.${readU16(bytes, 6)}`;
    const whole = this.#fragments.add(key, field & 0xfff8, bytes.subarray(8), (field & 1) === 0, this.#timeUs);
    if (whole) this.#extensions(bytes[0]!, whole, whole.length, ends, depth + 1);
  }

  #internet(protocol: number, bytes: Uint8Array, wireBytes: number, ends: Ends, depth: number): void {
    switch (protocol) {
      case protocols.tcp:
        return this.#give(readTcp(bytes, wireBytes, ends, this.#timeUs));
      case protocols.udp:
        return this.#udp(readUdp(bytes, wireBytes, ends, this.#timeUs), depth);
      case protocols.icmp:
        this.#echo(readEcho(bytes, wireBytes, ends, this.#timeUs, 4));
        return this.#refused(readIcmpUnreachable(bytes, this.#timeUs));
      case protocols.icmpv6:
        this.#echo(readEcho(bytes, wireBytes, ends, this.#timeUs, 6));
        return this.#refused(readIcmp6Unreachable(bytes, this.#timeUs));
      case protocols.ipv4:
        return this.#network({ type: etherTypes.ipv4, start: 0 }, bytes, depth + 1);
      case protocols.ipv6:
        return this.#network({ type: etherTypes.ipv6, start: 0 }, bytes, depth + 1);
      case protocols.gre:
        return this.#network(grePart(bytes, 0), bytes, depth + 1);
      case protocols.mpls:
        return this.#network(mplsPart(bytes, 0), bytes, depth + 1);
      case protocols.ethernet:
        return this.#network(ethernetPart(bytes, bytes[0] === 0x30 ? 2 : 0), bytes, depth + 1); // RFC 3378's header
    }
  }

  #udp(transport: Transport | undefined, depth: number): void {
    if (!transport) return;
    this.#give(transport);
    const part = udpTunnelPart([transport.destinationPort, transport.sourcePort], transport.payload);
    if (part) this.#network(part, transport.payload, depth + 1);
  }

  #echo(echo: Echo | undefined): void {
    if (echo) this.#events.echo?.(echo);
  }

  #arp(packet: Uint8Array): void {
    const message = this.#events.arp && readArp(packet, this.#timeUs);
    if (message) this.#events.arp?.(message);
  }

  #give(transport: Transport | undefined): void {
    if (transport) this.#events.transport(transport);
  }

  #refused(unreachable: PortUnreachable | undefined): void {
    if (unreachable) this.#events.unreachable(unreachable);
  }
}

/** Tags and small headers between link and network. */
function shimPart(type: number, bytes: Uint8Array, start: number): NetworkPart | undefined {
  switch (type) {
    case etherTypes.vlan:
    case etherTypes.serviceVlan:
    case etherTypes.oldServiceVlan:
      return start + 4 > bytes.length ? undefined : { type: readU16(bytes, start + 2), start: start + 4 };
    case etherTypes.eTag:
      return start + 8 > bytes.length ? undefined : { type: readU16(bytes, start + 6), start: start + 8 };
    case etherTypes.pppoeSession:
      return pppPart(bytes, start + 6);
    case etherTypes.ppp:
      return pppPart(bytes, start);
    case etherTypes.mpls:
    case etherTypes.mplsMulticast:
      return mplsPart(bytes, start);
    case etherTypes.nsh:
      return nshPart(bytes, start);
    case ethernetFrame:
      return ethernetPart(bytes, start);
    default:
      return undefined;
  }
}

const extensions = new Set<number>([
  protocols.hopByHop,
  protocols.routing,
  protocols.fragment,
  protocols.authentication,
  protocols.destinationOptions,
  protocols.mobility,
  protocols.hostIdentity,
  protocols.shim6,
]);
const isExtension = (protocol: number) => extensions.has(protocol);
const fragmentKey = ({ source, destination }: Ends) => `${addressKey(source)}/${addressKey(destination)}/`;
