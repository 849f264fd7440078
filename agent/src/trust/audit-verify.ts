// Follows a host's audit from its oldest entry on, and holds it against heads that others have kept.
import { existsSync, readFileSync } from 'node:fs';
import { peekStatement, type PublicJwk, readStatement, StatementError, thumbprint } from '@foretop/proto/trust';
import { auditFile, auditFiles } from './audit-chain.ts';
import { type AuditEntry, entryHash, parseEntry } from './audit-entry.ts';

export interface AuditReport {
  entries: number;
  /** Of the oldest entry that is kept; above 1, older ones were rotated out. 0 = there is none. */
  first: number;
  last: number;
  /** Heads that were found in the chain. */
  confirmed: number;
  /** Heads of entries that are older than the oldest kept. */
  tooOld: number;
  /** Heads that another key signed: of other hosts, or of a collector. */
  others: number;
  faults: string[];
}

const mostFaults = 100;
const statementForm = /eyJ[\w-]+\.[\w-]+\.[\w-]{86}/g;

/** All entries that are kept, the oldest first; lines that are none are told to `onFault`. */
export function readAudit(path: string, onFault: (fault: string) => void): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let number = auditFiles - 1; number >= 0; number--) {
    const file = auditFile(path, number);
    if (!existsSync(file)) continue;
    for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
      const entry = line === '' ? undefined : parseEntry(line);
      if (entry) entries.push(entry);
      else if (line !== '') onFault(`${file}, line ${index + 1}: not an entry`);
    }
  }
  return entries;
}

/** `heads`: any text with statements in it, such as the journal or a collector's export. `key`: this host's. */
export async function verifyAudit(path: string, heads: string, key: PublicJwk): Promise<AuditReport> {
  const faults: string[] = [];
  const fault = (text: string) => void (faults.length < mostFaults && faults.push(text));
  const entries = readAudit(path, fault);
  checkLinks(entries, fault);
  const [first, last] = [entries[0]?.sequence ?? 0, entries.at(-1)?.sequence ?? 0];
  const report = { entries: entries.length, first, last, confirmed: 0, tooOld: 0, others: 0, faults };
  const hashes = new Map(entries.map(({ sequence, hash }) => [sequence, hash]));
  const own = await thumbprint(key);
  for (const text of new Set(heads.match(statementForm))) {
    if (issuerOf(text) !== own) {
      report.others++;
      continue;
    }
    const head = await headOf(text, key, fault);
    if (head === undefined) continue;
    if (head.sequence > last) fault(`entry ${head.sequence} was there once, and the chain ends at ${last}`);
    else if (head.sequence < first) report.tooOld++;
    else if (hashes.get(head.sequence) === head.hash) report.confirmed++;
    else fault(`entry ${head.sequence} is not the one that was there when its head was signed`);
  }
  return report;
}

function checkLinks(entries: readonly AuditEntry[], fault: (text: string) => void): void {
  let before: AuditEntry | undefined;
  for (const entry of entries) {
    const { sequence } = entry;
    if (entryHash(entry) !== entry.hash) fault(`entry ${sequence} was edited`);
    if (before && sequence !== before.sequence + 1) fault(`entry ${sequence} follows entry ${before.sequence}`);
    else if (before ? entry.previous !== before.hash : sequence === 1 && entry.previous !== '')
      fault(`entry ${sequence} does not continue the one before it`);
    before = entry;
  }
}

/** undefined: another key signed it in the name of this one. */
async function headOf(text: string, key: PublicJwk, fault: (text: string) => void) {
  try {
    return await readStatement('auditHead', text, key);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    fault(`a head that names this host is not of it: ${error.message}`);
    return undefined;
  }
}

/** undefined: it is another kind of statement. */
function issuerOf(text: string): string | undefined {
  try {
    return peekStatement('auditHead', text).iss;
  } catch {
    return undefined;
  }
}
