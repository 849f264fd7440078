// The packets of one host's part of a capture on their way to the database; while too many wait, nothing is read from that host.
import type { ControlLink } from '../command/link.ts';
import { pieceBytes } from '../store/queries/tool-packets.ts';

export interface StreamOwner {
  runId: string;
  requestId: string;
  hostId: number;
}

export class PacketStream {
  readonly owner: StreamOwner;
  /** Why the rest of it cannot be kept. */
  fault: string | undefined;
  sealed = false;
  /** In the database. */
  stored = 0;
  /** Not yet there. */
  waiting = 0;
  #frames: Uint8Array[] = [];
  readonly #held = new Map<ControlLink, () => void>();

  constructor(owner: StreamOwner) {
    this.owner = owner;
  }

  get isHeld(): boolean {
    return this.#held.size > 0;
  }

  push(bytes: Uint8Array): void {
    this.#frames.push(bytes);
    this.waiting += bytes.length;
  }

  /** The next bytes as pieces, of about so many bytes; they stay counted as waiting. */
  take(mostBytes: number): Buffer[] {
    const pieces: Buffer[] = [];
    for (let taken = 0; taken < mostBytes && this.#frames.length > 0;) {
      const piece = this.#piece();
      pieces.push(piece);
      taken += piece.length;
    }
    return pieces;
  }

  written(bytes: number): void {
    this.waiting -= bytes;
    this.stored += bytes;
  }

  /** @returns how many bytes did not get to the database. */
  giveUp(fault: string): number {
    const lost = this.waiting;
    this.fault ??= fault;
    this.#frames = [];
    this.waiting = 0;
    this.release();
    return lost;
  }

  hold(link: ControlLink): void {
    if (!this.#held.has(link)) this.#held.set(link, link.hold());
  }

  release(): void {
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }

  #piece(): Buffer {
    const frames: Uint8Array[] = [];
    for (let bytes = 0; this.#frames.length > 0;) {
      bytes += this.#frames[0]!.length;
      if (frames.length > 0 && bytes > pieceBytes) break;
      frames.push(this.#frames.shift()!);
    }
    return Buffer.concat(frames);
  }
}
