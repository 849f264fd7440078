// Generic routing encapsulation (RFC 2784, RFC 2890) and, by its port, VXLAN (RFC 7348).
import { hexNumber, u16, u24, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { etherTypeName } from './ether-types.ts';
import type { NextLayer } from './next-layer.ts';

const transparentEthernet = 0x6558;

export function gre(d: Dissection, from: number, end: number): NextLayer {
  const { bytes } = d;
  d.layer('Generic Routing Encapsulation', from, from + 4);
  d.column('GRE', '');
  if (from + 4 > bytes.length) return void d.incomplete(from);
  const [flags, type] = [u16(bytes, from), u16(bytes, from + 2)];
  d.field('Flags and version', hexNumber(flags, 4), from, 2);
  d.field('Protocol type', etherTypeName(type), from + 2, 2);
  d.column('GRE', `Encapsulated ${etherTypeName(type)}`);
  let at = from + 4;
  for (const [bit, name] of [
    [0x8000, 'Checksum'],
    [0x2000, 'Key'],
    [0x1000, 'Sequence number'],
  ] as const) {
    if ((flags & bit) === 0) continue;
    d.field(name, hexNumber(u32(bytes, at), 8), at, 4);
    at += 4;
  }
  d.endLayer(at);
  // Only version 0 without routing carries packets in this form.
  if ((flags & 0x4007) !== 0 || at >= Math.min(end, bytes.length)) return undefined;
  return type === transparentEthernet ? { kind: 'ethernet', from: at } : { kind: 'network', etherType: type, from: at };
}

export function vxlan(d: Dissection, from: number): NextLayer {
  d.layer('Virtual eXtensible Local Area Network', from, from + 8);
  d.column('VXLAN', '');
  if (from + 8 > d.bytes.length) return void d.incomplete(from);
  d.field('Flags', hexNumber(u8(d.bytes, from), 2), from, 1);
  d.field('VNI', u24(d.bytes, from + 4), from + 4, 3);
  return { kind: 'ethernet', from: from + 8 };
}
