// Ports and endpoints as people write them: "22,80,8000-8100", "192.0.2.1:53", "[2001:db8::1]:53".

/** Each port once, in rising order; empty when the text is not of this form. */
export function portsOf(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, from, to] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    if (!(first >= 1 && last >= first && last <= 65_535)) return [];
    for (let port = first; port <= last; port++) found.add(port);
  }
  return [...found].toSorted((a, b) => a - b);
}

export interface Endpoint {
  address: string;
  /** 0 = none was written. */
  port: number;
}

/** Of an address with or without a port; undefined when it is none. */
export function endpointOf(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^\][:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const port = Number(digits ?? 0);
  const isAddress =
    bracketed === undefined ? isIpv4(address) || (plain === undefined && isIpv6(address)) : isIpv6(address);
  return isAddress && port <= 65_535 && digits !== '0' ? { address, port } : undefined;
}

/** In its one usual form: four decimal numbers. */
export function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** RFC 4291 section 2.2, without a zone. */
export function isIpv6(text: string): boolean {
  if (!/^[0-9a-f:.]{2,45}$/i.test(text) || text.includes(':::')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const parts = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = parts.at(-1);
  const hasIpv4 = last !== undefined && last.includes('.');
  if (hasIpv4 && (!isIpv4(last) || text.endsWith('::'))) return false;
  const groups = hasIpv4 ? parts.slice(0, -1) : parts;
  const count = groups.length + (hasIpv4 ? 2 : 0);
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? count <= 7 : count === 8);
}
