// Sealed batches on their way to the collector, on disk until they are acknowledged: in order, bounded, surviving a crash.
import { compressBatch, type SealedBatch, type SpooledEpoch } from '@foretop/proto';
import type { RecordedBatch } from '../frame/batch-body.ts';
import { encodeCheckpointStep, type Checkpoint } from '../frame/checkpoint.ts';
import {
  decodeBatch,
  encodeBatchRecord,
  encodeRecord,
  readRecord,
  recordKinds,
  type FileRecord,
} from './spool-file.ts';
import { openSpoolFiles, type SpoolFile } from './spool-files.ts';
import {
  beyondEpochs,
  epochKey,
  epochsOf,
  lossesOf,
  missingLosses,
  previousSequence,
  recoverIndex,
  type HeldEntry,
  type SpoolEntry,
  type SpoolLoss,
} from './spool-index.ts';

export interface SpoolOptions {
  directory: string;
  /** 8 random bytes, new for each start. */
  epoch: Uint8Array;
  onLoss: (loss: SpoolLoss) => void;
  /** The disk stopped taking batches (the error), or takes them again (undefined). */
  onDisk: (error: Error | undefined) => void;
  maxBytes?: number;
  fileBytes?: number;
  memoryBytes?: number;
}

export interface SpoolCounters {
  batches: number;
  bytes: number;
  /** Held in memory because the disk does not take them. */
  memoryBatches: number;
  droppedBatches: number;
  droppedRows: number;
}

export interface Spool extends Disposable {
  /** What an earlier run had emitted. */
  readonly checkpoint: Checkpoint | undefined;
  /** Bytes cut off damaged or torn files at the start. */
  readonly cutBytes: number;
  append(batch: RecordedBatch, wallOffsetUs: number): void;
  /** Stores a checkpoint step without a batch. */
  mark(step: Uint8Array): void;
  /** Whether a new file is due: call `rotate` with a checkpoint that stands alone. */
  isFileFull(): boolean;
  rotate(snapshot: Uint8Array): void;
  epochs(): SpooledEpoch[];
  /** The oldest batch after `order`. */
  next(order: number): SpoolEntry | undefined;
  /** Ready to send but for the clocks; undefined when it turns out damaged (and is dropped). */
  read(entry: SpoolEntry): SealedBatch | undefined;
  /** Everything of the epoch up to and including the sequence may go. */
  acknowledge(epoch: Uint8Array, sequence: number): void;
  counters(): SpoolCounters;
}

const maxBytesDefault = 256 << 20;
const fileBytesDefault = 8 << 20;
const memoryBytesDefault = 16 << 20;

/**
 * At its bound the spool drops its oldest file; while the disk takes nothing, the oldest batch in memory. Each file begins
 * with a checkpoint that stands alone, so an older one may go without a thought. The bound may be overstepped by what one
 * flush adds.
 */
