// Takes a packet apart, layer by layer, by itself: nothing is put together from several. Never throws; bounded by the packet's length.
import { arp } from './arp.ts';
import type { CapturedPacket, DecodedPacket } from './decoded-packet.ts';
import { Dissection } from './dissection.ts';
import { etherTypes } from './ether-types.ts';
import { icmp } from './icmp.ts';
import { icmpv6 } from './icmpv6.ts';
import { otherInternet, otherNetwork } from './ip-others.ts';
import { ipv4 } from './ipv4.ts';
import { ipv6 } from './ipv6.ts';
import { ethernet, link } from './link.ts';
import type { NextLayer } from './next-layer.ts';
import { tcpPayload, udpPayload } from './payload.ts';
import { protocols } from './protocol-numbers.ts';
import { tcp } from './tcp.ts';
import { gre } from './gre.ts';
import { udp } from './udp.ts';

/** Whatever the bytes are. */
export function decodePacket(packet: CapturedPacket): DecodedPacket {
  const d = new Dissection(packet);
  let next = link(d, packet.linkType);
  while (next && !d.isFull) next = layerOf(d, next);
  return d.result();
}

function layerOf(d: Dissection, next: NonNullable<NextLayer>): NextLayer {
  switch (next.kind) {
    case 'ethernet':
      return ethernet(d, next.from);
    case 'network':
      return network(d, next.etherType, next.from);
    case 'internet':
      return internet(d, next.protocol, next.from, next.end);
    case 'payload':
      return next.over === 'TCP' ? tcpPayload(d, next) : udpPayload(d, next);
    default:
      return next satisfies never;
  }
}

function network(d: Dissection, etherType: number, from: number): NextLayer {
  if (etherType === etherTypes.ipv4) return ipv4(d, from);
  if (etherType === etherTypes.ipv6) return ipv6(d, from);
  if (etherType === etherTypes.arp) arp(d, from);
  else otherNetwork(d, etherType, from);
  return undefined;
}

function internet(d: Dissection, protocol: number, from: number, end: number): NextLayer {
  switch (protocol) {
    case protocols.tcp:
      return tcp(d, from, end);
    case protocols.udp:
      return udp(d, from, end);
    case protocols.icmp:
      return icmp(d, from, end);
    case protocols.icmpv6:
      return icmpv6(d, from, end);
    case protocols.ipv4:
      return { kind: 'network', etherType: etherTypes.ipv4, from };
    case protocols.ipv6:
      return { kind: 'network', etherType: etherTypes.ipv6, from };
    case protocols.gre:
      return gre(d, from, end);
    default:
      otherInternet(d, protocol, from, end);
      return undefined;
  }
}
