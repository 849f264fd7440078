// ARP for IPv4 over Ethernet (RFC 826, RFC 5227).
import { hexNumber, ipv4Address, macAddress, u16, u8 } from './bytes.ts';
import type { Dissection } from './dissection.ts';

const operations = ['', 'request', 'reply'];

export function arp(d: Dissection, from: number): void {
  const { bytes } = d;
  d.layer('Address Resolution Protocol', from, from + 28);
  d.column('ARP', '');
  if (from + 8 > bytes.length) return d.incomplete(from);
  const operation = u16(bytes, from + 6);
  const [hardware, address] = [u8(bytes, from + 4), u8(bytes, from + 5)];
  d.field('Hardware type', u16(bytes, from), from, 2);
  d.field('Protocol type', hexNumber(u16(bytes, from + 2), 4), from + 2, 2);
  d.field('Hardware size', hardware, from + 4, 1);
  d.field('Protocol size', address, from + 5, 1);
  d.field('Opcode', `${operations[operation] ?? 'operation'} (${operation})`, from + 6, 2);
  if (hardware !== 6 || address !== 4) return d.column('ARP', `Operation ${operation}`);
  if (from + 28 > bytes.length) return d.incomplete(from);
  const [senderMac, sender] = [macAddress(bytes, from + 8), ipv4Address(bytes, from + 14)];
  const [targetMac, target] = [macAddress(bytes, from + 18), ipv4Address(bytes, from + 24)];
  d.field('Sender MAC address', senderMac, from + 8, 6);
  d.field('Sender IP address', sender, from + 14, 4);
  d.field('Target MAC address', targetMac, from + 18, 6);
  d.field('Target IP address', target, from + 24, 4);
  if (operation === 2) return d.column('ARP', `${sender} is at ${senderMac}`);
  if (operation !== 1) return d.column('ARP', `Operation ${operation}, ${sender} to ${target}`);
  d.column('ARP', sender === target ? `ARP announcement for ${sender}` : `Who has ${target}? Tell ${sender}`);
}
