// DNS messages (RFC 1035, RFC 6891), and those of mDNS and LLMNR, which have the same form.
import { dnsTypeName, rcodeName } from '../../dns-names.ts';
import { hexNumber, u16, u32 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { dnsName } from './dns-name.ts';
import { recordText } from './dns-record.ts';

export type DnsKind = 'DNS' | 'MDNS' | 'LLMNR';

const layerNames: Record<DnsKind, string> = {
  DNS: 'Domain Name System',
  MDNS: 'Multicast Domain Name System',
  LLMNR: 'Link-local Multicast Name Resolution',
};
const opcodes = [
  'Standard query',
  'Inverse query',
  'Server status request',
  '',
  'Zone change notification',
  'Dynamic update',
];
const sections = ['Answer', 'Authority', 'Additional'] as const;
const mostQuestions = 64;
const mostRecords = 128;
const flagNames = [
  [0x0400, 'authoritative'],
  [0x0200, 'truncated'],
  [0x0100, 'recursion desired'],
  [0x0080, 'recursion available'],
  [0x0020, 'authentic data'],
  [0x0010, 'checking disabled'],
] as const;

export function dns(d: Dissection, kind: DnsKind, from: number, end: number): void {
  const { bytes } = d;
  d.layer(layerNames[kind], from, end);
  d.column(kind, '');
  if (end - from < 12) return d.incomplete(from);
  const [id, flags] = [u16(bytes, from), u16(bytes, from + 2)];
  const isResponse = (flags & 0x8000) !== 0;
  const opcode = opcodes[(flags >> 11) & 15] || `Opcode ${(flags >> 11) & 15}`;
  const rcode = flags & 15;
  d.field('Transaction ID', hexNumber(id, 4), from, 2);
  d.field('Message', `${opcode}${isResponse ? ' response' : ''}`, from + 2, 1);
  const words = flagNames.flatMap(([bit, word]) => (flags & bit ? [word] : []));
  d.field('Flags', `${words.join(', ') || 'none'} (${hexNumber(flags, 4)})`, from + 2, 2);
  if (isResponse) d.field('Reply code', rcodeName(rcode), from + 3, 1);
  const counts = [4, 6, 8, 10].map((at) => u16(bytes, from + at));
  ['Questions', 'Answer RRs', 'Authority RRs', 'Additional RRs'].forEach((name, index) =>
    d.field(name, counts[index]!, from + 4 + index * 2, 2),
  );
  let told = `${opcode}${isResponse ? ' response' : ''} ${hexNumber(id, 4)}`;
  if (isResponse && rcode !== 0) told += ` ${rcodeName(rcode)}`;
  const asked = questions(d, from, from + 12, end, counts[0]!);
  told += asked.told;
  told += records(d, from, asked.at, end, counts.slice(1));
  d.column(kind, told);
}

function questions(
  d: Dissection,
  message: number,
  start: number,
  end: number,
  count: number,
): { at: number | undefined; told: string } {
  let at = start;
  let told = '';
  for (let index = 0; index < count; index++) {
    const found = index < mostQuestions ? dnsName(d.bytes, message, at, end) : undefined;
    if (!found || found.end + 4 > end) {
      d.incomplete(at);
      return { at: undefined, told };
    }
    const type = dnsTypeName(u16(d.bytes, found.end));
    d.field('Query', `${found.name} ${type}`, at, found.end + 4 - at);
    told += ` ${type} ${found.name}`;
    at = found.end + 4;
  }
  return { at, told };
}

/** @returns what the answers say, for the line. */
function records(
  d: Dissection,
  message: number,
  start: number | undefined,
  end: number,
  counts: readonly number[],
): string {
  const { bytes } = d;
  let at = start;
  let told = '';
  let left = mostRecords;
  for (const [index, section] of sections.entries())
    for (let count = counts[index]!; count > 0 && at !== undefined; count--) {
      const owner = left-- > 0 ? dnsName(bytes, message, at, end) : undefined;
      if (left < 0) return told;
      const data = owner ? owner.end + 10 : end + 1;
      const after = data > end ? data : data + u16(bytes, data - 2);
      if (!owner || after > end) return (d.incomplete(at), told);
      const type = u16(bytes, owner.end);
      const text = recordText(bytes, { message, type, from: data, to: after });
      const ttl = type === 41 ? '' : ` TTL ${u32(bytes, owner.end + 4)}`;
      d.field(section, `${owner.name} ${dnsTypeName(type)}${ttl}${text ? ` ${text}` : ''}`, at, after - at);
      if (section === 'Answer') told += ` ${dnsTypeName(type)}${text ? ` ${text}` : ''}`;
      at = after;
    }
  return told;
}
