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
/** Conditions at the same time, a bound for names that come from outside. */
const lastingMax = 64;
/** What lasts longer is reported in pieces, so that a killed agent loses little of it. */
const pieceUs = 60_000_000;

export function createGapLedger(): GapLedger {
  let waiting: RecordedGap[] = [];
  const lasting = new Map<string, RecordedGap>();

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

  function finish(name: string): void {
    const gap = lasting.get(name);
    lasting.delete(name);
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
      const now = conditionsOf(tick);
      for (const { name, reason, lost, detail } of now) {
        const gap = lasting.get(name);
        if (gap) lasting.set(name, { ...gap, endUs: boottimeUs, lost: gap.lost + lost });
        else if (lasting.size < lastingMax)
          lasting.set(name, { startUs: previousUs, endUs: boottimeUs, reason, lost, detail });
      }
      const names = new Set(now.map(({ name }) => name));
      for (const [name, gap] of lasting) {
        if (!names.has(name) || gap.endUs - gap.startUs >= pieceUs) finish(name);
      }
    },
    take(final) {
      if (final) [...lasting.keys()].forEach(finish);
      const gaps = waiting;
      waiting = [];
      return gaps;
    },
  };
}

/** What is not known of this second; the same name in the next second is the same condition. */
interface Condition {
  name: string;
  reason: GapReason;
  lost: number;
  detail: string;
}

function conditionsOf({ failures, leftOut = 0 }: Tick): Condition[] {
  const failed = failures.map(({ source, message }) => ({
    ...{ name: `source ${source}`, reason: 'collect-failed' as const, lost: 1, detail: `${source}: ${message}` },
  }));
  if (leftOut === 0) return failed;
  const detail = `open connections beyond what memory-limit allows, ${leftOut} at first: each is told of when it ends`;
  return [...failed, { name: 'left out', reason: 'given-up', lost: 0, detail }];
}
