// Which flavour of DNS a port speaks.
import { DnsKind } from '@foretop/proto';

const ports = { dns: 53, netbiosNames: 137, mdns: 5353, llmnr: 5355 } as const;

export function isDnsPort(port: number): boolean {
  return port === ports.dns || port === ports.mdns || port === ports.llmnr;
}

/** NetBIOS names (RFC 1002) have the form of DNS messages and are none. */
export function isNetbiosPort(port: number): boolean {
  return port === ports.netbiosNames;
}

/** Of the two ports of a packet. DNS on any other port is plain DNS, and a client may have taken any port for itself. */
export function dnsKindOf(protocol: 6 | 17, port: number, otherPort: number): DnsKind {
  const has = (wanted: number) => port === wanted || otherPort === wanted;
  if (has(ports.dns)) return DnsKind.DNS_KIND_DNS;
  if (has(ports.mdns) && protocol === 17) return DnsKind.DNS_KIND_MDNS; // RFC 6762
  return has(ports.llmnr) ? DnsKind.DNS_KIND_LLMNR : DnsKind.DNS_KIND_DNS; // RFC 4795
}
