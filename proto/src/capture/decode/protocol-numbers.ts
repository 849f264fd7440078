// Numbers of the protocols over IP and how they are called: https://www.iana.org/assignments/protocol-numbers

export const protocols = {
  hopByHop: 0,
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  esp: 50,
  authentication: 51,
  icmpv6: 58,
  destinationOptions: 60,
  sctp: 132,
  mobility: 135,
  mpls: 137,
  hostIdentity: 139,
  shim6: 140,
  ethernet: 143,
} as const;

export const protocolNames: ReadonlyMap<number, string> = new Map<number, string>([
  [1, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPv4'],
  [6, 'TCP'],
  [17, 'UDP'],
  [41, 'IPv6'],
  [46, 'RSVP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [58, 'ICMPv6'],
  [59, 'no next header'],
  [88, 'EIGRP'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [112, 'VRRP'],
  [115, 'L2TP'],
  [132, 'SCTP'],
]);

export const protocolName = (protocol: number): string => {
  const name = protocolNames.get(protocol);
  return name === undefined ? String(protocol) : `${name} (${protocol})`;
};
