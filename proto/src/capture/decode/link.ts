// Link layers: Ethernet with its tags, Linux cooked captures, loopback and raw IP. Numbers of https://www.tcpdump.org/linktypes.html
import { hexBytes, hexNumber, macAddress, u16, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { etherTypeName, etherTypes } from './ether-types.ts';
import type { NextLayer } from './next-layer.ts';

/** What systems write in place of 101. */
const rawLinks = new Set([12, 14, 101, 228, 229]);
const mostTags = 8;

export function link(d: Dissection, linkType: number): NextLayer {
  if (rawLinks.has(linkType)) return ip(d, 0);
  switch (linkType) {
    case 0:
    case 108:
      return loopback(d);
    case 1:
      return ethernet(d, 0);
    case 113:
      return cooked(d);
    case 276:
      return cooked2(d);
    default:
      d.column(`Link type ${linkType}`, `${d.bytes.length} bytes`);
      d.layer(`Link type ${linkType}`, 0, d.bytes.length);
      return undefined;
  }
}

/** Of the version that the packet itself has. */
function ip(d: Dissection, from: number): NextLayer {
  const version = u8(d.bytes, from) >> 4;
  if (version === 4) return { kind: 'network', etherType: etherTypes.ipv4, from };
  if (version === 6) return { kind: 'network', etherType: etherTypes.ipv6, from };
  d.column('Raw', `${d.bytes.length - from} bytes`);
  d.layer('Data', from, d.bytes.length);
  return undefined;
}

export function ethernet(d: Dissection, from: number): NextLayer {
  const { bytes } = d;
  d.layer('Ethernet II', from, from + 14);
  if (from + 14 > bytes.length) return short(d, 'Ethernet', from);
  const [destination, source] = [macAddress(bytes, from), macAddress(bytes, from + 6)];
  d.field('Destination', destination, from, 6);
  d.field('Source', source, from + 6, 6);
  d.ends(source, destination);
  d.column('Ethernet', '');
  return tagged(d, from + 12, 0);
}

/** `at`: where the EtherType or, in IEEE 802.3, the length stands. */
function tagged(d: Dissection, at: number, tags: number): NextLayer {
  const type = u16(d.bytes, at);
  if (type <= 1_500) {
    d.field('Length', type, at, 2);
    return llc(d, at + 2);
  }
  d.field('Type', etherTypeName(type), at, 2);
  const isTag = type === etherTypes.vlan || type === etherTypes.serviceVlan || type === etherTypes.oldServiceVlan;
  if (!isTag || tags >= mostTags) return { kind: 'network', etherType: type, from: at + 2 };
  d.layer('802.1Q Virtual LAN', at + 2, at + 6);
  if (at + 6 > d.bytes.length) return short(d, '802.1Q', at + 2);
  const tag = u16(d.bytes, at + 2);
  d.field('Priority', tag >> 13, at + 2, 1);
  d.field('DEI', (tag >> 12) & 1, at + 2, 1);
  d.field('ID', tag & 0xfff, at + 2, 2);
  return tagged(d, at + 4, tags + 1);
}

/** Logical-link control, with SNAP (RFC 1042) before a network protocol. */
function llc(d: Dissection, from: number): NextLayer {
  const { bytes } = d;
  d.layer('Logical-Link Control', from, from + 3);
  if (from + 3 > bytes.length) return short(d, 'LLC', from);
  const [dsap, ssap] = [u8(bytes, from), u8(bytes, from + 1)];
  d.field('DSAP', hexNumber(dsap, 2), from, 1);
  d.field('SSAP', hexNumber(ssap, 2), from + 1, 1);
  d.field('Control', hexNumber(u8(bytes, from + 2), 2), from + 2, 1);
  d.column(
    dsap === 0x42 ? 'STP' : 'LLC',
    dsap === 0x42 ? '' : `DSAP ${hexNumber(dsap, 2)}, SSAP ${hexNumber(ssap, 2)}`,
  );
  if (u32(bytes, from) >>> 8 !== 0xaa_aa_03 || from + 8 > bytes.length) return undefined;
  const type = u16(bytes, from + 6);
  d.field('Organization code', hexBytes(bytes, from + 3, from + 6), from + 3, 3);
  d.field('Type', etherTypeName(type), from + 6, 2);
  const isEthernet = u16(bytes, from + 3) === 0 && u8(bytes, from + 5) === 0;
  return isEthernet ? { kind: 'network', etherType: type, from: from + 8 } : undefined;
}

const directions = ['to us', 'broadcast', 'multicast', 'to somebody else', 'from us'];
const direction = (type: number): string => directions[type] ?? String(type);

function cooked(d: Dissection): NextLayer {
  const { bytes } = d;
  d.layer('Linux cooked capture v1', 0, 16);
  if (bytes.length < 16) return short(d, 'SLL', 0);
  d.field('Packet type', direction(u16(bytes, 0)), 0, 2);
  d.field('Link-layer address type', u16(bytes, 2), 2, 2);
  linkAddress(d, u16(bytes, 4), 6);
  d.column('SLL', '');
  d.field('Protocol', etherTypeName(u16(bytes, 14)), 14, 2);
  return { kind: 'network', etherType: u16(bytes, 14), from: 16 };
}

function cooked2(d: Dissection): NextLayer {
  const { bytes } = d;
  d.layer('Linux cooked capture v2', 0, 20);
  if (bytes.length < 20) return short(d, 'SLL', 0);
  d.field('Protocol', etherTypeName(u16(bytes, 0)), 0, 2);
  d.field('Interface index', u32(bytes, 4), 4, 4);
  d.field('Link-layer address type', u16(bytes, 8), 8, 2);
  d.field('Packet type', direction(u8(bytes, 10)), 10, 1);
  linkAddress(d, u8(bytes, 11), 12);
  d.column('SLL', '');
  return { kind: 'network', etherType: u16(bytes, 0), from: 20 };
}

function linkAddress(d: Dissection, length: number, at: number): void {
  if (length === 0 || length > 8) return;
  const address = macAddress(d.bytes, at, length);
  d.field('Source', address, at, length);
  d.ends(address, '');
}

function loopback(d: Dissection): NextLayer {
  d.layer('Null/Loopback', 0, 4);
  if (d.bytes.length < 4) return short(d, 'Loopback', 0);
  d.field('Family', hexNumber(u32(d.bytes, 0), 8), 0, 4);
  d.column('Loopback', '');
  return ip(d, 4);
}

function short(d: Dissection, protocol: string, from: number): undefined {
  d.column(protocol, 'Cut');
  d.incomplete(from);
}
