// ICMP echoes to one address: who answers which, and who says that it cannot.
import { randomBytes } from 'node:crypto';
import { type HeardError, ProbeSocket } from '../../host/linux/probe-socket.ts';
import { encodeEcho, readEchoReply, readQuotedEcho } from '../icmp.ts';

export type EchoAnswer =
  { kind: 'reply'; ttl: number | undefined } | { kind: 'error'; error: Pick<HeardError, 'type' | 'code' | 'offender'> };

export interface HeardEcho {
  /** The sequence number. */
  key: number;
  atUs: number;
  answer: EchoAnswer;
}

/** So much of a payload is random: an answer that does not repeat it answers something else. */
const tokenBytes = 8;
const mostATurn = 256;

export class Echoes implements Disposable {
  readonly #socket: ProbeSocket;
  readonly #version: 4 | 6;
  readonly #identifier = randomBytes(2).readUInt16BE();
  readonly #payload: Uint8Array;

  /** Throws HostError, EPERM or EACCES. */
  constructor(target: Uint8Array, payloadBytes: number) {
    this.#version = target.length === 4 ? 4 : 6;
    this.#socket = new ProbeSocket({ kind: 'icmp', target });
    this.#payload = new Uint8Array(payloadBytes);
    this.#payload.set(randomBytes(Math.min(tokenBytes, payloadBytes)));
  }

  /** How it is sent: raw, or numbered by the kernel. */
  get isRaw(): boolean {
    return this.#socket.isRaw;
  }

  send(sequence: number, ttl?: number): string {
    const echo = { identifier: this.#identifier, sequence, payload: this.#payload };
    return this.#socket.send(encodeEcho(this.#version, echo), ttl === undefined ? {} : { ttl });
  }

  nowUs(): number {
    return this.#socket.nowUs();
  }

  collect(): HeardEcho[] {
    return [...this.#replies(), ...this.#errors()];
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #replies(): HeardEcho[] {
    const found: HeardEcho[] = [];
    for (let left = mostATurn; left > 0; left--) {
      const heard = this.#socket.receive();
      if (!heard) break;
      const echo = readEchoReply(this.#version, heard.bytes);
      if (!echo || !this.#isOwn(echo.identifier) || !this.#repeatsToken(echo.payload)) continue;
      found.push({ key: echo.sequence, atUs: heard.atUs, answer: { kind: 'reply', ttl: heard.ttl } });
    }
    return found;
  }

  #errors(): HeardEcho[] {
    const found: HeardEcho[] = [];
    for (let left = mostATurn; left > 0; left--) {
      const heard = this.#socket.receiveError();
      if (!heard) break;
      const echo = readQuotedEcho(this.#version, heard.bytes);
      if (!echo || !this.#isOwn(echo.identifier)) continue;
      const { type, code, offender, atUs } = heard;
      found.push({ key: echo.sequence, atUs, answer: { kind: 'error', error: { type, code, offender } } });
    }
    return found;
  }

  /** The kernel gives its own number to those that it numbers, and hands on only what bears it. */
  #isOwn(identifier: number): boolean {
    return !this.#socket.isRaw || identifier === this.#identifier;
  }

  #repeatsToken(payload: Uint8Array): boolean {
    const token = this.#payload.subarray(0, tokenBytes);
    return payload.length >= token.length && token.every((byte, at) => payload[at] === byte);
  }
}
