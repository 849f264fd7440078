// What the addresses of the simulated world are called, so that the same address has the same name on every host.
import { formatAddress } from '@foretop/proto';

const sites = [
  'www.example.com',
  'cdn.example.net',
  'api.example.org',
  'images.shop.example',
  'login.bank.example',
  'updates.example.net',
  'telemetry.example.com',
  'mail.example.org',
  'packages.example.net',
  'video.media.example',
  'news.example.com',
  'maps.example.org',
] as const;

/** Of an address without an agent, or of a host of the fleet. */
export function siteName(address: Uint8Array): string {
  const [first = 0, second = 0] = address;
  const isFleet = (first === 10 && second === 20) || (first === 0xfd && second === 0x20);
  const isIntranet = first === 10 && second === 99;
  const last = `${address.at(-2)}-${address.at(-1)}`;
  if (isFleet) return `node-${last}.fleet.example`;
  if (isIntranet) return `srv-${last}.corp.example`;
  return sites[(address.at(-1)! * 7 + address.at(-2)!) % sites.length]!;
}

/** RFC 3596 section 2.5 and RFC 1035 section 3.5, for IPv4; of IPv6 a name that is as long. */
export function reverseName(address: Uint8Array): string {
  if (address.length === 4) return `${[...address].toReversed().join('.')}.in-addr.arpa`;
  return `${formatAddress(address).replaceAll(':', '.')}.ip6.arpa`;
}
