// ARP (RFC 826) for IPv4 over Ethernet: who says that an address is theirs, and whom they tell.
import { readU16 } from '../bytes.ts';

/** All byte arrays are views into the packet. */
export interface ArpMessage {
  isReply: boolean;
  senderHardware: Uint8Array;
  senderAddress: Uint8Array;
  targetHardware: Uint8Array;
  targetAddress: Uint8Array;
  timeUs: number;
}

const packetBytes = 28;
const operations = { request: 1, reply: 2 } as const;

/** @returns undefined for other address families, other operations, and what is cut short. */
export function readArp(packet: Uint8Array, timeUs: number): ArpMessage | undefined {
  if (packet.length < packetBytes) return undefined;
  const isIpOverEthernet =
    readU16(packet, 0) === 1 && readU16(packet, 2) === 0x0800 && packet[4] === 6 && packet[5] === 4;
  const operation = readU16(packet, 6);
  if (!isIpOverEthernet || (operation !== operations.request && operation !== operations.reply)) return undefined;
  return {
    isReply: operation === operations.reply,
    senderHardware: packet.subarray(8, 14),
    senderAddress: packet.subarray(14, 18),
    targetHardware: packet.subarray(18, 24),
    targetAddress: packet.subarray(24, 28),
    timeUs,
  };
}
