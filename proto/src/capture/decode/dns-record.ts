// The data of a DNS record as zone files write it, where it has a form that people read; else its bytes.
import { hexBytes, ipv4Address, u16, u8 } from './bytes.ts';
import { dnsName } from './dns-name.ts';
import { addressAt } from './ipv6.ts';
import { textOf } from './text.ts';

interface Data {
  /** Where the message begins, which pointers count from. */
  message: number;
  type: number;
  from: number;
  to: number;
}

/** Types whose data is a name after so many bytes of numbers. */
const nameAfter: Readonly<Record<number, number>> = { 2: 0, 5: 0, 12: 0, 15: 2, 33: 6, 39: 0 };
const optType = 41;
const mostBytes = 48;

export function recordText(bytes: Uint8Array, { message, type, from, to }: Data): string {
  const size = to - from;
  if (type === 1 && size === 4) return ipv4Address(bytes, from);
  if (type === 28 && size === 16) return addressAt(bytes, from);
  if (type === 16) return strings(bytes, from, to);
  if (type === optType) return '';
  if (type === 6) {
    const primary = dnsName(bytes, message, from, to);
    return primary ? primary.name : hexBytes(bytes, from, to, mostBytes);
  }
  const skipped = nameAfter[type];
  // A pointer leads back into the message, never beyond the data.
  const name = skipped === undefined ? undefined : dnsName(bytes, message, from + skipped, to);
  if (!name) return hexBytes(bytes, from, to, mostBytes);
  const numbers = Array.from({ length: skipped! / 2 }, (_, index) => u16(bytes, from + index * 2));
  return [...numbers, name.name].join(' ');
}

function strings(bytes: Uint8Array, from: number, to: number): string {
  const texts: string[] = [];
  for (let at = from; at < to && texts.length < 16; at += 1 + u8(bytes, at))
    texts.push(`"${textOf(bytes, at + 1, Math.min(to, at + 1 + u8(bytes, at)))}"`);
  return texts.join(' ');
}
