// A simulated host's sealed batches in memory until they are acknowledged; when full the oldest go, and are counted.
import type { SpooledEpoch } from '@foretop/proto';
import { addRows, noRows, type RowCounts } from './counts.ts';

export interface SpooledBatch {
  sequence: number;
  previousSequence: number;
  /** zstd of a BatchBody. */
  payload: Uint8Array;
  payloadBytes: number;
  rows: RowCounts;
  /** The span of boottime that is not known when this batch is lost. */
  startUs: number;
  endUs: number;
}

/**
 * Batches that are on their way are not dropped. After a lost connection nothing is: one that was stored without its
 * acknowledgement arriving may then be dropped, and counts as dropped.
 */
export class MemorySpool {
  readonly acknowledged = noRows();
  readonly dropped = noRows();
  acknowledgedSequence = 0;
  /** The highest sequence that was taken out for sending since the last `rewind`. */
  #sentSequence = 0;
  #batches: SpooledBatch[] = [];
  #bytes = 0;
  readonly #bytesMax: number;
  readonly #onAcknowledged: ((delayMs: number) => void) | undefined;
  /** When each batch was sealed, by sequence; kept only for who wants to know the delays. */
  readonly #sealedMs = new Map<number, number>();

  /** `onAcknowledged` hears how long after it was sealed each batch was acknowledged. */
  constructor(bytesMax: number, onAcknowledged?: (delayMs: number) => void) {
    this.#bytesMax = bytesMax;
    this.#onAcknowledged = onAcknowledged;
  }

  get length(): number {
    return this.#batches.length;
  }

  /** @returns the batches that had to go. */
  push(batch: SpooledBatch): SpooledBatch[] {
    this.#batches.push(batch);
    if (this.#onAcknowledged) this.#sealedMs.set(batch.sequence, performance.now());
    this.#bytes += batch.payload.length;
    const gone: SpooledBatch[] = [];
    while (this.#bytes > this.#bytesMax) {
      const victim = this.#dropOldestUnsent();
      if (!victim) break;
      gone.push(victim);
    }
    return gone;
  }

  /** The oldest batch behind that sequence, which from now on is on its way. */
  after(sequence: number): SpooledBatch | undefined {
    const found = this.#batches.find((batch) => batch.sequence > sequence);
    if (found) this.#sentSequence = Math.max(this.#sentSequence, found.sequence);
    return found;
  }

  /** What Hello says of it. */
  held(epoch: Uint8Array): SpooledEpoch[] {
    const first = this.#batches[0];
    if (!first) return [];
    return [{ epoch, firstSequence: first.sequence, lastSequence: this.#batches.at(-1)!.sequence }];
  }

  /** The connection ended: nothing is on its way any more. */
  rewind(): void {
    this.#sentSequence = 0;
  }

  acknowledge(sequence: number): void {
    const rest = this.#batches.findIndex((batch) => batch.sequence > sequence);
    for (const batch of this.#batches.splice(0, rest === -1 ? this.#batches.length : rest)) {
      this.#bytes -= batch.payload.length;
      addRows(this.acknowledged, batch.rows);
      const sealedMs = this.#sealedMs.get(batch.sequence);
      if (sealedMs !== undefined) this.#onAcknowledged?.(performance.now() - sealedMs);
      this.#sealedMs.delete(batch.sequence);
    }
    this.acknowledgedSequence = Math.max(this.acknowledgedSequence, sequence);
  }

  /** The newest batch always stays. */
  #dropOldestUnsent(): SpooledBatch | undefined {
    const at = this.#batches.findIndex((batch) => batch.sequence > this.#sentSequence);
    if (at === -1 || at === this.#batches.length - 1) return undefined;
    const [gone] = this.#batches.splice(at, 1) as [SpooledBatch];
    this.#bytes -= gone.payload.length;
    this.#batches[at]!.previousSequence = gone.previousSequence;
    addRows(this.dropped, gone.rows);
    return gone;
  }
}
