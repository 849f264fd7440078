// Lines of the CSV files of @ip-location-db/asn with addresses as numbers: first, last, number of the system, its name.

export interface AsnRange {
  /** Both included. */
  first: bigint;
  last: bigint;
  asn: number;
  organisation: string;
}

const line = /^(\d+),(\d+),(\d+),(?:"((?:[^"]|"")*)"|([^",\r]*))\r?$/;

/** undefined: not such a line. */
export function parseAsnLine(text: string): AsnRange | undefined {
  const match = line.exec(text);
  if (match === null) return undefined;
  const [, first, last, asn, quoted, bare] = match;
  const range = {
    first: BigInt(first!),
    last: BigInt(last!),
    asn: Number(asn),
    organisation: quoted?.replaceAll('""', '"') ?? bare ?? '',
  };
  return range.first <= range.last && range.asn <= 0xffff_ffff ? range : undefined;
}

export interface Network {
  address: bigint;
  /** Bits of the family that belong to the network. */
  prefix: number;
}

/** The fewest networks that are together the range. `bits`: 32 or 128. */
export function* networksOf(first: bigint, last: bigint, bits: number): Generator<Network> {
  let address = first;
  while (address <= last) {
    const room = last - address + 1n;
    let size = bitLength(room) - 1;
    const aligned = trailingZeros(address, bits);
    if (aligned < size) size = aligned;
    yield { address, prefix: bits - size };
    address += 1n << BigInt(size);
  }
}

function bitLength(value: bigint): number {
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex[0]!, 16)) - 28);
}

function trailingZeros(value: bigint, bits: number): number {
  if (value === 0n) return bits;
  let count = 0;
  let rest = value;
  while ((rest & 0xffff_ffffn) === 0n) {
    rest >>= 32n;
    count += 32;
  }
  const low = Number(rest & 0xffff_ffffn);
  return count + (31 - Math.clz32(low & -low));
}
