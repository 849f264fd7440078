// What of a batch is kept, as it was decoded: for those who look at the same facts once they are committed.
import type { ProcessMinute } from '@foretop/proto';
import type { Hash64 } from '../store/siphash.ts';
import type { DecodedCard } from './cards.ts';
import type { DecodedExchange } from './dns.ts';
import type { PreparedBatch } from './prepare.ts';
import type { DecodedScan } from './scans.ts';
import type { DecodedSegment } from './segments.ts';

/** Rows of the same process in a batch share one id object. */
export interface AcceptedSegment {
  segment: DecodedSegment;
  connection: Hash64;
  process: Hash64 | null;
}

export interface AcceptedExchange {
  exchange: DecodedExchange;
  id: Hash64;
  process: Hash64 | null;
}

export interface AcceptedMinute {
  minute: Required<ProcessMinute>;
  process: Hash64;
}

export interface AcceptedCard {
  card: DecodedCard;
  /** First six and last four digits. */
  masked: string;
  issuer: string;
  comm: string;
  connection: Hash64 | null;
  process: Hash64 | null;
}

export interface Accepted {
  /** The batch's string table, not cleaned. */
  strings: readonly string[];
  segments: AcceptedSegment[];
  dns: AcceptedExchange[];
  scans: DecodedScan[];
  minutes: AcceptedMinute[];
  cards: AcceptedCard[];
}

export function noneAccepted(strings: readonly string[]): Accepted {
  return { strings, segments: [], dns: [], scans: [], minutes: [], cards: [] };
}

/** `transaction` is the one that wrote the batch, as Postgres numbers it; it only grows. */
export type CommittedListener = (prepared: PreparedBatch, transaction: bigint) => void;
