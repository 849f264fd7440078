// IP addresses as numbers that sort and compare: three parts of at most 2^50 each, so that a network is a range.

/** IPv4 before IPv6; the last part holds the port in its low 16 bits. */
export type AddressKey = readonly [number, number, number];

const sixth = 2 ** 48;

/** The 16-bit groups of an address: 2 for IPv4, 8 for IPv6; undefined when the text is no address. */
export function addressGroups(text: string): number[] | undefined {
  return text.includes(':') ? sixGroups(text) : fourGroups(text);
}

function fourGroups(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
  return [a * 256 + b, c * 256 + d];
}

function sixGroups(text: string): number[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const four = fourGroups(dotted[2]!);
    return four && sixGroups(`${dotted[1]}${four.map((group) => group.toString(16)).join(':')}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = [...left!, ...(right ?? [])];
  if (!given.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  if (right ? given.length > 7 : given.length !== 8) return undefined;
  const zeros = Array<string>(8 - given.length).fill('0');
  return [...left!, ...zeros, ...(right ?? [])].map((group) => Number.parseInt(group, 16));
}

/** undefined for what is no address: it sorts last. */
export function addressKey(text: string, port: number): AddressKey | undefined {
  const groups = addressGroups(text);
  return groups && keyOf(groups, port);
}

function keyOf(groups: readonly number[], port: number): AddressKey {
  const joined = (from: number, count: number) =>
    groups.slice(from, from + count).reduce((sum, group) => sum * 65_536 + group, 0);
  if (groups.length === 2) return [joined(0, 2), 0, port];
  return [sixth + joined(0, 3), joined(3, 3), joined(6, 2) * 65_536 + port];
}

export interface Network {
  low: AddressKey;
  high: AddressKey;
}

/** An address or network (`10.0.0.0/8`, `fe80::/10`); undefined when the text is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address, bitsText, more] = text.trim().split('/');
  const groups = addressGroups(address ?? '');
  if (!groups || more !== undefined) return undefined;
  const width = groups.length * 16;
  const bits = bitsText === undefined ? width : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bits < 0 || bits > width) return undefined;
  const mask = (group: number) => {
    const kept = Math.min(16, Math.max(0, bits - group * 16));
    return (0xffff << (16 - kept)) & 0xffff;
  };
  return {
    low: keyOf(
      groups.map((value, index) => value & mask(index)),
      0,
    ),
    high: keyOf(
      groups.map((value, index) => value | (~mask(index) & 0xffff)),
      65_535,
    ),
  };
}

export const inNetwork = (key: AddressKey | undefined, network: Network): boolean =>
  key !== undefined && compareAddresses(key, network.low) >= 0 && compareAddresses(key, network.high) <= 0;

export const compareAddresses = (a: AddressKey, b: AddressKey): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
