// Finds the ClientHello at the start of a byte stream: TLS records put together until the handshake message is whole.
import { readU16, readU24 } from '../bytes.ts';
import { GrowingBytes } from '../growing-bytes.ts';
import { type ClientHello, clientHelloType, parseClientHello, parseSsl2Hello } from './client-hello.ts';

const handshakeRecord = 22;
const recordHeaderBytes = 5;
const ssl2HeaderBytes = 11;
/** RFC 8446, section 5.1, and what a record may grow by. */
const maxRecordBytes = 16_384 + 2_048;
/** Hellos with post-quantum keys have some 2 KB; nothing honest comes near this. */
const maxHelloBytes = 32_768;

/** Whether these bytes, perhaps few, can begin a TLS record with the start of a ClientHello, or are an SSL 2.0 hello. */
export function startsClientHello(bytes: Uint8Array): boolean {
  if (bytes.length >= 6 && bytes[5] !== clientHelloType) return parseSsl2Hello(bytes) !== undefined;
  return startsHandshakeRecord(bytes) || parseSsl2Hello(bytes) !== undefined;
}

function startsHandshakeRecord(bytes: Uint8Array): boolean {
  if (bytes[0] !== handshakeRecord) return false;
  return bytes.length < 3 || (bytes[1] === 3 && bytes[2]! <= 4);
}

export type HelloResult = ClientHello | 'more' | 'none';

export class HelloReader {
  readonly #input = new GrowingBytes();
  readonly #message = new GrowingBytes();

  get keptBytes(): number {
    return this.#input.length + this.#message.length;
  }

  /** Takes what comes next in the stream. Whatever follows the hello is ignored. */
  push(bytes: Uint8Array): HelloResult {
    this.#input.append(bytes);
    while (this.#input.length > 0) {
      const data = this.#input.view();
      if (this.#message.length === 0 && (data[0]! & 0x80) !== 0) {
        return data.length < ssl2HeaderBytes ? 'more' : (parseSsl2Hello(data) ?? 'none');
      }
      if (!startsHandshakeRecord(data)) return 'none';
      if (data.length < recordHeaderBytes) return 'more';
      const end = recordHeaderBytes + readU16(data, 3);
      if (end === recordHeaderBytes || end > maxRecordBytes) return 'none';
      if (data.length < end) return 'more';
      this.#message.append(data.subarray(recordHeaderBytes, end));
      this.#input.consume(end);
      const result = readMessage(this.#message.view());
      if (result !== 'more') return result;
    }
    return 'more';
  }

  /** What can be read of a hello whose rest is missing. */
  finish(): ClientHello | undefined {
    const data = this.#input.view();
    if (data.length > recordHeaderBytes && startsHandshakeRecord(data)) {
      this.#message.append(data.subarray(recordHeaderBytes, recordHeaderBytes + readU16(data, 3)));
    }
    return parseClientHello(this.#message.view());
  }
}

function readMessage(message: Uint8Array): HelloResult {
  if (message[0] !== clientHelloType) return 'none';
  if (message.length < 4) return 'more';
  const end = 4 + readU24(message, 1);
  if (end > maxHelloBytes) return 'none';
  return message.length < end ? 'more' : (parseClientHello(message) ?? 'none');
}
