// Packets made by hand, for tests of the decoder.

export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const u16 = (value: number) => [(value >> 8) & 255, value & 255];

export function join(...parts: (Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const macs = hex('020000000002 020000000001');

export const ethernet = (type: number, payload: Uint8Array): Uint8Array => join(macs, u16(type), payload);

/** From 192.0.2.1 to 198.51.100.2. `fragment`: flags and offset as they stand in the header. */
export const ipv4 = (protocol: number, payload: Uint8Array, fragment = 0): Uint8Array =>
  join(
    [0x45, 0, ...u16(20 + payload.length), 0x12, 0x34, ...u16(fragment), 64, protocol, 0, 0],
    hex('c0000201 c6336402'),
    payload,
  );

/** From 2001:db8::1 to 2001:db8::2. */
export const ipv6 = (next: number, payload: Uint8Array): Uint8Array =>
  join(
    [0x60, 0, 0, 0, ...u16(payload.length), next, 64],
    hex('20010db8000000000000000000000001 20010db8000000000000000000000002'),
    payload,
  );

export const udp = (source: number, destination: number, payload: Uint8Array): Uint8Array =>
  join(u16(source), u16(destination), u16(8 + payload.length), [0, 0], payload);

/** Sequence number 1, acknowledgment 2, window 512. */
export const tcp = (
  source: number,
  destination: number,
  payload: Uint8Array,
  { flags = 0x18, options = new Uint8Array() }: { flags?: number; options?: Uint8Array } = {},
): Uint8Array =>
  join(
    u16(source),
    u16(destination),
    [0, 0, 0, 1, 0, 0, 0, 2, (5 + options.length / 4) << 4, flags, 2, 0, 0, 0, 0, 0],
    options,
    payload,
  );

const vector16 = (...parts: (Uint8Array | number[])[]): Uint8Array => {
  const body = join(...parts);
  return join(u16(body.length), body);
};

/** A record with a ClientHello that asks for a name and offers h2. */
export function clientHello(name: string): Uint8Array {
  const sni = join(u16(0), vector16(vector16([0], vector16(ascii(name)))));
  const alpn = join(u16(16), vector16(vector16([2], ascii('h2'))));
  const body = join(u16(0x0303), new Uint8Array(32), [0], vector16(u16(0x1301)), [1, 0], vector16(sni, alpn));
  return join([22, 3, 1], vector16([1, 0], u16(body.length), body));
}
