// DNS exchanges on their way to the collector: as they are, or folded when a process repeats itself.
import { limits } from '@foretop/proto';
import type { Tick, TrackedDns } from '../collect/tick.ts';

export interface DnsRow extends TrackedDns {
  /** How many equal exchanges this row stands for. */
  count: number;
}

export interface DnsRecords {
  observe(tick: Tick): void;
  /** The rows since the last flush; `lost` counts exchanges that the cap cut. */
  take(): { rows: DnsRow[]; lost: number };
}

/** Of more equal exchanges in one flush, one row is made: a program that asks in a loop. */
const foldAbove = 20;
/** Exchanges waiting for a flush: five seconds of 4,000 a second. */
const waitingMax = limits.batchRows;

export function createDnsRecords(): DnsRecords {
  let waiting: DnsRow[] = [];
  let folded = new Map<string, { rows: number; last: DnsRow }>();
  let lost = 0;

  function note(entry: TrackedDns): void {
    const key = keyOf(entry);
    const group = folded.get(key);
    if (group && group.rows >= foldAbove) {
      group.last.count++;
      return;
    }
    if (waiting.length >= waitingMax) {
      lost++;
      return;
    }
    const row = { ...entry, count: 1 };
    waiting.push(row);
    folded.set(key, { rows: (group?.rows ?? 0) + 1, last: row });
  }

  return {
    observe: (tick) => tick.dns?.forEach(note),
    take() {
      const result = { rows: waiting, lost };
      waiting = [];
      folded = new Map();
      lost = 0;
      return result;
    },
  };
}

/** What two exchanges must share to be told in one row; the row keeps the time and the latency of its first. */
function keyOf({ exchange: e, pid }: TrackedDns): string {
  const outcome = e.answered ? `${e.rcode} ${e.addresses.map((address) => address.join('.')).join()}` : '-';
  return `${pid} ${e.role} ${e.transport} ${e.type} ${e.name} ${e.peerAddress.join('.')} ${e.peerPort} ${outcome}`;
}
