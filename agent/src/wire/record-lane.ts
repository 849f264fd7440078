// The record lane of one connection: batches go out in order, a few at a time, and leave the spool when acknowledged.
import { limits, ProtocolError, type Ack, type AgentFrame, type ClockReading } from '@foretop/proto';
import type { Logger } from 'pino';
import type { ClockOffset } from './clock-offset.ts';
import type { Spool } from './spool.ts';
import { epochKey } from './spool-index.ts';

export interface RecordLane {
  /** The collector said which batches it has. */
  open(acknowledged: readonly Ack[], maxInflight: number): void;
  /** As far as the window and the pace allow; to be called at least once a second. */
  pump(): void;
  /** Throws ProtocolError for a batch that was not sent. */
  acknowledge(ack: Ack): void;
  isDrained(): boolean;
}

export interface RecordLaneOptions {
  spool: Spool;
  offset: ClockOffset;
  send: (frame: AgentFrame) => boolean;
  readClock: () => ClockReading;
  log: Logger;
}

/** A full spool drains in minutes without taking a collector's share from other hosts, or its budget of frames a second. */
const batchesPerSecond = 50;

export function createRecordLane({ spool, offset, send, readClock, log }: RecordLaneOptions): RecordLane {
  let windowSize = 0;
  let sentOrder = 0;
  let second = 0;
  let sentInSecond = 0;
  let inflight: { epoch: string; sequence: number }[] = [];
  /** The highest sequence of each epoch that the collector may name. */
  const sent = new Map<string, number>();

  function mayPass(): boolean {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) sentInSecond = 0;
    second = now;
    return sentInSecond < batchesPerSecond;
  }

  function take(ack: Ack): { epoch: string; sequence: number } {
    const { epoch, sequence } = ack;
    if (epoch?.length !== 8 || !Number.isSafeInteger(sequence)) {
      throw new ProtocolError('malformed-frame', 'Ack without an epoch of 8 bytes and a sequence');
    }
    spool.acknowledge(epoch, sequence!);
    return { epoch: epochKey(epoch), sequence: sequence! };
  }

  return {
    open(acknowledged, maxInflight) {
      windowSize = Math.min(limits.inflightBatches, Math.max(1, maxInflight));
      for (const ack of acknowledged) {
        const { epoch, sequence } = take(ack);
        sent.set(epoch, sequence);
      }
    },
    pump() {
      while (inflight.length < windowSize && mayPass()) {
        const entry = spool.next(sentOrder);
        if (!entry) return;
        sentOrder = entry.order;
        const batch = spool.read(entry);
        if (!batch) continue;
        const bootOffsetUs = offset.ofBootUs(entry.bootId) ?? 0;
        if (!send({ batch: { ...batch, bootOffsetUs, clock: readClock() } })) return;
        sentInSecond++;
        const epoch = epochKey(entry.epoch);
        inflight.push({ epoch, sequence: entry.sequence });
        sent.set(epoch, entry.sequence);
      }
    },
    acknowledge(ack) {
      const highest = sent.get(epochKey(ack.epoch ?? new Uint8Array()));
      if (highest === undefined || (ack.sequence ?? 0) > highest) {
        throw new ProtocolError('unexpected-frame', `Ack for batch ${ack.sequence ?? 0}, which was not sent`);
      }
      const { epoch, sequence } = take(ack);
      inflight = inflight.filter((batch) => batch.epoch !== epoch || batch.sequence > sequence);
      for (const quarantined of ack.quarantined ?? []) {
        log.warn(
          { event: 'batch-quarantined', epoch, sequence: quarantined },
          'The collector set a batch aside: it could not be stored.',
        );
      }
    },
    isDrained: () => inflight.length === 0 && spool.next(sentOrder) === undefined,
  };
}
