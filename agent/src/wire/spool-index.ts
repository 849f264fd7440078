// What the spool holds, as a list in order: which epochs, what precedes what, and what is lost when some go.
import { limits, type SpooledEpoch } from '@foretop/proto';
import { applyCheckpointStep, decodeCheckpointStep, type Checkpoint } from '../frame/checkpoint.ts';
import { decodeBatch, recordKinds, type BatchHeader, type FileRecord } from './spool-file.ts';
import type { SpoolFile, SpoolFiles } from './spool-files.ts';

/** Batches that will never reach the collector. */
export interface SpoolLoss {
  bootId: Uint8Array;
  /** Span of boottime. */
  startUs: number;
  endUs: number;
  rows: number;
  batches: number;
  why: 'full' | 'damaged' | 'disk-full' | 'epochs';
}

/** A batch in the spool. `order` rises from the oldest to the newest. */
export interface SpoolEntry extends BatchHeader {
  order: number;
  recordBytes: number;
}

/** Where its record is: in a file, or in memory as long as the disk does not take it. */
export type HeldEntry = SpoolEntry & { file?: SpoolFile; at?: number; memory?: Buffer };

export const epochKey = (epoch: Uint8Array) => Buffer.from(epoch).toString('hex');

/** Reads what earlier runs left. */
export function recoverIndex(storage: SpoolFiles): {
  entries: HeldEntry[];
  files: SpoolFile[];
  checkpoint: Checkpoint | undefined;
  cutBytes: number;
} {
  const entries: HeldEntry[] = [];
  let checkpoint: Checkpoint | undefined;
  const apply = (step: Uint8Array) => {
    if (step.length > 0) checkpoint = applyCheckpointStep(checkpoint, decodeCheckpointStep(step));
  };
  const { files, cutBytes } = storage.recover((file, record) => {
    if (record.kind === recordKinds.checkpoint) apply(record.content);
    else {
      const { checkpoint: step, ...header } = headerOf(record);
      entries.push({ ...header, order: entries.length + 1, recordBytes: record.bytes, file, at: record.at });
      apply(step);
    }
  });
  return { entries, files, checkpoint, cutBytes };
}

/** Copies, since a view would keep the whole file in memory. */
function headerOf({ content }: FileRecord): BatchHeader & { checkpoint: Uint8Array } {
  const { payload: _, epoch, bootId, ...rest } = decodeBatch(content);
  return { ...rest, epoch: Uint8Array.from(epoch), bootId: Uint8Array.from(bootId) };
}

/** One loss for each boot that the batches belong to. */
export function lossesOf(victims: readonly SpoolEntry[], why: SpoolLoss['why']): SpoolLoss[] {
  const losses = new Map<string, SpoolLoss>();
  for (const { bootId, startUs, endUs, rows } of victims) {
    const key = Buffer.from(bootId).toString('hex');
    const loss = losses.get(key) ?? { bootId, startUs, endUs, rows: 0, batches: 0, why };
    loss.startUs = Math.min(loss.startUs, startUs);
    loss.endUs = Math.max(loss.endUs, endUs);
    loss.rows += rows;
    loss.batches++;
    losses.set(key, loss);
  }
  return [...losses.values()];
}

/** Sequences that are not there although later ones of their epoch are: a file was damaged. */
export function missingLosses(entries: readonly SpoolEntry[]): SpoolLoss[] {
  const losses: SpoolLoss[] = [];
  const last = new Map<string, SpoolEntry>();
  for (const entry of entries) {
    const key = epochKey(entry.epoch);
    const before = last.get(key);
    last.set(key, entry);
    const batches = before ? entry.sequence - before.sequence - 1 : 0;
    if (!before || batches <= 0) continue;
    losses.push({ bootId: entry.bootId, startUs: before.endUs, endUs: entry.endUs, rows: 0, batches, why: 'damaged' });
  }
  return losses;
}

/** The batches of the oldest epochs, where there are more than a Hello may list (the running one included). */
export function beyondEpochs(entries: readonly HeldEntry[]): HeldEntry[] {
  const keys = [...new Set(entries.map(({ epoch }) => epochKey(epoch)))];
  const surplus = new Set(keys.slice(0, Math.max(0, keys.length - (limits.epochs - 1))));
  return entries.filter(({ epoch }) => surplus.has(epochKey(epoch)));
}

export function epochsOf(entries: readonly SpoolEntry[]): SpooledEpoch[] {
  const epochs = new Map<string, { epoch: Uint8Array; firstSequence: number; lastSequence: number }>();
  for (const { epoch, sequence } of entries) {
    const key = epochKey(epoch);
    const known = epochs.get(key);
    if (known) known.lastSequence = sequence;
    else epochs.set(key, { epoch, firstSequence: sequence, lastSequence: sequence });
  }
  return [...epochs.values()];
}

/** The batch of the same epoch before this one in the spool, else the last that is known to be stored. */
export function previousSequence(entries: readonly SpoolEntry[], entry: SpoolEntry, acknowledged: number): number {
  const key = epochKey(entry.epoch);
  const before = entries.findLast(({ epoch, order }) => order < entry.order && epochKey(epoch) === key);
  return before?.sequence ?? Math.min(acknowledged, entry.sequence - 1);
}
