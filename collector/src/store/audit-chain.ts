// The audit's hash chain: each entry's hash covers the entry and the hash before it, so an edit or a missing entry shows.
import { createHash } from 'node:crypto';

export type AuditDetail = Record<string, string | number | boolean | null>;
export type AuditOutcome = 'done' | 'refused' | 'failed';

/** What is hashed of an entry. */
export interface ChainEntry {
  /** 1, 2, 3 … */
  sequence: number;
  /** RFC 3339 in UTC with six decimals. */
  at: string;
  actor: string;
  action: string;
  hostId: number | null;
  detail: AuditDetail;
  outcome: AuditOutcome;
  /** Hex; empty for the first entry. */
  previousHash: string;
}

/** An entry as it is stored. */
export interface LinkedEntry extends ChainEntry {
  /** Hex. */
  hash: string;
}

/** Names the form, so that another one can follow it. Released ones are never changed: hashes and migrations stand on them. */
const form = 'foretop-audit-entry-1';

/** SHA-256, hex, of the canonical form: one JSON array without spaces, the names of `detail` in the order of their code units. */
export function entryHash(entry: ChainEntry): string {
  const { sequence, at, actor, action, hostId, detail, outcome, previousHash } = entry;
  const pairs = Object.keys(detail)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => [name, detail[name]]);
  const canonical = JSON.stringify([form, sequence, at, actor, action, hostId, pairs, outcome, previousHash]);
  return createHash('sha256').update(canonical).digest('hex');
}

export interface ChainFault {
  sequence: number;
  /** edited: its contents do not fit its hash. unlinked: it does not continue the entry before. missing: it is not there. */
  kind: 'edited' | 'unlinked' | 'missing';
}

const mostFaults = 100;

/** Follows a chain from its first entry on. */
export class ChainCheck {
  /** The first hundred. */
  readonly faults: ChainFault[] = [];
  /** Of the last entry that was given. */
  sequence = 0;
  hash = '';

  /** Entries must come in the order of their sequence. */
  next(entry: LinkedEntry): void {
    const expected = this.sequence + 1;
    if (entry.sequence > expected) this.#fault(expected, 'missing');
    else if (entry.sequence < expected || entry.previousHash !== this.hash) this.#fault(entry.sequence, 'unlinked');
    if (entryHash(entry) !== entry.hash) this.#fault(entry.sequence, 'edited');
    this.sequence = entry.sequence;
    this.hash = entry.hash;
  }

  #fault(sequence: number, kind: ChainFault['kind']): void {
    if (this.faults.length < mostFaults) this.faults.push({ sequence, kind });
  }
}
