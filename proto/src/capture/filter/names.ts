// Names that stand for numbers in filters.

/** Of services (IANA, /etc/services), those that people look for. */
const ports: Record<string, number> = {
  bgp: 179,
  bootpc: 68,
  bootps: 67,
  dns: 53,
  domain: 53,
  ftp: 21,
  'ftp-data': 20,
  http: 80,
  https: 443,
  imap: 143,
  imaps: 993,
  kerberos: 88,
  ldap: 389,
  ldaps: 636,
  mdns: 5353,
  mysql: 3306,
  'netbios-ns': 137,
  ntp: 123,
  pop3: 110,
  pop3s: 995,
  postgresql: 5432,
  rdp: 3389,
  redis: 6379,
  sip: 5060,
  smb: 445,
  smtp: 25,
  smtps: 465,
  snmp: 161,
  snmptrap: 162,
  ssdp: 1900,
  ssh: 22,
  submission: 587,
  syslog: 514,
  telnet: 23,
  tftp: 69,
};

/** IANA's numbers of what IPv4 and IPv6 carry. */
const protocols: Record<string, number> = {
  ah: 51,
  esp: 50,
  gre: 47,
  icmp: 1,
  icmp6: 58,
  igmp: 2,
  ipip: 4,
  ospf: 89,
  pim: 103,
  sctp: 132,
  tcp: 6,
  udp: 17,
  vrrp: 112,
};

/** Of Ethernet (IEEE). */
const etherTypes: Record<string, number> = {
  arp: 0x0806,
  eapol: 0x888e,
  ip: 0x0800,
  ip6: 0x86dd,
  lldp: 0x88cc,
  mpls: 0x8847,
  pppoed: 0x8863,
  pppoes: 0x8864,
  rarp: 0x8035,
};

/** In arithmetic: offsets within headers, flags and types (RFC 9293, RFC 792, RFC 4443). */
const constants: Record<string, number> = {
  tcpflags: 13,
  'tcp-fin': 0x01,
  'tcp-syn': 0x02,
  'tcp-rst': 0x04,
  'tcp-push': 0x08,
  'tcp-ack': 0x10,
  'tcp-urg': 0x20,
  'tcp-ece': 0x40,
  'tcp-cwr': 0x80,
  icmptype: 0,
  icmpcode: 1,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-sourcequench': 4,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-routeradvert': 9,
  'icmp-routersolicit': 10,
  'icmp-timxceed': 11,
  'icmp-paramprob': 12,
  icmp6type: 0,
  icmp6code: 1,
  'icmp6-destinationunreach': 1,
  'icmp6-packettoobig': 2,
  'icmp6-timeexceeded': 3,
  'icmp6-parameterproblem': 4,
  'icmp6-echo': 128,
  'icmp6-echoreply': 129,
  'icmp6-multicastlistenerquery': 130,
  'icmp6-multicastlistenerreportv1': 131,
  'icmp6-multicastlistenerdone': 132,
  'icmp6-routersolicit': 133,
  'icmp6-routeradvert': 134,
  'icmp6-neighborsolicit': 135,
  'icmp6-neighboradvert': 136,
  'icmp6-redirect': 137,
  'icmp6-multicastlistenerreportv2': 143,
};

const lookUp = (table: Record<string, number>) => (name: string) =>
  Object.hasOwn(table, name) ? table[name] : undefined;

export const portNumber = lookUp(ports);
export const protocolNumber = lookUp(protocols);
export const etherType = lookUp(etherTypes);
export const constantOf = lookUp(constants);
