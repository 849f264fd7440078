// Entries of all lists, to be asked for an address or a name. Made anew when lists are read again.
import { formatAddress } from '@foretop/proto';
import type { Listing } from '@foretop/proto/api';
import { parseAddress } from '../parse-address.ts';
import type { ListEntry } from './parse-line.ts';

export interface KnownBad {
  /** The first list that names the address, by itself or by its network. */
  address(text: string): Listing | undefined;
  /** The first list that names the domain or one above it. */
  name(text: string): Listing | undefined;
}

export interface KnownBadBuilder extends KnownBad {
  /** Of two lists with the same entry the first keeps it. */
  add(list: string, entry: ListEntry): void;
  readonly size: number;
}

/** IPv4 as a number, IPv6 as text. */
type NetworkKey = number | string;

export function createKnownBad(): KnownBadBuilder {
  const domains = new Map<string, string>();
  /** By length of the prefix: networks are found by trying each length that there is, addresses are those of the longest. */
  const networks = { 4: new Map<number, Map<NetworkKey, string>>(), 16: new Map<number, Map<NetworkKey, string>>() };
  let size = 0;

  function keep<Key>(entries: Map<Key, string>, key: Key, list: string): void {
    if (entries.has(key)) return;
    entries.set(key, list);
    size++;
  }

  return {
    add(list, entry) {
      if (entry.kind === 'domain') return keep(domains, entry.name, list);
      const { bytes } = entry;
      const prefix = entry.kind === 'address' ? bytes.length * 8 : entry.prefix;
      const family = networks[bytes.length as 4 | 16];
      let ofLength = family.get(prefix);
      if (ofLength === undefined) family.set(prefix, (ofLength = new Map<NetworkKey, string>()));
      keep(ofLength, networkKey(bytes, prefix), list);
    },
    get size() {
      return size;
    },
    address(text) {
      if (networks[4].size + networks[16].size === 0) return undefined;
      const bytes = parseAddress(text);
      if (bytes === undefined) return undefined;
      const family = networks[bytes.length as 4 | 16];
      const whole = bytes.length * 8;
      const own = family.get(whole)?.get(networkKey(bytes, whole));
      if (own !== undefined) return { list: own, entry: formatAddress(bytes) };
      for (const [prefix, ofLength] of family) {
        const list = ofLength.get(networkKey(bytes, prefix));
        if (list !== undefined) return { list, entry: `${formatAddress(masked(bytes, prefix))}/${prefix}` };
      }
      return undefined;
    },
    name(text) {
      if (domains.size === 0) return undefined;
      let name = text.toLowerCase().replace(/\.$/, '');
      // A hostile name may have 127 labels; domains of lists have a few.
      for (let labels = 0; labels < 128 && name !== ''; labels++) {
        const list = domains.get(name);
        if (list !== undefined) return { list, entry: name };
        const dot = name.indexOf('.');
        if (dot === -1) return undefined;
        name = name.slice(dot + 1);
      }
      return undefined;
    },
  };
}

function networkKey(bytes: Uint8Array, prefix: number): NetworkKey {
  if (bytes.length === 16) return formatAddress(masked(bytes, prefix));
  const value = ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;
  return (value & (0xffff_ffff << (32 - prefix))) >>> 0;
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, i) => {
    const bits = Math.min(8, Math.max(0, prefix - i * 8));
    return byte & (0xff00 >> bits) & 0xff;
  });
}
