// The collector's clock as seen from here. Frames carry its time; between them this machine's monotonic clock goes on.

export interface ServerClock {
  /** Tells what the collector's clock showed when a message arrived, Unix milliseconds. */
  observe(serverMs: number): void;
  /** Unix milliseconds by the collector's clock; this machine's wall clock before the first message. */
  nowMs(): number;
}

/** Keeps the largest offset of the last samples: network delay only ever makes the collector look late. */
export function createServerClock(monotonicMs: () => number, wallMs: () => number, keep = 32): ServerClock {
  const offsets: number[] = [];
  let offset: number | undefined;
  return {
    observe(serverMs) {
      offsets.push(serverMs - monotonicMs());
      if (offsets.length > keep) offsets.shift();
      offset = Math.max(...offsets);
    },
    nowMs: () => (offset === undefined ? wallMs() : monotonicMs() + offset),
  };
}
