// What ingest has done since the start.
import type { IngestResult } from './batch.ts';
import type { PreparedBatch } from './prepare.ts';

const counterOf = {
  committed: 'batchesCommitted',
  duplicate: 'batchesDuplicate',
  quarantined: 'batchesQuarantined',
  'sequence-gap': 'batchesOutOfSequence',
} as const satisfies Record<IngestResult, string>;

export class IngestCounters {
  batchesCommitted = 0;
  batchesDuplicate = 0;
  batchesQuarantined = 0;
  batchesOutOfSequence = 0;
  batchesRefused = 0;
  rowsCommitted = 0;
  dnsRowsCommitted = 0;
  scanRowsCommitted = 0;
  rowsInvalid = 0;
  rowsOutsideClock = 0;
  commits = 0;
  commitFailures = 0;

  count(result: IngestResult, { rows, dnsRows, scanRows, refused }: PreparedBatch): void {
    this[counterOf[result]]++;
    if (result !== 'committed') return;
    this.rowsCommitted += rows;
    this.dnsRowsCommitted += dnsRows;
    this.scanRowsCommitted += scanRows;
    this.rowsInvalid += refused.invalid;
    this.rowsOutsideClock += refused.clock;
  }
}
