// One direction of a TCP connection in search of its ClientHello: at the very start, or later, after STARTTLS or a proxy's handshake.
import { TcpStream } from '../tcp/stream.ts';
import type { ClientHello } from './client-hello.ts';
import { HelloReader, startsClientHello } from './hello-reader.ts';

const limits = { maxBytes: 32_768, maxSegments: 64 };
/** A hello may come behind what another protocol says first. */
const maxSegmentsBefore = 32;
/** Segments that came before the hello's first one, in case that one is only late. */
const maxEarly = 8;

interface EarlySegment {
  sequence: number;
  bytes: Uint8Array;
}

export class HelloFlow {
  #reader: HelloReader | undefined;
  #stream: TcpStream | undefined;
  #found: ClientHello | undefined;
  #early: EarlySegment[] = [];
  #segments = 0;

  get keptBytes(): number {
    const early = this.#early.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return early + (this.#stream?.keptBytes ?? 0) + (this.#reader?.keptBytes ?? 0);
  }

  /** @returns the hello, 'more' while it may still come, 'none' when it will not. */
  push(sequence: number, bytes: Uint8Array): ClientHello | 'more' | 'none' {
    if (bytes.length === 0) return 'more';
    if (this.#stream) return this.#read(sequence, bytes);
    if (startsClientHello(bytes)) return this.#start(sequence, bytes);
    if (++this.#segments > maxSegmentsBefore) return 'none';
    if (this.#early.length === maxEarly) this.#early.shift();
    this.#early.push({ sequence, bytes: bytes.slice() });
    return 'more';
  }

  /** What can be read of a hello whose rest never came. */
  finish(): ClientHello | undefined {
    return this.#reader?.finish();
  }

  #start(sequence: number, bytes: Uint8Array): ClientHello | 'more' | 'none' {
    const reader = new HelloReader();
    let isNone = false;
    this.#reader = reader;
    this.#stream = new TcpStream(limits, (data) => {
      if (this.#found || isNone) return;
      const result = reader.push(data);
      if (result === 'none') isNone = true;
      else if (result !== 'more') this.#found = result;
      if (isNone) this.#stream = undefined;
    });
    this.#stream.start(sequence);
    const early = this.#early;
    this.#early = [];
    let result = this.#read(sequence, bytes);
    for (const segment of early) {
      if (result !== 'more') break;
      result = this.#read(segment.sequence, segment.bytes);
    }
    return result;
  }

  #read(sequence: number, bytes: Uint8Array): ClientHello | 'more' | 'none' {
    const fits = this.#stream?.push(sequence, bytes) ?? true;
    if (this.#found) return this.#found;
    if (!fits) return this.finish() ?? 'none';
    // What looked like a hello was none: the search goes on.
    if (!this.#stream && ++this.#segments > maxSegmentsBefore) return 'none';
    return 'more';
  }
}
