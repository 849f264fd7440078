// Collects the spans in which something is not known, until a flush takes them along.
import type { Gap, GapReason } from '@foretop/proto';
import type { Tick } from '../collect/tick.ts';
import { stallUs } from './segments.ts';

export interface RecordedGap extends Gap {
  startUs: number;
  endUs: number;
  reason: GapReason;
  lost: number;
  detail: string;
}

export interface GapLedger {
  add(gap: RecordedGap): void;
  observe(tick: Tick): void;
  take(final: boolean): RecordedGap[];
}

/** Gaps waiting for a flush; one more widens the last. */
const waitingMax = 1_000;
/** Sources that may fail at the same time, a bound for names that come from outside. */
const failingMax = 64;
/** A source that fails for longer is reported in pieces, so that a killed agent loses little of it. */
const pieceUs = 60_000_000;

export function createGapLedger(): GapLedger {
  let waiting: RecordedGap[] = [];
  const failing = new Map<string, RecordedGap>();

  function add(gap: RecordedGap): void {
    const last = waiting.at(-1);
    if (waiting.length < waitingMax || !last) {
      waiting.push(gap);
      return;
    }
    last.startUs = Math.min(last.startUs, gap.startUs);
    last.endUs = Math.max(last.endUs, gap.endUs);
    last.lost += gap.lost;
  }

  function finish(source: string): void {
    const gap = failing.get(source);
    failing.delete(source);
    if (gap) add(gap);
  }

  return {
    add,
    observe(tick) {
      const { boottimeUs, previousUs } = tick;
      if (boottimeUs - previousUs > stallUs) {
        const seconds = Math.round((boottimeUs - previousUs) / 1_000_000);
        add({
          startUs: previousUs,
          endUs: boottimeUs,
          reason: 'stalled',
          lost: seconds,
          detail: `${seconds} s without a look`,
        });
      }
      for (const { source, message } of tick.failures) {
        const gap = failing.get(source);
        const detail = `${source}: ${message}`;
        if (gap) failing.set(source, { ...gap, endUs: boottimeUs, lost: gap.lost + 1 });
        else if (failing.size < failingMax) {
          failing.set(source, { startUs: previousUs, endUs: boottimeUs, reason: 'collect-failed', lost: 1, detail });
        }
      }
      const now = new Set(tick.failures.map(({ source }) => source));
      for (const [source, gap] of failing) {
        if (!now.has(source) || gap.endUs - gap.startUs >= pieceUs) finish(source);
      }
    },
    take(final) {
      if (final) [...failing.keys()].forEach(finish);
      const gaps = waiting;
      waiting = [];
      return gaps;
    },
  };
}
