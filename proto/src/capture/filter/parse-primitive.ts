// Reads one primitive: what is asked of a packet, with its qualifiers, or with those of the primitive before.
import { readMac, readNetwork, requireWhole } from './addresses.ts';
import type { Cursor } from './cursor.ts';
import type { Direction, Filter, HostProtocol, PortProtocol } from './filter.ts';
import { etherType, portNumber, protocolNumber } from './names.ts';
import { readNumber } from './parse-arithmetic.ts';

/** What a bare value behind `and` or `or` is read with. */
export interface Qualifiers {
  protocol: string | undefined;
  direction: Direction;
  type: 'host' | 'net' | 'port' | 'portrange';
}

interface Parsed {
  filter: Filter;
  /** Those that later primitives may leave out. */
  qualifiers?: Qualifiers;
}

const linkProtocols = ['ip', 'ip6', 'arp', 'rarp'];
const transports = ['tcp', 'udp', 'sctp'];
const carried = ['icmp', 'icmp6', 'igmp', 'ah', 'esp', 'pim', 'vrrp'];
const types = ['host', 'net', 'port', 'portrange'];
const alone = new Set([...linkProtocols, ...transports, ...carried]);
/** What tcpdump has and this has not, with what does the same. */
const others: Record<string, string> = {
  gateway: "Give the router's Ethernet address: 'ether host 00:11:22:aa:bb:cc'.",
  protochain: "Give the protocol itself: 'proto 6'.",
  mpls: "Write 'ether proto mpls'.",
  pppoed: "Write 'ether proto pppoed'.",
  pppoes: "Write 'ether proto pppoes'.",
  lldp: "Write 'ether proto lldp'.",
  wlan: 'Frames of wireless networks come as Ethernet.',
  link: "Write 'ether'.",
  ifname: 'Choose the interface beside the filter.',
  geneve: "Write 'udp port 6081'.",
  vxlan: "Write 'udp port 4789'.",
};

/** Throws FilterFault. */
export function parsePrimitive(cursor: Cursor, before: Qualifiers | undefined): Parsed {
  const token = cursor.peek();
  if (token.kind === 'end') return cursor.failExpecting("something to look for, such as 'port 443'");
  if (token.kind === 'word') {
    const single = parseSingle(cursor);
    if (single) return { filter: single };
    if (Object.hasOwn(others, token.text)) cursor.fail(`'${token.text}' is not known here. ${others[token.text]}`);
  }
  const protocol = readProtocol(cursor);
  if (protocol === 'ether') return { filter: parseEther(cursor) };
  const direction = readDirection(cursor);
  const type = cursor.take(...types)?.text as Qualifiers['type'] | undefined;
  if (protocol !== undefined && direction === undefined && type === undefined)
    return { filter: parseProtocol(cursor, protocol) };
  const isBare = direction === undefined && type === undefined;
  if (isBare && token.kind === 'word' && !(isPort(before) && portNumber(token.text) !== undefined))
    return cursor.fail(`'${token.text}' is not known here.`);
  if (isBare && token.kind === 'sign') return cursor.failExpecting("something to look for, such as 'port 443'");
  const looksLikeAddress = token.kind === 'ipv4' || token.kind === 'colons';
  if (isBare && !before && !looksLikeAddress)
    return cursor.fail(`What is ${token.text}? Write 'port ${token.text}' or 'net ${token.text}'.`);
  const bare = looksLikeAddress && isPort(before) ? undefined : before;
  const qualifiers: Qualifiers =
    isBare && bare ? bare : { protocol, direction: direction ?? 'src or dst', type: type ?? 'host' };
  return { filter: parseValue(cursor, qualifiers, type === 'host'), qualifiers };
}

const isPort = (qualifiers: Qualifiers | undefined) => qualifiers?.type === 'port' || qualifiers?.type === 'portrange';

/** Words that need no value, or have one of their own. */
function parseSingle(cursor: Cursor): Filter | undefined {
  if (cursor.take('broadcast')) return { kind: 'cast', what: 'broadcast' };
  if (cursor.take('multicast')) return { kind: 'cast', what: 'multicast' };
  if (cursor.take('outbound')) return { kind: 'outbound' };
  if (cursor.take('inbound')) return { kind: 'not', filter: { kind: 'outbound' } };
  if (cursor.take('proto')) return { kind: 'protocol', protocol: readProtocolNumber(cursor) };
  if (cursor.take('less')) return lengthIs('<=', readNumber(cursor, 0xffff_ffff));
  if (cursor.take('greater')) return lengthIs('>=', readNumber(cursor, 0xffff_ffff));
  if (!cursor.take('vlan')) return undefined;
  return cursor.peek().kind === 'number' ? { kind: 'vlan', id: readNumber(cursor, 4_095) } : { kind: 'vlan' };
}

const lengthIs = (relation: '<=' | '>=', value: number): Filter => ({
  ...{ kind: 'relation', relation, left: { kind: 'length' }, right: { kind: 'number', value } },
});

function readProtocol(cursor: Cursor): string | undefined {
  const { text } = cursor.peek();
  return text === 'ether' || alone.has(text) ? cursor.next().text : undefined;
}

