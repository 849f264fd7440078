// One direction of a TCP connection put back in order, with bounded memory: what comes early waits as a copy, what is doubled is cut.

export interface StreamLimits {
  /** Waiting out of order. */
  maxBytes: number;
  maxSegments: number;
}

interface Segment {
  /** Distance from the stream's origin. */
  start: number;
  bytes: Uint8Array;
}

/** Distance from one sequence number to another, wrapping at 2^32: -2^31 … 2^31-1. */
export function sequenceDistance(from: number, to: number): number {
  return (to - from) | 0;
}

export class TcpStream {
  readonly #limits: StreamLimits;
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #waiting: Segment[] = [];
  #waitingBytes = 0;
  #origin = 0;
  #started = false;
  #next = 0;

  /** `deliver` gets views that are valid only during the call. */
  constructor(limits: StreamLimits, deliver: (bytes: Uint8Array) => void) {
    this.#limits = limits;
    this.#deliver = deliver;
  }

  /** Bytes that wait out of order. */
  get keptBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes delivered so far. */
  get position(): number {
    return this.#next;
  }

  /** What comes next in order is the byte with this number. Segments that came before it must be pushed again. */
  start(sequence: number): void {
    this.#origin = sequence;
    this.#started = true;
    this.#next = 0;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  /** Starts with the first segment unless `start` was called. @returns false when it does not fit into what may wait. */
  push(sequence: number, bytes: Uint8Array): boolean {
    if (!this.#started) this.start(sequence);
    const start = this.#next + sequenceDistance((this.#origin + this.#next) >>> 0, sequence);
    if (start > this.#next) return this.#hold(start, bytes);
    this.#take(start, bytes);
    if (this.#waiting.length > 0) this.#drain();
    return true;
  }

  #take(start: number, bytes: Uint8Array): void {
    const seen = this.#next - start;
    if (seen >= bytes.length) return;
    this.#next = start + bytes.length;
    this.#deliver(seen === 0 ? bytes : bytes.subarray(seen));
  }

  #hold(start: number, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    if (this.#waiting.some((other) => other.start === start && other.bytes.length >= bytes.length)) return true;
    const fits =
      this.#waitingBytes + bytes.length <= this.#limits.maxBytes && this.#waiting.length < this.#limits.maxSegments;
    if (!fits) return false;
    const index = this.#waiting.findIndex((other) => other.start > start);
    this.#waiting.splice(index < 0 ? this.#waiting.length : index, 0, { start, bytes: bytes.slice() });
    this.#waitingBytes += bytes.length;
    return true;
  }

  #drain(): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.start <= this.#next) {
      const { start, bytes } = this.#waiting.shift()!;
      this.#waitingBytes -= bytes.length;
      this.#take(start, bytes);
    }
  }
}
