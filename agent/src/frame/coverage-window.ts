// The coverage of the last minute: a second alone says little, since a packet may pass the socket in one and the card in the next.
import type { Tick } from '../collect/tick.ts';

export interface CoverageWindow {
  observe(tick: Tick): void;
  /** 1000 = all; undefined = nobody counts at sockets, or next to nothing passed. */
  permille(): number | undefined;
}

const windowUs = 60_000_000;
/** Fewer bytes than this are mostly ARP, ICMP and what was on its way when the counters were read. */
const leastBytes = 10_000;

interface Mark {
  atUs: number;
  socketBytes: number;
  interfaceBytes: number;
}

export function createCoverageWindow(): CoverageWindow {
  const marks: Mark[] = [];
  return {
    observe({ boottimeUs, coverage }) {
      if (coverage?.socketBytes === undefined) return;
      const { socketBytes, interfaceBytes } = coverage;
      marks.push({ atUs: boottimeUs, socketBytes, interfaceBytes });
      while (marks.length > 2 && marks[1]!.atUs <= boottimeUs - windowUs) marks.shift();
    },
    permille() {
      const [first, last] = [marks[0], marks.at(-1)];
      if (!first || !last) return undefined;
      const passed = last.interfaceBytes - first.interfaceBytes;
      if (passed < leastBytes) return undefined;
      // Headers of segments that the card cut are counted at the socket and not at the card.
      return Math.min(1_000, Math.round(((last.socketBytes - first.socketBytes) / passed) * 1_000));
    },
  };
}