function readDirection(cursor: Cursor): Direction | undefined {
  const first = cursor.take('src', 'dst')?.text;
  if (first === undefined) return undefined;
  const other = first === 'src' ? 'dst' : 'src';
  if (cursor.peek(1).text === other && cursor.take('or', '||')) {
    cursor.next();
    return 'src or dst';
  }
  if (cursor.peek(1).text === other && cursor.take('and', '&&')) {
    cursor.next();
    return 'src and dst';
  }
  return first as 'src' | 'dst';
}

function parseEther(cursor: Cursor): Filter {
  if (cursor.take('broadcast')) return { kind: 'cast', what: 'broadcast' };
  if (cursor.take('multicast')) return { kind: 'cast', what: 'multicast' };
  if (cursor.take('proto')) {
    const { text, at } = cursor.peek();
    const known = etherType(text.replace(/^\\/, ''));
    const type = known === undefined ? readNumber(cursor, 0xffff, 'a type such as 0x88cc or lldp') : known;
    if (known !== undefined) cursor.next();
    if (type < 0x600) cursor.fail('Frames that give their length instead of a type (LLC) are not told apart.', at);
    return { kind: 'ethertype', type };
  }
  const direction = readDirection(cursor);
  const host = cursor.take('host');
  if (!direction && !host)
    return cursor.failExpecting("'host', 'src', 'dst', 'proto', 'broadcast' or 'multicast' behind 'ether'");
  return { kind: 'mac', address: readMac(cursor), direction: direction ?? 'src or dst' };
}

/** Stands alone, or has 'proto' or 'multicast' behind it. */
function parseProtocol(cursor: Cursor, name: string): Filter {
  const family = name === 'ip' || name === 'ip6' ? name : undefined;
  if (family && cursor.take('multicast')) return { kind: 'cast', what: `${family} multicast` };
  if (cursor.peek().text === 'broadcast')
    cursor.fail("Whose broadcast address is meant is not known: write 'ether broadcast', or 'dst host' with it.");
  if (family && cursor.take('proto')) {
    const protocol = readProtocolNumber(cursor);
    // Behind a fragment's header the protocol is what the fragment carries; this asks for the header itself.
    if (family === 'ip6' && protocol === fragmentHeader) return nextHeaderIs(protocol);
    return { kind: 'protocol', protocol, family };
  }
  if (linkProtocols.includes(name)) return { kind: 'ethertype', type: etherType(name)! };
  const only = name === 'icmp' || name === 'igmp' ? 'ip' : name === 'icmp6' ? 'ip6' : undefined;
  return { kind: 'protocol', protocol: protocolNumber(name)!, ...(only && { family: only }) };
}

/** RFC 8200 section 4.5. */
const fragmentHeader = 44;

const nextHeaderIs = (value: number): Filter => ({
  kind: 'relation',
  relation: '=',
  left: { kind: 'bytes', header: 'ip6', offset: { kind: 'number', value: 6 }, size: 1 },
  right: { kind: 'number', value },
});

function readProtocolNumber(cursor: Cursor): number {
  const known = protocolNumber(cursor.peek().text.replace(/^\\/, ''));
  if (known === undefined) return readNumber(cursor, 255, 'a protocol such as 6 or tcp');
  cursor.next();
  return known;
}

function parseValue(cursor: Cursor, { protocol, direction, type }: Qualifiers, isHost: boolean): Filter {
  if (type === 'port' || type === 'portrange') {
    if (protocol !== undefined && !transports.includes(protocol))
      cursor.fail(`'${protocol}' has no ports: tcp, udp and sctp have.`);
    const { from, to } = readPorts(cursor, type === 'portrange');
    return { kind: 'port', from, to, direction, ...(protocol && { protocol: protocol as PortProtocol }) };
  }
  if (protocol !== undefined && !linkProtocols.includes(protocol))
    cursor.fail(`'${protocol}' has no addresses of its own: write '${protocol} and host …'.`);
  const token = cursor.peek();
  if (token.kind === 'number' && type === 'host')
    cursor.fail(`${token.text} is no address. For a port, write 'port ${token.text}'.`);
  const isNetwork = type === 'net' || (!isHost && cursor.peek(1).text === '/');
  const network = readNetwork(cursor, isNetwork);
  if (!isNetwork) requireWhole(network, token, cursor);
  const isIpv4 = network.address.length === 4;
  if (protocol !== undefined && isIpv4 === (protocol === 'ip6'))
    cursor.fail(`'${protocol}' has no addresses such as '${token.text}'.`, token.at);
  return { kind: 'address', ...network, direction, ...(protocol && { within: protocol as HostProtocol }) };
}

function readPorts(cursor: Cursor, isRange: boolean): { from: number; to: number } {
  const { at } = cursor.peek();
  const from = readPort(cursor);
  if (!isRange) {
    if (cursor.peek().text === '-') cursor.fail(`More than one port is 'portrange ${from}-…'.`, at);
    return { from, to: from };
  }
  cursor.expect('-', 'between two ports');
  const to = readPort(cursor);
  return { from: Math.min(from, to), to: Math.max(from, to) };
}

function readPort(cursor: Cursor): number {
  const { text, kind } = cursor.peek();
  const known = kind === 'word' ? portNumber(text) : undefined;
  if (known === undefined && kind === 'word')
    cursor.fail(`The port '${text}' is not known by that name: write its number.`);
  if (known === undefined) return readNumber(cursor, 65_535, 'a port');
  cursor.next();
  return known;
}
