// One entry of the host's audit: a line of JSON whose hash covers the entry before it, so that an edit or a missing line shows.
import { createHash } from 'node:crypto';

/** What happened, in the order in which it can happen. */
export type AuditEvent =
  | 'started'
  | 'pinned'
  | 'owner-changed'
  | 'owner-refused'
  | 'roster-accepted'
  | 'roster-refused'
  | 'offered'
  | 'offer-refused'
  | 'command-verified'
  | 'command-refused'
  | 'command-ended'
  | 'watch-ended'
  | 'chain-damaged';

export type AuditDetail = Record<string, string | number | boolean>;

export interface AuditEntry {
  /** 1, 2, 3 … */
  sequence: number;
  /** By the host's clock, RFC 3339; for people. */
  at: string;
  event: AuditEvent;
  detail: AuditDetail;
  /** Hash of the entry before, hex; empty for the first. */
  previous: string;
  hash: string;
}

/** Names the form, so that another one can follow it. */
const form = 'foretop-host-audit-1';
const mostTextLength = 1_024;

export function nextEntry(
  last: Pick<AuditEntry, 'sequence' | 'hash'> | undefined,
  entry: Pick<AuditEntry, 'at' | 'event' | 'detail'>,
): AuditEntry {
  const { at, event } = entry;
  const linked = {
    sequence: (last?.sequence ?? 0) + 1,
    at,
    event,
    detail: bounded(entry.detail),
    previous: last?.hash ?? '',
  };
  return { ...linked, hash: entryHash(linked) };
}

/** SHA-256, hex. The members of `detail` count in the order of their names. */
export function entryHash({ sequence, at, event, detail, previous }: Omit<AuditEntry, 'hash'>): string {
  const members = Object.keys(detail)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => [name, detail[name]]);
  const text = JSON.stringify([form, sequence, at, event, members, previous]);
  return createHash('sha256').update(text).digest('hex');
}

/** undefined when the line is none. */
export function parseEntry(line: string): AuditEntry | undefined {
  try {
    const value = JSON.parse(line) as Partial<AuditEntry> | null;
    const isWhole =
      Number.isSafeInteger(value?.sequence) &&
      [value?.at, value?.event, value?.previous, value?.hash].every((text) => typeof text === 'string') &&
      typeof value?.detail === 'object' &&
      value.detail !== null;
    return isWhole ? (value as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** What others say must not fill the disk, and must stay well-formed. */
function bounded(detail: AuditDetail): AuditDetail {
  return Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, mostTextLength).toWellFormed() : value,
    ]),
  );
}
