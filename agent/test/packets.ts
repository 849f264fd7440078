// Packets, hellos and capture files made by hand, for tests and fuzzing of the inspectors.
import { createCipheriv } from 'node:crypto';
import type { Payload } from '../src/inspect/payload.ts';
import { clientInitialKeys } from '../src/inspect/quic/keys.ts';
import { initialSchemes } from '../src/inspect/quic/versions.ts';

export const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
export const ascii = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
export const concat = (...parts: (Uint8Array | number[])[]) =>
  new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
export const u16 = (value: number) => [(value >> 8) & 255, value & 255];
export const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)];

/** With its length in two bytes before it. */
const vector16 = (...parts: (Uint8Array | number[])[]) => {
  const body = concat(...parts);
  return concat(u16(body.length), body);
};
const vector8 = (body: Uint8Array | number[]) => concat([body.length], body);

export interface HelloOptions {
  name?: string;
  alpn?: string[];
  versions?: number[];
  /** Of a padding extension before the others. */
  paddingBytes?: number;
}

/** A ClientHello with its handshake header. */
export function clientHello({ name, alpn = [], versions = [], paddingBytes = 0 }: HelloOptions = {}): Uint8Array {
  const extensions = [concat(u16(21), vector16(new Uint8Array(paddingBytes)))];
  if (name !== undefined) extensions.push(concat(u16(0), vector16(vector16([0], vector16(ascii(name))))));
  if (alpn.length > 0) extensions.push(concat(u16(16), vector16(vector16(...alpn.map((id) => vector8(ascii(id)))))));
  if (versions.length > 0) extensions.push(concat(u16(43), vector16(vector8(concat(...versions.map(u16))))));
  const random = new Uint8Array(32).fill(7);
  const body = concat(
    u16(0x0303),
    random,
    vector8(random),
    vector16(u16(0x1301)),
    vector8([0]),
    vector16(...extensions),
  );
  return concat([1], u32(body.length).slice(1), body);
}

/** Handshake records of at most `recordBytes` each. */
export function tlsRecords(message: Uint8Array, recordBytes = 16_384): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(concat([22, 3, 1], vector16(message.subarray(at, at + recordBytes))));
  }
  return concat(...records);
}

export interface InitialOptions {
  version?: number;
  destinationId?: Uint8Array;
  packetNumber?: number;
  frames: Uint8Array;
}

export const quicV1 = 0x0000_0001;
export const quicV2 = 0x6b33_43cf;
export const exampleConnectionId = hex('8394c8f03e515708');

/** A client's protected Initial packet with a packet number of four bytes. */
export function sealInitial(options: InitialOptions): Uint8Array {
  const { version = quicV1, destinationId = exampleConnectionId, packetNumber = 2, frames } = options;
  const scheme = initialSchemes(version)[0]!;
  const keys = clientInitialKeys(scheme, destinationId);
  const number = Uint8Array.from(u32(packetNumber));
  const length = u16(0x4000 | (number.length + frames.length + 16));
  const first = 0xc0 | (scheme.initialType << 4) | 3;
  const header = concat([first], u32(version), vector8(destinationId), [0, 0], length, number);
  const nonce = Buffer.from(keys.iv);
  for (let index = 0; index < 4; index++) nonce[8 + index]! ^= number[index]!;
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce).setAAD(header);
  const sealed = concat(cipher.update(frames), cipher.final(), cipher.getAuthTag());
  const mask = createCipheriv('aes-128-ecb', keys.headerProtection, null).update(sealed.subarray(0, 16));
  header[0]! ^= mask[0]! & 0x0f;
  for (let index = 0; index < 4; index++) header[header.length - 4 + index]! ^= mask[1 + index]!;
  return concat(header, sealed);
}

export function cryptoFrame(offset: number, data: Uint8Array): Uint8Array {
  return concat([6], u16(0x4000 | offset), u16(0x4000 | data.length), data);
}

