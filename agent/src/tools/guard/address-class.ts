// What kind of address one is: public, of an internal network, or special, so that nobody should be sent there by others.
import { contains, type Network, network } from './networks.ts';

export type AddressKind = 'public' | 'internal' | 'special';

export interface AddressClass {
  kind: AddressKind;
  /** In words: "link-local (cloud metadata lives there)"; empty for public ones. */
  what: string;
  /** The block that says so; undefined for public ones. */
  block: Network | undefined;
}

type Row = [cidr: string, kind: AddressKind, what: string];

// https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry; metadata services as their vendors
// document them (Azure 168.63.129.16, Alibaba 100.100.100.200, Oracle 192.0.0.192, AWS fd00:ec2::254, Google fd20:ce::254).
const rows: Row[] = [
  ['0.0.0.0/8', 'special', 'unspecified'],
  ['127.0.0.0/8', 'special', 'loopback'],
  ['169.254.0.0/16', 'special', 'link-local, where clouds keep their metadata'],
  ['168.63.129.16/32', 'special', 'a cloud’s metadata'],
  ['100.100.100.200/32', 'special', 'a cloud’s metadata'],
  ['192.0.0.0/24', 'special', 'set aside for protocols'],
  ['224.0.0.0/4', 'special', 'multicast'],
  ['255.255.255.255/32', 'special', 'broadcast'],
  ['240.0.0.0/4', 'special', 'reserved'],
  ['10.0.0.0/8', 'internal', 'of an internal network'],
  ['100.64.0.0/10', 'internal', 'of an internal network'],
  ['172.16.0.0/12', 'internal', 'of an internal network'],
  ['192.168.0.0/16', 'internal', 'of an internal network'],
  ['198.18.0.0/15', 'internal', 'of an internal network'],
  ['::/128', 'special', 'unspecified'],
  ['::1/128', 'special', 'loopback'],
  ['64:ff9b:1::/48', 'special', 'a translation of this network’s own'],
  ['100::/64', 'special', 'discarded'],
  ['fe80::/10', 'special', 'link-local'],
  ['fec0::/10', 'special', 'site-local'],
  ['fd00:ec2::254/128', 'special', 'a cloud’s metadata'],
  ['fd20:ce::254/128', 'special', 'a cloud’s metadata'],
  ['ff00::/8', 'special', 'multicast'],
  ['fc00::/7', 'internal', 'of an internal network'],
];
const blocks = rows.map(([cidr, kind, what]) => ({ block: network(cidr), kind, what }));

/** Of its own accord; what it holds of IPv4 is asked by itself. */
export function classOf(address: Uint8Array): AddressClass {
  return blocks.find(({ block }) => contains(block, address)) ?? { kind: 'public', what: '', block: undefined };
}

/** Where IPv4 addresses stand in an IPv6 one: the prefix, and at which bytes; XOR for those that are hidden. */
const embeddings: { within: Network; at: number; isInverted?: boolean }[] = [
  { within: network('::/96'), at: 12 }, // RFC 4291 section 2.5.5.1
  { within: network('::ffff:0:0:0/96'), at: 12 }, // RFC 2765 section 2.1
  { within: network('64:ff9b::/96'), at: 12 }, // RFC 6052
  { within: network('2002::/16'), at: 2 }, // RFC 3056
  { within: network('2001::/32'), at: 4 }, // RFC 4380: the server,
  { within: network('2001::/32'), at: 12, isInverted: true }, // and the client
];
/** RFC 5214 section 6.1, with the bit for a globally unique one or without. */
const isatap = [0x00, 0x02];

/** The IPv4 addresses that packets to this one may end at; a mapped one is IPv4 already. */
export function embeddedIn(address: Uint8Array): Uint8Array[] {
  if (address.length !== 16 || classOf(address).kind === 'special') return [];
  const mapped = address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
  if (mapped) return [address.slice(12)];
  const found = embeddings
    .filter(({ within }) => contains(within, address))
    .map(({ at, isInverted }) => address.slice(at, at + 4).map((byte) => (isInverted ? byte ^ 0xff : byte)));
  const isIsatap = isatap.includes(address[8]!) && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe;
  return isIsatap ? [...found, address.slice(12)] : found;
}
