// The ClientHello of TLS (RFC 8446, section 4.1.2): which name it asks for and what it wants to speak.
import { asciiText, readU16, readU24 } from '../bytes.ts';

export interface ClientHello {
  /** Lower case, unprintable bytes as \DDD; undefined = it names none. With ECH the outer name. */
  serverName: string | undefined;
  /** In the client's order, at most 16. */
  alpn: string[];
  /** The highest that it offers, such as 0x0304 for TLS 1.3. */
  version: number;
}

export const clientHelloType = 1;
const extensions = { serverName: 0, alpn: 16, supportedVersions: 43 } as const;
const hostNameType = 0;
const maxNameBytes = 255;
const maxAlpn = 16;
const randomBytes = 32;

/** The handshake message with its header of four bytes; what was cut off at its end is left out. @returns undefined when it is no ClientHello. */
export function parseClientHello(message: Uint8Array): ClientHello | undefined {
  if (message.length < 6 + randomBytes + 1 || message[0] !== clientHelloType) return undefined;
  const end = Math.min(message.length, 4 + readU24(message, 1));
  const hello: ClientHello = { serverName: undefined, alpn: [], version: readU16(message, 4) };
  let at = 6 + randomBytes;
  at += 1 + message[at]!; // session id
  if (at + 2 > end) return hello;
  at += 2 + readU16(message, at); // cipher suites
  if (at + 1 > end) return hello;
  at += 1 + message[at]!; // compression methods
  if (at + 2 > end) return hello;
  const extensionsEnd = Math.min(end, at + 2 + readU16(message, at));
  at += 2;
  while (at + 4 <= extensionsEnd) {
    const type = readU16(message, at);
    const start = at + 4;
    at = start + readU16(message, at + 2);
    readExtension(message.subarray(start, Math.min(at, extensionsEnd)), type, hello);
  }
  return hello;
}

function readExtension(body: Uint8Array, type: number, hello: ClientHello): void {
  if (type === extensions.serverName) hello.serverName ??= readServerName(body);
  else if (type === extensions.alpn) readAlpn(body, hello);
  else if (type === extensions.supportedVersions) readVersions(body, hello);
}

/** RFC 6066, section 3. */
function readServerName(body: Uint8Array): string | undefined {
  for (let at = 2; at + 3 <= body.length;) {
    const end = at + 3 + readU16(body, at + 1);
    if (body[at] === hostNameType) {
      if (end > body.length || end - at - 3 > maxNameBytes || end === at + 3) return undefined;
      return asciiText(body, at + 3, end).toLowerCase();
    }
    at = end;
  }
  return undefined;
}

/** RFC 7301, section 3.1. */
function readAlpn(body: Uint8Array, hello: ClientHello): void {
  for (let at = 2; at < body.length && hello.alpn.length < maxAlpn;) {
    const end = at + 1 + body[at]!;
    if (end > body.length) return;
    hello.alpn.push(asciiText(body, at + 1, end));
    at = end;
  }
}

/** RFC 8446, section 4.2.1; the made-up values of RFC 8701 and drafts are left out. */
function readVersions(body: Uint8Array, hello: ClientHello): void {
  for (let at = 1; at + 2 <= body.length; at += 2) {
    const version = readU16(body, at);
    if (version >= 0x0300 && version <= 0x0304) hello.version = Math.max(hello.version, version);
  }
}

/** The hello of SSL 2.0 (RFC 5246, appendix E.2) can hold no name. The record begins at `bytes`. */
export function parseSsl2Hello(bytes: Uint8Array): ClientHello | undefined {
  if (bytes.length < 11 || (bytes[0]! & 0x80) === 0 || bytes[2] !== clientHelloType) return undefined;
  const version = readU16(bytes, 3);
  const recordBytes = readU16(bytes, 0) & 0x7fff;
  const [ciphers, session, challenge] = [readU16(bytes, 5), readU16(bytes, 7), readU16(bytes, 9)];
  const isVersion = version === 0x0002 || (version >= 0x0300 && version <= 0x0303);
  if (!isVersion || ciphers === 0 || ciphers % 3 !== 0 || recordBytes !== 9 + ciphers + session + challenge)
    return undefined;
  return { serverName: undefined, alpn: [], version };
}
