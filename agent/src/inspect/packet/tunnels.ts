// Packets within packets: where the inner one begins, for the tunnels that name it.
import { readU16 } from '../bytes.ts';
import { etherTypeOfIp, etherTypes, type NetworkPart } from './link.ts';

/** In place of an EtherType: an Ethernet frame. */
export const ethernetFrame = etherTypes.transparentEthernet;

/** GRE (RFC 2784, 2890, 2637) and, in it, ERSPAN. */
export function grePart(bytes: Uint8Array, start: number): NetworkPart | undefined {
  if (start + 4 > bytes.length) return undefined;
  const flags = readU16(bytes, start);
  const type = readU16(bytes, start + 2);
  const version = flags & 7;
  if (version > 1) return undefined;
  const hasSequence = (flags & 0x1000) !== 0;
  let at = start + 4;
  if (version === 0 && (flags & 0xc000) !== 0) at += 4; // checksum, routing
  if ((flags & 0x2000) !== 0) at += 4; // key
  if (hasSequence) at += 4;
  if (version === 1 && (flags & 0x0080) !== 0) at += 4; // acknowledgement
  if (type === etherTypes.erspan2) return { type: ethernetFrame, start: at + (hasSequence ? 8 : 0) };
  if (type === etherTypes.erspan3) return erspan3Part(bytes, at);
  return { type, start: at };
}

function erspan3Part(bytes: Uint8Array, start: number): NetworkPart | undefined {
  if (start + 12 > bytes.length) return undefined;
  const hasSubheader = (bytes[start + 11]! & 1) !== 0;
  const isIp = ((bytes[start + 10]! >> 2) & 0x1f) === 2;
  const at = start + (hasSubheader ? 20 : 12);
  return { type: isIp ? etherTypeOfIp(bytes[at]) : ethernetFrame, start: at };
}

/** A stack of MPLS labels; what is inside says only its first bits. */
export function mplsPart(bytes: Uint8Array, start: number): NetworkPart | undefined {
  for (let at = start; at + 4 <= bytes.length; at += 4) {
    if ((bytes[at + 2]! & 1) === 0) continue;
    const inner = at + 4;
    const type = etherTypeOfIp(bytes[inner]);
    if (type !== 0) return { type, start: inner };
    // RFC 4448: Ethernet after a control word of zeroes.
    return bytes[inner] === 0 ? { type: ethernetFrame, start: inner + 4 } : { type: ethernetFrame, start: inner };
  }
  return undefined;
}

/** Network service header (RFC 8300). */
export function nshPart(bytes: Uint8Array, start: number): NetworkPart | undefined {
  if (start + 8 > bytes.length) return undefined;
  const types = [0, etherTypes.ipv4, etherTypes.ipv6, ethernetFrame];
  return { type: types[bytes[start + 3]!] ?? 0, start: start + 4 * (bytes[start + 1]! & 0x3f) };
}

/** Tunnels in UDP by their port. @returns undefined when it is none, or does not look like it. */
export function udpTunnelPart(ports: readonly number[], payload: Uint8Array): NetworkPart | undefined {
  for (const port of ports) {
    const part = udpTunnels.get(port)?.(payload);
    if (part && part.start < payload.length && looksRight(part, payload)) return part;
  }
  return undefined;
}

function looksRight({ type, start }: NetworkPart, payload: Uint8Array): boolean {
  const isIp = type === etherTypes.ipv4 || type === etherTypes.ipv6;
  return !isIp || etherTypeOfIp(payload[start]) === type;
}

const udpTunnels = new Map<number, (payload: Uint8Array) => NetworkPart | undefined>([
  [4789, vxlanPart], // RFC 7348
  [8472, vxlanPart], // Linux's own default
  [6081, genevePart], // RFC 8926
  [4754, (payload) => grePart(payload, 0)], // RFC 8086
  [2152, gtpPart], // 3GPP TS 29.281
  [3544, teredoPart], // RFC 4380
  [5072, ayiyaPart],
]);

function vxlanPart(payload: Uint8Array): NetworkPart | undefined {
  return payload.length > 8 && (payload[0]! & 0x08) !== 0 ? { type: ethernetFrame, start: 8 } : undefined;
}

function genevePart(payload: Uint8Array): NetworkPart | undefined {
  if (payload.length < 8 || payload[0]! >> 6 !== 0) return undefined;
  return { type: readU16(payload, 2), start: 8 + 4 * (payload[0]! & 0x3f) };
}

function gtpPart(payload: Uint8Array): NetworkPart | undefined {
  if (payload.length < 12 || payload[0]! >> 5 !== 1 || payload[1] !== 0xff) return undefined;
  let at = 8;
  if ((payload[0]! & 7) !== 0) {
    let next = (payload[0]! & 4) === 0 ? 0 : payload[11]!;
    at = 12;
    while (next !== 0 && at < payload.length && payload[at] !== 0) {
      const end = at + 4 * payload[at]!;
      next = payload[end - 1] ?? 0;
      at = end;
    }
  }
  return { type: etherTypeOfIp(payload[at]), start: at };
}

function teredoPart(payload: Uint8Array): NetworkPart | undefined {
  let at = 0;
  if (payload[at] === 0 && payload[at + 1] === 1) at += 13 + (payload[at + 2] ?? 0) + (payload[at + 3] ?? 0);
  if (payload[at] === 0 && payload[at + 1] === 0) at += 8;
  return etherTypeOfIp(payload[at]) === etherTypes.ipv6 ? { type: etherTypes.ipv6, start: at } : undefined;
}

/** Anything in anything (draft-massar-v6ops-ayiya). */
function ayiyaPart(payload: Uint8Array): NetworkPart | undefined {
  if (payload.length < 8) return undefined;
  const identity = 1 << (payload[0]! >> 4);
  const signature = 4 * (payload[1]! >> 4);
  const at = 8 + identity + signature;
  return payload[3] === 41 || payload[3] === 4 ? { type: etherTypeOfIp(payload[at]), start: at } : undefined;
}