export function openSpool(options: SpoolOptions): Spool {
  const { epoch, maxBytes = maxBytesDefault, memoryBytes = memoryBytesDefault } = options;
  const fileBytes = Math.min(options.fileBytes ?? fileBytesDefault, Math.ceil(maxBytes / 4));
  const storage = openSpoolFiles(options.directory);
  const recovered = recoverIndex(storage);
  let { entries, files } = recovered;
  let head = encodeRecord(recordKinds.checkpoint, fullStep(recovered.checkpoint));
  let current: SpoolFile | undefined;
  let diskTrouble = false;
  /** Batches went, by acknowledgement or as a loss, whose checkpoint steps never reached the disk. */
  let isCheckpointBehind = false;
  let order = entries.length;
  let sequence = 0;
  const acknowledged = new Map<string, number>();
  const dropped = { batches: 0, rows: 0 };

  const held = () => entries.filter(({ memory }) => memory);
  const filesBytes = () => files.reduce((sum, { bytes }) => sum + bytes, 0);

  function report(losses: SpoolLoss[]): void {
    for (const loss of losses) {
      dropped.batches += loss.batches;
      dropped.rows += loss.rows;
      options.onLoss(loss);
    }
  }

  function drop(list: HeldEntry[], why: SpoolLoss['why']): void {
    const victims = new Set(list);
    isCheckpointBehind ||= list.some(({ memory }) => memory);
    entries = entries.filter((entry) => !victims.has(entry));
    report(lossesOf(list, why));
  }

  /** Files without a batch go, once their checkpoint stands in a newer one. */
  function sweep(): void {
    if (!current) return;
    const needed = new Set(entries.map(({ file }) => file)).add(current);
    for (const file of files) if (!needed.has(file)) storage.remove(file);
    files = files.filter((file) => needed.has(file));
  }

  function makeRoom(bytes: number): void {
    while (filesBytes() + bytes > maxBytes) {
      const oldest = files[0];
      if (!oldest || oldest === current) return;
      drop(
        entries.filter(({ file }) => file === oldest),
        'full',
      );
      sweep();
    }
  }

  /** Runs a write; a failure is told once, and once more when it is over. */
  function onDisk(write: () => void): void {
    let failure: Error | undefined;
    try {
      write();
    } catch (error) {
      failure = error as Error;
    }
    if (diskTrouble !== (failure !== undefined)) options.onDisk(failure);
    diskTrouble = failure !== undefined;
  }

  function begin(): void {
    const number = (files.at(-1)?.number ?? 0) + 1;
    try {
      current = storage.begin(number, head);
      files.push(current);
    } catch (error) {
      if (!current || !isWorthReusing(current)) throw error;
      storage.restart(current, head);
    }
    sweep();
  }

  /** On a full disk the room of a file whose batches are all acknowledged is the only one there is. */
  const isWorthReusing = (file: SpoolFile) =>
    head.length * 2 < file.bytes && !entries.some((entry) => entry.file === file);

  function store(entry: HeldEntry): void {
    if (!current) begin();
    makeRoom(entry.recordBytes);
    entry.at = storage.append(current!, entry.memory!);
    entry.file = current;
    delete entry.memory;
  }

  function boundMemory(): void {
    const waiting = held();
    let bytes = waiting.reduce((sum, { recordBytes }) => sum + recordBytes, 0);
    const victims: HeldEntry[] = [];
    for (const entry of waiting) {
      if (bytes <= memoryBytes) break;
      bytes -= entry.recordBytes;
      victims.push(entry);
    }
    if (victims.length > 0) drop(victims, 'disk-full');
  }

  function readFrom({ file, at, memory, recordBytes }: HeldEntry): FileRecord | undefined {
    try {
      return memory ? readRecord(memory, 0) : storage.read(file!, at!, recordBytes);
    } catch {
      return undefined;
    }
  }

  drop(beyondEpochs(entries), 'epochs');
  report(missingLosses(entries));
  onDisk(begin);

  return {
    checkpoint: recovered.checkpoint,
    cutBytes: recovered.cutBytes,
    append({ body, bootId, rows, startUs, endUs, checkpoint }, wallOffsetUs) {
      const header = {
        epoch,
        bootId,
        sequence: ++sequence,
        wallOffsetUs,
        startUs,
        endUs,
        bodyBytes: body.length,
        rows,
      };
      const memory = encodeBatchRecord({ ...header, payload: compressBatch(body), checkpoint });
      entries.push({ ...header, order: ++order, recordBytes: memory.length, memory });
      onDisk(() => held().forEach(store));
      boundMemory();
    },
    mark(step) {
      onDisk(() => {
        if (!current) begin();
        storage.append(current!, encodeRecord(recordKinds.checkpoint, step));
      });
    },
    isFileFull: () => isCheckpointBehind || (current?.bytes ?? 0) >= fileBytes,
    rotate(snapshot) {
      head = encodeRecord(recordKinds.checkpoint, snapshot);
      onDisk(() => {
        begin();
        isCheckpointBehind = false;
        held().forEach(store);
      });
    },
    epochs: () => epochsOf(entries),
    next: (after) => entries.find((entry) => entry.order > after),
    read(entry) {
      const record = readFrom(entry);
      if (!record) {
        drop([entry], 'damaged');
        return undefined;
      }
      const { epoch, sequence, bootId, wallOffsetUs, bodyBytes, payload } = decodeBatch(record.content);
      const previous = previousSequence(entries, entry, acknowledged.get(epochKey(epoch)) ?? 0);
      return { epoch, sequence, previousSequence: previous, payload, payloadBytes: bodyBytes, bootId, wallOffsetUs };
    },
    acknowledge(of, upTo) {
      const key = epochKey(of);
      acknowledged.set(key, Math.max(upTo, acknowledged.get(key) ?? 0));
      const isDone = (entry: HeldEntry) => entry.sequence <= upTo && epochKey(entry.epoch) === key;
      isCheckpointBehind ||= entries.some((entry) => entry.memory && isDone(entry));
      entries = entries.filter((entry) => !isDone(entry));
      sweep();
    },
    counters: () => ({
      batches: entries.length,
      bytes: filesBytes(),
      memoryBatches: held().length,
      droppedBatches: dropped.batches,
      droppedRows: dropped.rows,
    }),
    [Symbol.dispose]() {
      onDisk(() => held().forEach(store));
      storage.close();
    },
  };
}

/** Empty where there is nothing to remember. */
function fullStep(checkpoint: Checkpoint | undefined): Uint8Array {
  if (!checkpoint) return new Uint8Array();
  const { bootId, aliveUs, entries } = checkpoint;
  return encodeCheckpointStep({ bootId, aliveUs, full: true, entries: [...entries.values()], ended: [] });
}
