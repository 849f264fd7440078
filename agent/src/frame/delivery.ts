// How late seconds reach the collector: after an outage (backfilled), or over 30 s late although connected.

export interface Delivery {
  /** A flush of so many seconds made so many batches. */
  flushed(flush: { nowUs: number; seconds: number; batches: number; connected: boolean }): void;
  /** So many batches are still not acknowledged. */
  delivered(nowUs: number, waitingBatches: number): void;
  /** Since the start. */
  counts(): { lateSeconds: number; backfilledSeconds: number };
}

const lateUs = 30_000_000;
/** Flushes that are told apart: at one each 5 s, most of a day. More are counted with the newest. */
const flushesMax = 16_384;

interface Flush {
  atUs: number;
  seconds: number;
  batches: number;
  connected: boolean;
}

export function createDelivery(): Delivery {
  const waiting: Flush[] = [];
  let waitingBatches = 0;
  const counts = { lateSeconds: 0, backfilledSeconds: 0 };

  return {
    flushed({ nowUs, seconds, batches, connected }) {
      waitingBatches += batches;
      const last = waiting.at(-1);
      if (last && (batches === 0 || waiting.length >= flushesMax)) {
        last.seconds += seconds;
        last.batches += batches;
      } else {
        waiting.push({ atUs: nowUs, seconds, batches, connected });
      }
    },
    delivered(nowUs, left) {
      while (waiting.length > 0 && waitingBatches - waiting[0]!.batches >= left) {
        const { atUs, seconds, batches, connected } = waiting.shift()!;
        waitingBatches -= batches;
        if (!connected) counts.backfilledSeconds += seconds;
        else if (nowUs - atUs > lateUs) counts.lateSeconds += seconds;
      }
    },
    counts: () => ({ ...counts }),
  };
}
