// DHCP and BOOTP (RFC 2131, RFC 2132).
import { hexBytes, hexNumber, ipv4Address, macAddress, u16, u32, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';
import { textOf } from './text.ts';

const headerBytes = 236;
const magicCookie = 0x63_82_53_63;
const mostOptions = 64;
const messages = ['', 'Discover', 'Offer', 'Request', 'Decline', 'ACK', 'NAK', 'Release', 'Inform'];

type Form = 'address' | 'text' | 'seconds' | 'bytes';
const options: Readonly<Record<number, [name: string, form: Form]>> = {
  1: ['Subnet mask', 'address'],
  3: ['Router', 'address'],
  6: ['Domain name server', 'address'],
  12: ['Host name', 'text'],
  15: ['Domain name', 'text'],
  28: ['Broadcast address', 'address'],
  42: ['NTP server', 'address'],
  50: ['Requested IP address', 'address'],
  51: ['IP address lease time', 'seconds'],
  54: ['DHCP server identifier', 'address'],
  55: ['Parameter request list', 'bytes'],
  56: ['Message', 'text'],
  58: ['Renewal time', 'seconds'],
  59: ['Rebinding time', 'seconds'],
  60: ['Vendor class identifier', 'text'],
  61: ['Client identifier', 'bytes'],
  66: ['TFTP server name', 'text'],
  67: ['Bootfile name', 'text'],
};

export function dhcp(d: Dissection, from: number, end: number): void {
  const { bytes } = d;
  d.layer('Dynamic Host Configuration Protocol', from, end);
  d.column('DHCP', '');
  if (end - from < 34) return d.incomplete(from);
  const operation = u8(bytes, from);
  const id = hexNumber(u32(bytes, from + 4), 8);
  d.field('Message type', operation === 1 ? 'Boot Request (1)' : `Boot Reply (${operation})`, from, 1);
  d.field('Transaction ID', id, from + 4, 4);
  d.field('Seconds elapsed', u16(bytes, from + 8), from + 8, 2);
  ['Client IP address', 'Your (client) IP address', 'Next server IP address', 'Relay agent IP address'].forEach(
    (name, index) => d.field(name, ipv4Address(bytes, from + 12 + index * 4), from + 12 + index * 4, 4),
  );
  d.field('Client MAC address', macAddress(bytes, from + 28), from + 28, 6);
  d.column('DHCP', `${operation === 1 ? 'Boot Request' : 'Boot Reply'} - Transaction ID ${id}`);
  const at = from + headerBytes;
  if (at + 4 > end || u32(bytes, at) !== magicCookie) return;
  const message = readOptions(d, at + 4, end);
  if (message > 0) d.column('DHCP', `DHCP ${messages[message] ?? message} - Transaction ID ${id}`);
}

/** @returns the kind of message; 0 = none is told. */
function readOptions(d: Dissection, from: number, end: number): number {
  const { bytes } = d;
  let message = 0;
  for (let at = from, count = 0; at < end && count < mostOptions;) {
    const code = u8(bytes, at);
    if (code === 255) break;
    if (code === 0) {
      at++;
      continue;
    }
    const [start, size] = [at + 2, u8(bytes, at + 1)];
    if (start + size > end) {
      d.incomplete(at);
      break;
    }
    count++;
    const [name, form] = options[code] ?? [`Option ${code}`, 'bytes'];
    if (code === 53) message = u8(bytes, start);
    const value = code === 53 ? `${messages[message] ?? 'unknown'} (${message})` : optionText(bytes, form, start, size);
    d.field(code === 53 ? 'DHCP message type' : name, value, at, size + 2);
    at = start + size;
  }
  return message;
}

function optionText(bytes: Uint8Array, form: Form, from: number, size: number): string {
  if (form === 'text') return textOf(bytes, from, from + size);
  if (form === 'seconds' && size === 4) return `${u32(bytes, from)} s`;
  if (form === 'address' && size > 0 && size % 4 === 0)
    return Array.from({ length: size / 4 }, (_, index) => ipv4Address(bytes, from + index * 4)).join(', ');
  return hexBytes(bytes, from, from + size);
}
