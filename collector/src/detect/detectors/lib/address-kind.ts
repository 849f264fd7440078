// What kind of place an address is, by the special-purpose registries of IANA (RFC 6890 and its updates).

export type AddressKind =
  'external' | 'private' | 'link-local' | 'loopback' | 'multicast' | 'broadcast' | 'unspecified';

/**
 * Of an address as formatAddress writes it. A directed broadcast (x.x.x.255) cannot be told from a host without its network's mask: it
 * counts as broadcast in private ranges, where /24 is the rule.
 */
export function addressKind(address: string): AddressKind {
  const known = kinds.get(address);
  if (known !== undefined) return known;
  if (kinds.size >= mostKinds) kinds.clear();
  const kind = kindOf(address);
  kinds.set(address, kind);
  return kind;
}

/** Not reachable from the Internet. */
export function isPrivate(address: string): boolean {
  const kind = addressKind(address);
  return kind === 'private' || kind === 'link-local' || kind === 'loopback';
}

/** Nobody in particular. For once the last address of any IPv4 network counts as broadcast, as do those of class E (RFC 1112). */
export function isToMany(address: string): boolean {
  const kind = addressKind(address);
  if (kind === 'multicast' || kind === 'broadcast' || kind === 'unspecified') return true;
  return !address.includes(':') && (address.endsWith('.255') || Number.parseInt(address, 10) >= 240);
}

/** The same few peers fill most of the stream. */
const kinds = new Map<string, AddressKind>();
const mostKinds = 16_384;

function kindOf(address: string): AddressKind {
  if (address.includes(':')) return kindOfIPv6(address.toLowerCase());
  const [a = -1, b = -1, , d = -1] = address.split('.').map(Number);
  if (a === 0) return 'unspecified';
  if (a === 127) return 'loopback';
  if (a >= 224 && a <= 239) return 'multicast';
  if (address === '255.255.255.255') return 'broadcast';
  if (a === 169 && b === 254) return d === 255 ? 'broadcast' : 'link-local';
  // RFC 1918, shared address space (RFC 6598), benchmarks (RFC 2544)
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 198 && (b === 18 || b === 19));
  if (isPrivate) return d === 255 ? 'broadcast' : 'private';
  return 'external';
}

function kindOfIPv6(address: string): AddressKind {
  if (address === '::') return 'unspecified';
  if (address === '::1') return 'loopback';
  if (address.startsWith('ff')) return 'multicast';
  if (/^fe[89ab]/.test(address)) return 'link-local';
  if (/^f[cd]/.test(address)) return 'private'; // RFC 4193
  return 'external';
}
