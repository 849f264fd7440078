// The name under which DNS keeps an address (RFC 1035 section 3.5, RFC 3596 section 2.5).

export function reverseName(address: Uint8Array): string {
  if (address.length === 4) return `${[...address].toReversed().join('.')}.in-addr.arpa`;
  const nibbles = [...address].toReversed().flatMap((byte) => [byte & 15, byte >> 4]);
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`;
}
