// How a command ended, in the terms of its receipt.
import type { Outcome, RefusalCode } from '@foretop/proto/trust';

export interface Ending {
  outcome: Outcome;
  /** Empty unless something was refused. */
  code: RefusalCode | '';
  /** For people. */
  detail: string;
}

/** Tells whoever waits what is being done: one sentence. */
export type Say = (sentence: string) => void;
