// What the rows of one batch are read with: whose they are, the clock they count by, the times that may be kept, and what was refused.
import type { Ids } from '../store/ids.ts';
import type { Retention } from '../store/retention.ts';
import type { Accepted } from './accepted.ts';

/** How far in the future a row may lie; more than clocks differ by after the offset was applied. */
export const futureUs = 60_000_000;
const dayUs = 86_400_000_000;

export interface BatchContext {
  readonly hostId: number;
  readonly bootId: Uint8Array;
  readonly offsetUs: number;
  readonly receivedUs: number;
  readonly epoch: Uint8Array;
  readonly sequence: number;
  readonly nowUs: number;
  readonly retention: Retention;
  readonly ids: Ids;
  readonly refused: Refused;
  readonly accepted: Accepted;
  /** End of the newest segment or DNS exchange, Unix microseconds; 0 while there is none. */
  newestUs: number;
}

/** Rows that were dropped, and which span they claimed to be of. */
export interface Refused {
  invalid: number;
  clock: number;
  clockStartUs: number;
  clockEndUs: number;
}

export function noneRefused(): Refused {
  return { invalid: 0, clock: 0, clockStartUs: Infinity, clockEndUs: -Infinity };
}

export function oldestUs(context: BatchContext, table: keyof Retention): number {
  return context.nowUs - context.retention[table] * dayUs;
}

/** Whether a row of `table` at this time may be kept; counts it when not. */
export function inWindow(context: BatchContext, table: keyof Retention, unixUs: number): boolean {
  if (unixUs >= oldestUs(context, table) && unixUs <= context.nowUs + futureUs) return true;
  const { refused } = context;
  refused.clock++;
  refused.clockStartUs = Math.min(refused.clockStartUs, unixUs);
  refused.clockEndUs = Math.max(refused.clockEndUs, unixUs);
  return false;
}

export function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(Math.max(value, lowest), highest);
}
