// What the programs tell through the ring buffer, as readings.
import type { EngineEvents, PayloadCopy, PayloadKind, SocketOwner } from '../../engine.ts';
import { FlowCursor, readEventOwner } from './flow-cursor.ts';
import {
  EVENT_CLOSED,
  EVENT_PAYLOAD,
  EVENT_RELEASED,
  eventAt,
  flowBytes,
  payloadAt,
  payloadKinds,
  readAddress,
  readU64,
} from './layout.ts';

type Words = Uint32Array<ArrayBuffer>;
type Bytes = Uint8Array<ArrayBuffer>;

const kinds = new Map<number, PayloadKind>(
  Object.entries(payloadKinds).map(([name, number]) => [number, name as PayloadKind]),
);

/** Reads one record. `released` gets what the reader itself must end. `named` is false where pids mean nothing to this process. */
export function createEventReader(options: {
  named: boolean;
  released(cookie: number, owner: SocketOwner | undefined): void;
}): (events: EngineEvents, words: Words, bytes: Bytes, offset: number, end: number) => void {
  const flow = new FlowCursor();
  const copy = new PayloadCursor();
  return (events, words, bytes, offset, end) => {
    const cookie = readU64(words, offset + eventAt.cookie);
    const owner = () => {
      const found = readEventOwner(bytes, offset);
      return found && !options.named ? { ...found, pid: 0 } : found;
    };
    switch (words[offset >> 2]) {
      case EVENT_CLOSED:
        if (end - offset < eventAt.flow + flowBytes) return;
        events.closed(flow.point(words, bytes, offset + eventAt.flow, cookie, owner));
        return;
      case EVENT_RELEASED:
        options.released(cookie, owner());
        return;
      case EVENT_PAYLOAD:
        copy.point(words, bytes, offset, cookie, owner);
        while (copy.next()) events.payload(copy);
    }
  };
}

class PayloadCursor implements PayloadCopy {
  kind: PayloadKind = 'dns';
  cookie = 0;
  protocol: 6 | 17 = 17;
  direction: 'rx' | 'tx' = 'rx';
  localPort = 0;
  remotePort = 0;
  boottimeUs = 0;
  sequence = 0;
  bytes: Bytes = new Uint8Array(0);
  payloadBytes = 0;
  #memory: Bytes = new Uint8Array(0);
  #at = 0;
  #begin = 0;
  #copied = 0;
  #left = 0;
  #step = 0;
  #owner: () => SocketOwner | undefined = () => undefined;

  point(words: Words, bytes: Bytes, at: number, cookie: number, owner: () => SocketOwner | undefined): void {
    const ports = words[(at + payloadAt.localPort) >> 2]!;
    this.kind = kinds.get(bytes[at + payloadAt.kind]!) ?? 'dns';
    this.cookie = cookie;
    this.protocol = bytes[at + payloadAt.protocol] === 6 ? 6 : 17;
    this.direction = bytes[at + payloadAt.transmitted] ? 'tx' : 'rx';
    this.localPort = ports & 0xffff;
    this.remotePort = ports >>> 16;
    this.boottimeUs = Math.floor(readU64(words, at + eventAt.time) / 1000);
    this.sequence = words[(at + payloadAt.sequence) >> 2]!;
    this.#begin = at + payloadAt.bytes;
    this.#copied = words[(at + eventAt.length) >> 2]!;
    this.#left = words[(at + payloadAt.payloadBytes) >> 2]!;
    this.#step = words[(at + payloadAt.step) >> 2]!;
    this.#memory = bytes;
    this.#at = at;
    this.#owner = owner;
  }

  /** Goes on to the next datagram of the packet; false when there is none of which anything was copied. */
  next(): boolean {
    if (this.#copied <= 0 || this.#step <= 0) return false;
    this.payloadBytes = Math.min(this.#step, this.#left);
    this.bytes = this.#memory.subarray(this.#begin, this.#begin + Math.min(this.payloadBytes, this.#copied));
    this.#begin += this.payloadBytes;
    this.#left -= this.payloadBytes;
    this.#copied -= this.payloadBytes;
    return true;
  }

  localAddress(): Uint8Array {
    return readAddress(this.#memory, this.#at + payloadAt.local);
  }
  remoteAddress(): Uint8Array {
    return readAddress(this.#memory, this.#at + payloadAt.remote);
  }
  owner(): SocketOwner | undefined {
    return this.#owner();
  }
}
