// For tests: frames made by hand, of every sort that filters tell apart.

const bytesOf = (hex: string) => Uint8Array.fromHex(hex.replaceAll(/\s/g, ''));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const word = (value: number) => Uint8Array.of(value >> 8, value & 0xff);

const macs = bytesOf('02aa00000002 02aa00000001');

interface EthernetOptions {
  destination?: string;
  /** Tags that stand in the frame, outermost first. */
  tags?: number[];
}

export function ethernet(type: number, body: Uint8Array, { destination, tags = [] }: EthernetOptions = {}): Uint8Array {
  const head = destination ? join(bytesOf(destination), macs.subarray(6)) : macs;
  const all = tags.flatMap((tag) => [0x81, 0x00, tag >> 8, tag & 0xff]);
  return join(head, Uint8Array.from(all), word(type), body);
}

interface Ipv4Options {
  source?: number[];
  destination?: number[];
  /** In units of 8 bytes; `more`: others follow. */
  offset?: number;
  more?: boolean;
  /** Four bytes each. */
  options?: number;
}

export function ipv4(protocol: number, body: Uint8Array, given: Ipv4Options = {}): Uint8Array {
  const { source = [10, 1, 0, 1], destination = [10, 1, 0, 2], offset = 0, more = false, options = 0 } = given;
  const head = 20 + options * 4;
  const flags = (more ? 0x2000 : 0) | offset;
  return join(
    Uint8Array.of(0x45 + options, 0),
    word(head + body.length),
    word(0x1234),
    word(flags),
    Uint8Array.of(64, protocol, 0, 0, ...source, ...destination),
    new Uint8Array(options * 4).fill(1),
    body,
  );
}

/** From fd00::1 to fd00::2. */
export function ipv6(next: number, body: Uint8Array): Uint8Array {
  const end = (last: number) => [0xfd, ...Array<number>(14).fill(0), last];
  return join(Uint8Array.of(0x60, 0, 0, 0), word(body.length), Uint8Array.of(next, 64, ...end(1), ...end(2)), body);
}

export const tcp = (source: number, destination: number, flags: number, payload = '', options = 0): Uint8Array =>
  join(
    word(source),
    word(destination),
    new Uint8Array(8),
    Uint8Array.of((5 + options) << 4, flags, 4, 0, 0, 0, 0, 0),
    new Uint8Array(options * 4).fill(1),
    new TextEncoder().encode(payload),
  );

export const udp = (source: number, destination: number, payload = ''): Uint8Array =>
  join(word(source), word(destination), word(8 + payload.length), word(0), new TextEncoder().encode(payload));

export const icmp = (type: number, payload = ''): Uint8Array =>
  join(Uint8Array.of(type, 0, 0, 0, 0, 1, 0, 1), new TextEncoder().encode(payload));

export const arp = (): Uint8Array => join(bytesOf('0001 0800 06 04 0001 02aa00000001 0a010001 000000000000 0a010002'));

export const fragment6 = (next: number, offset: number, body: Uint8Array): Uint8Array =>
  join(Uint8Array.of(next, 0), word(offset << 3), new Uint8Array(4), body);
