// Batches that wait for their commit: first in, first out, bounded by bytes, handed out in groups.
import type { IncomingBatch, IngestResult } from './batch.ts';

export interface Entry {
  batch: IncomingBatch;
  resolve(result: IngestResult): void;
  reject(error: Error): void;
}

export interface QueueLimits {
  /** Payload bytes that wait or are being written. Beyond it nothing more is taken. */
  queueBytes: number;
  /** BatchBody bytes of a full group: some 20,000 rows. */
  groupBodyBytes: number;
  /** How long the first batch of a group waits for others. */
  groupWaitMs: number;
}

export const defaultQueueLimits: QueueLimits = { queueBytes: 64 << 20, groupBodyBytes: 2 << 20, groupWaitMs: 250 };

export interface BatchQueue {
  /** false = full. */
  push(entry: Entry): boolean;
  /** The next group; undefined when the queue was closed and is empty. */
  nextGroup(): Promise<Entry[] | undefined>;
  /** Gives back the bytes of entries that were settled. */
  settled(entries: readonly Entry[]): void;
  /** No group waits for more from now on. */
  close(): void;
  readonly batches: number;
  readonly bytes: number;
}

export function createQueue(limits: QueueLimits): BatchQueue {
  const waiting: Entry[] = [];
  let waitingBodyBytes = 0;
  let heldBytes = 0;
  let closed = false;
  let wake: () => void = () => undefined;

  const take = (): Entry[] => {
    let bytes = 0;
    let count = 0;
    while (
      count < waiting.length &&
      (count === 0 || bytes + waiting[count]!.batch.payloadBytes <= limits.groupBodyBytes)
    ) {
      bytes += waiting[count++]!.batch.payloadBytes;
    }
    waitingBodyBytes -= bytes;
    return waiting.splice(0, count);
  };
  /** Until `ready`, or `timeoutMs` later. */
  const until = async (ready: () => boolean, timeoutMs?: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
    wake = () => {
      if (ready()) resolve();
    };
    wake();
    await promise;
    clearTimeout(timer);
    wake = () => undefined;
  };

  return {
    push(entry) {
      const { payload, payloadBytes } = entry.batch;
      if (closed || heldBytes + payload.length > limits.queueBytes) return false;
      waiting.push(entry);
      heldBytes += payload.length;
      waitingBodyBytes += payloadBytes;
      wake();
      return true;
    },
    async nextGroup() {
      await until(() => waiting.length > 0 || closed);
      await until(() => waitingBodyBytes >= limits.groupBodyBytes || closed, limits.groupWaitMs);
      return waiting.length === 0 ? undefined : take();
    },
    settled(entries) {
      for (const { batch } of entries) heldBytes -= batch.payload.length;
    },
    close() {
      closed = true;
      wake();
    },
    get batches() {
      return waiting.length;
    },
    get bytes() {
      return heldBytes;
    },
  };
}
