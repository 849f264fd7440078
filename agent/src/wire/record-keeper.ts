// Brings what the recorder has into the spool, together with what got lost on the way.
import type { GapReason } from '@foretop/proto';
import { buildBatches } from '../frame/batch-body.ts';
import type { Checkpoint } from '../frame/checkpoint.ts';
import type { RecordedGap } from '../frame/gap-ledger.ts';
import type { Recorder } from '../frame/recorder.ts';
import type { Clock } from '../host/clock.ts';
import type { ClockOffset } from './clock-offset.ts';
import type { Spool } from './spool.ts';
import type { SpoolLoss } from './spool-index.ts';

export interface RecordKeeper {
  /** Batches that are gone: told with the next flush. */
  addLoss(loss: SpoolLoss): void;
  flush(final: boolean): void;
}

export interface RecordKeeperOptions {
  recorder: Recorder;
  spool: Spool;
  clock: Clock;
  bootId: Uint8Array;
  offset: ClockOffset;
}

const whyTexts: Record<SpoolLoss['why'], string> = {
  full: 'the spool was full',
  damaged: 'the spool was damaged',
  'disk-full': 'the disk took no more and memory was full',
  epochs: 'the agent had started too many times without being connected',
};

export function createRecordKeeper({ recorder, spool, clock, bootId, offset }: RecordKeeperOptions): RecordKeeper {
  let losses: SpoolLoss[] = [];
  let earlier = isOtherBoot(spool.checkpoint, bootId) ? spool.checkpoint : undefined;
  const wallOffsetUs = () => clock.wallUs() - clock.boottimeUs();

  /** A gap of an earlier boot has its own batch, since a body's times all belong to one boot. */
  function recordIn(boot: Uint8Array, gap: RecordedGap): void {
    if (Buffer.compare(boot, bootId) === 0) return recorder.addGap(gap);
    const none = { processes: [], segments: [], processMinutes: [], metrics: [], dnsExchanges: [], scans: [] };
    const rows = { ...none, gaps: [gap] };
    for (const batch of buildBatches(rows, { bootId: boot, nowUs: gap.endUs })) {
      spool.append({ ...batch, checkpoint: new Uint8Array() }, wallOffsetUs());
    }
  }

  /** From the last sign of life before the machine went down until it came up, once the collector told both on its clock. */
  function recordDowntime(): void {
    const nowUs = offset.currentUs();
    const thenUs = earlier && offset.ofBootUs(earlier.bootId);
    if (!earlier || nowUs === undefined || thenUs === undefined) return;
    const { aliveUs, bootId: boot } = earlier;
    earlier = undefined;
    const endUs = nowUs - thenUs;
    if (endUs > aliveUs) {
      recordIn(boot, {
        startUs: aliveUs,
        endUs,
        reason: 'agent-stopped',
        lost: 0,
        detail: 'until the machine started again',
      });
    }
  }

  return {
    addLoss: (loss) => losses.push(loss),
    flush(final) {
      const told = losses;
      losses = [];
      for (const loss of told) recordIn(loss.bootId, gapOf(loss));
      recordDowntime();
      for (const batch of recorder.flush(final)) spool.append(batch, wallOffsetUs());
      spool.mark(recorder.mark());
      if (spool.isFileFull()) spool.rotate(recorder.snapshot());
    },
  };
}

function isOtherBoot(checkpoint: Checkpoint | undefined, bootId: Uint8Array): boolean {
  return checkpoint !== undefined && Buffer.compare(checkpoint.bootId, bootId) !== 0;
}

function gapOf({ startUs, endUs, rows, batches, why }: SpoolLoss): RecordedGap {
  const reason: GapReason = 'spool-overflow';
  return { startUs, endUs, reason, lost: rows, detail: `${batches} batches: ${whyTexts[why]}` };
}
