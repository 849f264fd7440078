// What an address says about who can be behind it.

/** RFC 1918, 6598, 3927, 1122; RFC 4193, 4291: not reachable from the Internet. */
export function isPrivate(address: string): boolean {
  if (address.includes(':')) return /^(::1$|f[cd]|fe[89ab])/.test(address);
  const [a = 0, b = 0] = address.split('.', 2).map(Number);
  return (
    a === 10 ||
    a === 127 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128)
  );
}

/** Multicast, broadcast and the unspecified address: nobody in particular. The last of an IPv4 network counts as broadcast. */
export function isToMany(address: string): boolean {
  if (address.includes(':')) return address.startsWith('ff') || address === '::';
  const first = Number.parseInt(address, 10);
  return first >= 224 || first === 0 || address.endsWith('.255');
}
