// How late seconds reach the collector, by the definition that it uses itself: late is more than 30 s after they were recorded,
// backfilled more than a minute, so that they were kept over an outage.

export interface Delivery {
  /** A flush of so many seconds made so many batches. */
  flushed(flush: { nowUs: number; seconds: number; batches: number }): void;
  /** So many batches are still not acknowledged. */
  delivered(nowUs: number, waitingBatches: number): void;
  /** Since the start. No second is in both. */
  counts(): { lateSeconds: number; backfilledSeconds: number };
}

const lateUs = 30_000_000;
const outageUs = 60_000_000;
/** Flushes that are told apart: at one each 5 s, most of a day. More are counted with the newest. */
const flushesMax = 16_384;

interface Flush {
  atUs: number;
  seconds: number;
  batches: number;
}

export function createDelivery(): Delivery {
  const waiting: Flush[] = [];
  let waitingBatches = 0;
  const counts = { lateSeconds: 0, backfilledSeconds: 0 };

  return {
    flushed({ nowUs, seconds, batches }) {
      waitingBatches += batches;
      const last = waiting.at(-1);
      if (last && (batches === 0 || waiting.length >= flushesMax)) {
        last.seconds += seconds;
        last.batches += batches;
      } else {
        waiting.push({ atUs: nowUs, seconds, batches });
      }
    },
    delivered(nowUs, left) {
      while (waiting.length > 0 && waitingBatches - waiting[0]!.batches >= left) {
        const { atUs, seconds, batches } = waiting.shift()!;
        waitingBatches -= batches;
        const delayUs = nowUs - atUs;
        if (delayUs > outageUs) counts.backfilledSeconds += seconds;
        else if (delayUs > lateUs) counts.lateSeconds += seconds;
      }
    },
    counts: () => ({ ...counts }),
  };
}
