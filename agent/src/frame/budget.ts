// What the agent gives up, and in which order, when it would use more CPU or memory than it may; and when it takes it up again.
import type { RecordedGap } from './gap-ledger.ts';

/** In the order in which they go; bits of Pulse.given_up in agent.proto. */
export const budgetSteps = [
  { bit: 1, what: 'names that QUIC clients ask for' },
  { bit: 2, what: 'names that TLS clients ask for' },
  { bit: 4, what: 'DNS exchanges' },
  { bit: 8, what: 'the live rate' },
  { bit: 16, what: 'a sample every second' },
] as const;

export interface Budget {
  /** Once a second. @returns whether what is given up has changed. */
  observe(use: BudgetUse): boolean;
  /** Bits of what is given up now. */
  givenUp(): number;
  /** Whether the last judgement found memory on its way to the limit; once for each judgement. */
  isShortOfMemory(): boolean;
  /** Spans that are over since the last call; one that lasts is told in pieces. */
  takeGaps(nowUs: number): RecordedGap[];
}

export interface BudgetUse {
  nowUs: number;
  /** CPU time of this process since its start. */
  cpuUs: number;
  /** Resident. */
  memoryBytes: number;
}

export interface BudgetLimits {
  /** Percent of a core. */
  cpuPercent: number;
  memoryBytes: number;
}

/** The use of so long is one judgement. */
const windowUs = 5_000_000;
/** So many judgements in a row above the limit, and the next is given up. */
const windowsAbove = 2;
/** So many in a row well below it, and the last is taken up again; twice as many each time that this was too early. */
const windowsBelow = 6;
const windowsBelowMax = 120;
/** Between these the agent stays as it is: what was given up saves something, which must not bring it back at once. */
const wellBelow = 0.7;
/** Memory falls slowly after it was used. */
const wellBelowMemory = 0.9;
/** From here on what can be given back is: a flood adds a tenth of the limit between two judgements, more where the agent is starved. */
const shortMemory = 0.75;
/** Giving up again within this time after taking up was too early. */
const tooEarlyUs = 120_000_000;
const pieceUs = 60_000_000;

export function createBudget(limits: BudgetLimits): Budget {
  let steps = 0;
  let window: { startUs: number; cpuUs: number } | undefined;
  let above = 0;
  let below = 0;
  let neededBelow = windowsBelow;
  let takenUpUs = -Infinity;
  let sinceUs = 0;
  let gaps: RecordedGap[] = [];
  let shortOfMemory = false;

  const bits = () => budgetSteps.slice(0, steps).reduce((sum, { bit }) => sum | bit, 0);

  function tell(nowUs: number): void {
    if (steps > 0 && nowUs > sinceUs) {
      const detail = budgetSteps.slice(0, steps).map(({ what }) => what);
      gaps.push({ startUs: sinceUs, endUs: nowUs, reason: 'given-up', lost: 0, detail: detail.join(', ') });
    }
    sinceUs = nowUs;
  }

  function giveUp(nowUs: number): void {
    if (nowUs - takenUpUs < tooEarlyUs) neededBelow = Math.min(windowsBelowMax, neededBelow * 2);
    tell(nowUs);
    steps++;
  }

  function takeUp(nowUs: number): void {
    tell(nowUs);
    steps--;
    takenUpUs = nowUs;
  }

  return {
    observe({ nowUs, cpuUs, memoryBytes }) {
      if (!window) window = { startUs: nowUs, cpuUs };
      const elapsedUs = nowUs - window.startUs;
      if (elapsedUs < windowUs) return false;
      const cpu = ((cpuUs - window.cpuUs) / elapsedUs) * 100;
      window = { startUs: nowUs, cpuUs };
      const isAbove = cpu > limits.cpuPercent || memoryBytes > limits.memoryBytes;
      const isBelow = cpu < limits.cpuPercent * wellBelow && memoryBytes < limits.memoryBytes * wellBelowMemory;
      shortOfMemory = memoryBytes >= limits.memoryBytes * shortMemory;
      above = isAbove ? above + 1 : 0;
      below = isBelow ? below + 1 : 0;
      if (above >= windowsAbove && steps < budgetSteps.length) {
        above = 0;
        giveUp(nowUs);
        return true;
      }
      if (below < neededBelow || steps === 0) return false;
      below = 0;
      takeUp(nowUs);
      return true;
    },
    givenUp: bits,
    isShortOfMemory() {
      const was = shortOfMemory;
      shortOfMemory = false;
      return was;
    },
    takeGaps(nowUs) {
      if (steps > 0 && nowUs - sinceUs >= pieceUs) tell(nowUs);
      const told = gaps;
      gaps = [];
      return told;
    },
  };
}
