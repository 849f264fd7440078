// Reads addresses, networks and masks out of a filter's tokens.
import type { Cursor } from './cursor.ts';
import type { Token } from './tokens.ts';

export interface Network {
  address: Uint8Array;
  mask: Uint8Array;
}

/** A single address, or a network where `isNetwork`. Throws FilterFault. */
export function readNetwork(cursor: Cursor, isNetwork: boolean): Network {
  const token = cursor.peek();
  const address = isNetwork && token.kind === 'number' ? startOfIpv4(cursor) : readAddress(cursor);
  const slash = cursor.take('/');
  if (slash && !isNetwork) cursor.fail(`A single address is meant here; a network is 'net ${token.text}/…'.`, token.at);
  const mask = slash
    ? prefixMask(address.bytes.length, readPrefix(cursor, address.bytes.length * 8))
    : cursor.take('mask')
      ? readMask(cursor, address.bytes.length)
      : prefixMask(address.bytes.length, address.bits);
  const outside = address.bytes.some((byte, index) => (byte & ~mask[index]! & 0xff) !== 0);
  if (outside) {
    const network = address.bytes.map((byte, index) => byte & mask[index]!);
    cursor.fail(`'${token.text}' has bits outside of its network, which begins at ${textOf(network)}.`, token.at);
  }
  return { address: address.bytes, mask };
}

/** Throws FilterFault. */
export function readMac(cursor: Cursor): Uint8Array {
  const token = cursor.peek();
  const groups = token.text.split(':');
  if (token.kind !== 'colons' || groups.length !== 6 || !groups.every((group) => /^[\dA-Fa-f]{1,2}$/.test(group)))
    cursor.failExpecting('an Ethernet address such as 00:11:22:aa:bb:cc');
  cursor.next();
  return Uint8Array.from(groups, (group) => Number.parseInt(group, 16));
}

interface Parsed {
  bytes: Uint8Array;
  /** How many of its bits were written. */
  bits: number;
}

function readAddress(cursor: Cursor): Parsed {
  const token = cursor.peek();
  if (token.kind === 'ipv4') return startOfIpv4(cursor);
  if (token.kind === 'colons') {
    const bytes = ipv6Bytes(token.text);
    if (!bytes) cursor.fail(`'${token.text}' is no IPv6 address.`);
    cursor.next();
    return { bytes: bytes!, bits: 128 };
  }
  if (token.kind === 'word') cursor.fail(`Names are not looked up: an address is needed instead of '${token.text}'.`);
  return cursor.failExpecting('an address');
}

/** "10.1" stands for the network 10.1.0.0/16. */
function startOfIpv4(cursor: Cursor): Parsed {
  const token = cursor.next();
  const parts = token.text.split('.');
  const isAddress = parts.length <= 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  if (!isAddress) cursor.fail(`'${token.text}' is no IPv4 address.`, token.at);
  const bytes = new Uint8Array(4);
  bytes.set(parts.map(Number));
  return { bytes, bits: parts.length * 8 };
}

/** A host has all of its bits. Throws FilterFault. */
export function requireWhole({ mask }: Network, token: Token, cursor: Cursor): void {
  if (mask.some((byte) => byte !== 0xff))
    cursor.fail(`'${token.text}' is no whole address; a network is 'net ${token.text}'.`, token.at);
}

function readPrefix(cursor: Cursor, most: number): number {
  const token = cursor.next();
  const bits = Number(token.text);
  if (token.kind !== 'number' || !(bits <= most)) cursor.fail(`A prefix has 0 to ${most} bits.`, token.at);
  return bits;
}

function readMask(cursor: Cursor, bytes: number): Uint8Array {
  const token = cursor.peek();
  if (bytes !== 4) cursor.fail('Networks of IPv6 are written with their length, such as 2001:db8::/32.');
  if (token.kind !== 'ipv4') cursor.failExpecting('a mask such as 255.255.0.0');
  return startOfIpv4(cursor).bytes;
}

function prefixMask(bytes: number, bits: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => {
    const own = Math.max(0, Math.min(8, bits - index * 8));
    return (0xff << (8 - own)) & 0xff;
  });
}

/** RFC 4291 section 2.2. */
function ipv6Bytes(text: string): Uint8Array | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const [front, back] = [groupBytes(head), groupBytes(tail ?? '')];
  if (!front || !back) return undefined;
  const missing = 16 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...front, ...Array<number>(missing).fill(0), ...back]);
}

function groupBytes(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (index === groups.length - 1 && group.includes('.')) {
      const parts = group.split('.').map(Number);
      if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part < 256)) return undefined;
      bytes.push(...parts);
    } else if (/^[\dA-Fa-f]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return bytes;
}

const textOf = (bytes: Uint8Array): string =>
  bytes.length === 4
    ? bytes.join('.')
    : Array.from({ length: 8 }, (_, index) => ((bytes[2 * index]! << 8) | bytes[2 * index + 1]!).toString(16)).join(
        ':',
      );
