// A filter as it was understood: primitives, and how they are joined.

/** Of an address or a port. */
export type Direction = 'src' | 'dst' | 'src or dst' | 'src and dst';

/** What a primitive is limited to. */
export type HostProtocol = 'ip' | 'ip6' | 'arp' | 'rarp';
export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** Whose header a byte is read from. */
export type HeaderName = 'ether' | 'ip' | 'ip6' | 'arp' | 'tcp' | 'udp' | 'sctp' | 'icmp' | 'icmp6';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type Relation = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** Of unsigned 32-bit numbers. */
export type Arithmetic =
  | { kind: 'number'; value: number }
  | { kind: 'length' }
  | { kind: 'bytes'; header: HeaderName; offset: Arithmetic; size: 1 | 2 | 4 }
  | { kind: 'operation'; operator: ArithmeticOperator; left: Arithmetic; right: Arithmetic; at: number };

export type Primitive =
  | { kind: 'everything' }
  | { kind: 'ethertype'; type: number }
  /** `family` undefined: of either. */
  | { kind: 'protocol'; protocol: number; family?: 'ip' | 'ip6' }
  /** `address` and `mask` of 4 or 16 bytes. `within` undefined: IPv4 in ARP and RARP too. */
  | { kind: 'address'; address: Uint8Array; mask: Uint8Array; direction: Direction; within?: HostProtocol }
  /** `from` ≤ `to`. `protocol` undefined: any that has ports. */
  | { kind: 'port'; from: number; to: number; direction: Direction; protocol?: PortProtocol }
  | { kind: 'mac'; address: Uint8Array; direction: Direction }
  | { kind: 'cast'; what: 'broadcast' | 'multicast' | 'ip multicast' | 'ip6 multicast' }
  /** The outermost tag; `id` undefined: any. */
  | { kind: 'vlan'; id?: number }
  | { kind: 'outbound' }
  | { kind: 'relation'; relation: Relation; left: Arithmetic; right: Arithmetic };

export type Filter = Primitive | { kind: 'and' | 'or'; left: Filter; right: Filter } | { kind: 'not'; filter: Filter };
