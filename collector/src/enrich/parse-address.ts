// Text of an IP address as bytes.
import { isIP } from 'node:net';

/** 4 or 16 bytes; IPv4-mapped IPv6 addresses have 4. undefined: not an address. Zones (fe80::1%eth0) are none. */
export function parseAddress(text: string): Uint8Array | undefined {
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 4) return ipv4(text);
  if (family === 0) return undefined;
  const bytes = ipv6(text);
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? bytes.subarray(12) : bytes;
}

const ipv4 = (text: string) => Uint8Array.from(text.split('.', 4), Number);

/** RFC 4291 section 2.2; isIP has said that it is well-formed. */
function ipv6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(before);
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** Bytes of groups, the last of which may be an IPv4 address. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return [...ipv4(group)];
    const value = parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
