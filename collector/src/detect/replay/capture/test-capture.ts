// For tests: captures built packet by packet, of raw IPv4 or of Ethernet.

export const flags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

const addressBytes = (address: string) => Buffer.from(address.split('.').map(Number));

function ipv4(source: string, destination: string, protocol: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header[8] = 64;
  header[9] = protocol;
  addressBytes(source).copy(header, 12);
  addressBytes(destination).copy(header, 16);
  return Buffer.concat([header, payload]);
}

/** An end as "192.0.2.1:80". */
const partsOf = (end: string): [string, number] => [end.split(':')[0]!, Number(end.split(':')[1])];

export function tcp(from: string, to: string, bits: number, payload = '', sequence = 100): Buffer {
  const [[source, sourcePort], [destination, destinationPort]] = [partsOf(from), partsOf(to)];
  const header = Buffer.alloc(20);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt32BE(sequence, 4);
  header[12] = 0x50;
  header[13] = bits;
  return ipv4(source, destination, 6, Buffer.concat([header, Buffer.from(payload)]));
}

export function udp(from: string, to: string, payload: string): Buffer {
  const [[source, sourcePort], [destination, destinationPort]] = [partsOf(from), partsOf(to)];
  const header = Buffer.alloc(8);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return ipv4(source, destination, 17, Buffer.concat([header, Buffer.from(payload)]));
}

export function echo(from: string, to: string, isReply: boolean, sequence: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([isReply ? 0 : 8, 0, 0, 0, 0, 7, sequence >> 8, sequence & 255]);
  return ipv4(from, to, 1, Buffer.concat([header, payload]));
}

/** A frame of Ethernet; hardware addresses differ in their last byte. */
export function arp(isReply: boolean, hardware: number, address: string, to: string): Buffer {
  const mac = (last: number) => Buffer.from([2, 0, 0, 0, 0, last]);
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, isReply ? 2 : 1]);
  const body = [head, mac(hardware), addressBytes(address), mac(0), addressBytes(to)];
  return Buffer.concat([mac(255), mac(hardware), Buffer.from([8, 6]), ...body]);
}

/** A pcap file with a packet every `gapMs`. */
export function capture(packets: readonly Uint8Array[], { isEthernet = false, gapMs = 10 } = {}): Buffer {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000000000000', 'hex');
  header.writeUInt32LE(isEthernet ? 1 : 101, 20);
  const records = packets.flatMap((packet, index) => {
    const head = Buffer.alloc(16);
    const atMs = 1_700_000_000_000 + index * gapMs;
    head.writeUInt32LE(Math.floor(atMs / 1_000), 0);
    head.writeUInt32LE((atMs % 1_000) * 1_000, 4);
    head.writeUInt32LE(packet.length, 8);
    head.writeUInt32LE(packet.length, 12);
    return [head, packet];
  });
  return Buffer.concat([header, ...records]);
}