/** The hello of gQUIC up to Q043 with its public header. */
export function googleHello(name: string): Uint8Array {
  const u32le = (value: number) => u32(value).reverse();
  const tag = (text: string, end: number) => concat(ascii(text.padEnd(4, '\0')), u32le(end));
  const tags = concat(tag('PAD', 8), tag('SNI', 8 + name.length));
  const chlo = concat(ascii('CHLO'), [2, 0, 0, 0], tags, new Uint8Array(8), ascii(name));
  return concat([0x0d], exampleConnectionId, ascii('Q043'), [1], new Uint8Array(12), [0xa0, 1, 0], chlo);
}

const clientAddress = [10, 0, 0, 1];
const serverAddress = [10, 0, 0, 2];

export interface SegmentOptions {
  fromServer?: boolean;
  clientPort?: number;
  serverPort?: number;
  flags?: number;
  sequence?: number;
  payload?: Uint8Array;
}

export function udp({
  fromServer = false,
  clientPort = 40_000,
  serverPort = 53,
  payload = new Uint8Array(),
}: SegmentOptions) {
  const ports = fromServer ? [serverPort, clientPort] : [clientPort, serverPort];
  return concat(...ports.map(u16), u16(8 + payload.length), [0, 0], payload);
}

export function tcp(options: SegmentOptions) {
  const { fromServer = false, clientPort = 40_000, serverPort = 443, payload = new Uint8Array() } = options;
  const ports = fromServer ? [serverPort, clientPort] : [clientPort, serverPort];
  const { sequence = 0, flags = 0x18 } = options;
  return concat(...ports.map(u16), u32(sequence), u32(0), [0x50, flags], u16(65_535), u32(0), payload);
}

export interface Ipv4Options {
  fromServer?: boolean;
  identification?: number;
  /** Flags and offset of a fragment. */
  fragment?: number;
  options?: Uint8Array;
}

export function ipv4(protocol: number, payload: Uint8Array, ip: Ipv4Options = {}): Uint8Array {
  const { fromServer = false, identification = 1, fragment = 0, options = new Uint8Array() } = ip;
  const length = 20 + options.length + payload.length;
  const head = concat([0x45 + options.length / 4, 0], u16(length), u16(identification), u16(fragment), [
    64,
    protocol,
    0,
    0,
  ]);
  const [source, destination] = fromServer ? [serverAddress, clientAddress] : [clientAddress, serverAddress];
  return concat(head, source, destination, options, payload);
}

export const ipv6Source = hex('20010db8000000000000000000000001');
export const ipv6Destination = hex('20010db8000000000000000000000002');

export function ipv6(next: number, payload: Uint8Array): Uint8Array {
  return concat([0x60, 0, 0, 0], u16(payload.length), [next, 64], ipv6Source, ipv6Destination, payload);
}

export function ethernet(type: number, payload: Uint8Array): Uint8Array {
  return concat(new Uint8Array(12).fill(2), u16(type), payload);
}

export interface FilePacket {
  bytes: Uint8Array;
  timeUs: number;
}

/** A classic capture file in microseconds, little endian. */
export function pcapFile(packets: FilePacket[], linkType = 1): Uint8Array {
  const le = (value: number) => u32(value).reverse();
  const header = concat(le(0xa1b2_c3d4), [2, 0, 4, 0], le(0), le(0), le(262_144), le(linkType));
  const records = packets.map(({ bytes, timeUs }) =>
    concat(le(Math.floor(timeUs / 1e6)), le(timeUs % 1e6), le(bytes.length), le(bytes.length), bytes),
  );
  return concat(header, ...records);
}

/** What the kernel's programs would hand up for a packet of this host's client. */
export function payload(overrides: Partial<Payload> & Pick<Payload, 'kind' | 'bytes'>): Payload {
  return {
    cookie: 7,
    protocol: overrides.kind === 'tls' ? 6 : 17,
    direction: 'tx',
    localAddress: () => Uint8Array.from(clientAddress),
    localPort: 40_000,
    remoteAddress: () => Uint8Array.from(serverAddress),
    remotePort: overrides.kind === 'dns' ? 53 : 443,
    boottimeUs: 1_000_000,
    sequence: 0,
    payloadBytes: overrides.bytes.length,
    owner: () => undefined,
    ...overrides,
  };
}
