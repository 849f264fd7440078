// The record lane from ticks to batches: everything that is kept passes through here.
import { buildBatches, type RecordedBatch } from './batch-body.ts';
import { createCardRecords } from './card-records.ts';
import { encodeCheckpointStep, type Checkpoint } from './checkpoint.ts';
import { createDnsRecords } from './dns-records.ts';
import { createGapLedger, type RecordedGap } from './gap-ledger.ts';
import { createMetrics } from './metrics.ts';
import { createProcessMinutes } from './process-minutes.ts';
import { createProcessRecords } from './process-records.ts';
import { createScanRecords } from './scan-records.ts';
import { createSegments, stallUs } from './segments.ts';
import { createWatchMetrics, type ProbeReading } from './watch-metrics.ts';
import type { TrackedCard } from '../collect/clear-text.ts';
import type { Tick } from '../collect/tick.ts';

export interface Recorder {
  observe(tick: Tick): void;
  /** An attempt of a watch. */
  observeProbe(reading: ProbeReading): void;
  /** Card numbers that were seen, masked. */
  observeCards(cards: readonly TrackedCard[]): void;
  /** What is due since the last flush; `final` gives every open connection its row and ends every chunk. */
  flush(final: boolean): RecordedBatch[];
  addGap(gap: RecordedGap): void;
  /** A checkpoint that stands alone, valid right after the batches of the last flush. */
  snapshot(): Uint8Array;
  /** A checkpoint step that says only: alive. */
  mark(): Uint8Array;
  /** Seconds before this tick in which nobody looked. */
  missedSeconds(tick: Tick): number;
  /** Rows that the cap cut, since the start. */
  lostRows(): number;
}

export interface RecorderOptions {
  bootId: Uint8Array;
  /** The best known (collector's clock - boottime). */
  offsetUs: () => number;
  /** What an earlier run of the agent left. */
  checkpoint?: Checkpoint;
}

export function createRecorder({ bootId, offsetUs, checkpoint }: RecorderOptions): Recorder {
  const sameBoot = checkpoint !== undefined && Buffer.compare(checkpoint.bootId, bootId) === 0;
  const segments = createSegments(sameBoot ? { restored: checkpoint } : {});
  const metrics = createMetrics(offsetUs);
  const watchMetrics = createWatchMetrics(offsetUs);
  const processRecords = createProcessRecords();
  const processMinutes = createProcessMinutes(offsetUs);
  const dnsRecords = createDnsRecords();
  const scanRecords = createScanRecords();
  const cardRecords = createCardRecords();
  const gaps = createGapLedger();
  let nowUs = 0;
  let flushedUs = 0;
  let lostRows = 0;

  function begin(tick: Tick): void {
    flushedUs = tick.boottimeUs;
    if (!checkpoint) return;
    const startUs = sameBoot ? checkpoint.aliveUs : 0;
    const detail = sameBoot
      ? 'per-second samples of up to a minute before it are missing too'
      : 'since the machine started';
    gaps.add({ startUs, endUs: tick.boottimeUs, reason: 'agent-stopped', lost: 0, detail });
  }

  function capped(lost: number, detail: string): void {
    if (lost === 0) return;
    lostRows += lost;
    gaps.add({ startUs: flushedUs, endUs: nowUs, reason: 'rows-capped', lost, detail });
  }

  const step = (full: boolean) =>
    encodeCheckpointStep({ bootId, aliveUs: nowUs, full, entries: full ? segments.snapshot() : [], ended: [] });

  return {
    observe(tick) {
      if (nowUs === 0) begin(tick);
      nowUs = tick.boottimeUs;
      segments.observe(tick);
      metrics.observe(tick);
      processRecords.observe(tick);
      processMinutes.observe(tick);
      dnsRecords.observe(tick);
      scanRecords.observe(tick);
      gaps.observe(tick);
    },
    observeProbe: (reading) => watchMetrics.add(reading),
    observeCards: (cards) => cardRecords.add(cards),
    flush(final) {
      const { rows, lost } = segments.flush(nowUs, final);
      const dns = dnsRecords.take();
      const cards = cardRecords.take();
      capped(lost, 'connections that closed');
      capped(dns.lost, 'DNS exchanges');
      capped(cards.lost, 'card numbers');
      flushedUs = nowUs;
      return buildBatches(
        {
          gaps: gaps.take(final),
          processes: processRecords.take(),
          segments: rows,
          processMinutes: processMinutes.take(final),
          metrics: [...metrics.take(final), ...watchMetrics.take(nowUs, final)],
          dnsExchanges: dns.rows,
          scans: scanRecords.take(),
          cards: cards.rows,
        },
        { bootId, nowUs },
      );
    },
    addGap: (gap) => gaps.add(gap),
    snapshot: () => step(true),
    mark: () => step(false),
    missedSeconds: ({ boottimeUs, previousUs }) =>
      boottimeUs - previousUs > stallUs ? Math.round((boottimeUs - previousUs) / 1_000_000) - 1 : 0,
    lostRows: () => lostRows,
  };
}
