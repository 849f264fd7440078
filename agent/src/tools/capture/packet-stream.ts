// The blocks of a capture on their way: gathered, sealed when they hold payload, and sent in order, without a hole.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Sealer, sealOverheadBytes } from '@foretop/proto/capture';
import type { PacketWay } from '../tool.ts';

/** So much, or so long after the last, and what there is leaves. */
const flushBytes = 48 << 10;
const flushMs = 250;
/** Of one ToolOutput, beside its other fields. */
const pieceBytes = 60 << 10;
const retryMs = 20;
/** The way to the collector may have no room for so long, and for so long once nobody wants more. */
const blockedMs = 10_000;
const graceMs = 2_000;
/** Kept for what ends the file: the interface's statistics, and the last record around them. */
const tailBytes = 128;

export interface PacketStreamOptions {
  way: Pick<PacketWay, 'send'>;
  /** Of all that is sent. */
  maxBytes: number;
  sealer: Sealer | undefined;
}

export class PacketStream {
  readonly #options: PacketStreamOptions;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #sentBytes = 0;
  #flushedMs = performance.now();
  #isBlocked = false;

  constructor(options: PacketStreamOptions) {
    this.#options = options;
    if (options.sealer) this.#sentBytes = options.sealer.head.length;
  }

  /** Bytes of the stream, those included that have not left yet. */
  get bytes(): number {
    return this.#sentBytes + this.#pendingBytes;
  }

  /** The way had no room for too long: nothing is sent any more. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** What a file begins with; it counts, but always fits. */
  begin(...blocks: Uint8Array[]): void {
    for (const block of blocks) this.#push(block);
  }

  /** False = it would be more than was asked for, and is left out. */
  add(block: Uint8Array): boolean {
    const overhead = this.#options.sealer ? sealOverheadBytes : 0;
    if (this.bytes + block.length + overhead + tailBytes > this.#options.maxBytes) return false;
    this.#push(block);
    return true;
  }

  /** What was gathered is enough to be sent, or old enough. */
  isDue(): boolean {
    return this.#pendingBytes >= flushBytes || performance.now() - this.#flushedMs >= flushMs;
  }

  isFull(): boolean {
    return this.#pendingBytes >= flushBytes;
  }

  /** `signal`: for room is waited only a little longer. */
  async flush(signal: AbortSignal, last?: Uint8Array): Promise<void> {
    this.#flushedMs = performance.now();
    if (last) this.#push(last);
    while (this.#pending.length > 0 && !this.#isBlocked) {
      const blocks = this.#take();
      await this.#send(blocks, last !== undefined && this.#pending.length === 0, signal);
    }
  }

  #push(block: Uint8Array): void {
    this.#pending.push(block);
    this.#pendingBytes += block.length;
  }

  /** Whole blocks, one at least. */
  #take(): Uint8Array {
    let [count, bytes] = [0, 0];
    while (count < this.#pending.length && (count === 0 || bytes + this.#pending[count]!.length <= flushBytes))
      bytes += this.#pending[count++]!.length;
    const taken = this.#pending.splice(0, count);
    this.#pendingBytes -= bytes;
    return taken.length === 1 ? taken[0]! : joined(taken, bytes);
  }

  async #send(blocks: Uint8Array, isLast: boolean, signal: AbortSignal): Promise<void> {
    const { sealer } = this.#options;
    let bytes = blocks;
    if (sealer) {
      const record = await sealer.seal(blocks, isLast);
      const isFirst = this.#sentBytes === sealer.head.length;
      bytes = isFirst ? joined([sealer.head, record], sealer.head.length + record.length) : record;
      this.#sentBytes += record.length;
    } else this.#sentBytes += blocks.length;
    for (let at = 0; at < bytes.length && !this.#isBlocked; at += pieceBytes)
      await this.#sendPiece(bytes.subarray(at, at + pieceBytes), signal);
  }

  async #sendPiece(piece: Uint8Array, signal: AbortSignal): Promise<void> {
    let untilMs = performance.now() + blockedMs;
    let isAborted = false;
    while (!this.#options.way.send(piece)) {
      const nowMs = performance.now();
      if (signal.aborted && !isAborted) untilMs = Math.min(untilMs, nowMs + graceMs);
      isAborted = signal.aborted;
      if (nowMs > untilMs) return void (this.#isBlocked = true);
      await sleep(retryMs);
    }
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
