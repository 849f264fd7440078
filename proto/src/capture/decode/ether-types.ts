// EtherTypes and how they are called.
import { hexNumber } from './bytes.ts';

/** https://www.iana.org/assignments/ieee-802-numbers */
export const etherTypes = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  ipv6: 0x86dd,
  serviceVlan: 0x88a8,
  oldServiceVlan: 0x9100,
} as const;

export const etherTypeNames: ReadonlyMap<number, string> = new Map<number, string>([
  [etherTypes.ipv4, 'IPv4'],
  [etherTypes.arp, 'ARP'],
  [0x0842, 'Wake on LAN'],
  [0x8035, 'RARP'],
  [etherTypes.vlan, '802.1Q'],
  [etherTypes.ipv6, 'IPv6'],
  [0x8808, 'Ethernet flow control'],
  [0x8809, 'Slow protocols'],
  [0x8847, 'MPLS'],
  [0x8863, 'PPPoE discovery'],
  [0x8864, 'PPPoE session'],
  [0x888e, 'EAPOL'],
  [etherTypes.serviceVlan, '802.1ad'],
  [0x88cc, 'LLDP'],
  [0x88e5, 'MACsec'],
  [0x9000, 'Loopback'],
  [etherTypes.oldServiceVlan, '802.1QinQ'],
]);

export const etherTypeName = (type: number): string => {
  const name = etherTypeNames.get(type);
  return name === undefined ? hexNumber(type, 4) : `${name} (${hexNumber(type, 4)})`;
};
