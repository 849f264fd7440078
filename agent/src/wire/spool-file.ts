// The format of a spool file: records with a checksum each, so that a torn or damaged tail is found and cut.
//
//   file    = "FTSPOOL1" record*
//   record  = length u32, crc32 u32 over (length, kind, content), kind u8, content[length]      little-endian
//   batch   = epoch[8] boot id[16] sequence f64 wallOffsetUs f64 startUs f64 endUs f64
//             bodyBytes u32 rows u32 payloadLength u32 payload[payloadLength] checkpoint step (the rest, may be empty)
import { crc32 } from 'node:zlib';

export const fileMagic = Buffer.from('FTSPOOL1');
export const recordKinds = { batch: 1, checkpoint: 2 } as const;
export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

const recordHeaderBytes = 9;
const batchHeaderBytes = 68;

/** What is known of a sealed batch without its payload. */
export interface BatchHeader {
  /** 8 bytes. */
  epoch: Uint8Array;
  /** 16 bytes. */
  bootId: Uint8Array;
  sequence: number;
  /** The host's wall clock - boottime when it was sealed. */
  wallOffsetUs: number;
  /** Span of boottime that is not known when it is lost. */
  startUs: number;
  endUs: number;
  /** Size of the BatchBody before compression. */
  bodyBytes: number;
  rows: number;
}

export interface BatchRecord extends BatchHeader {
  /** zstd of a BatchBody. */
  payload: Uint8Array;
  checkpoint: Uint8Array;
}

export interface FileRecord {
  kind: RecordKind;
  /** Where the record begins in the file, and its whole length. */
  at: number;
  bytes: number;
  content: Buffer;
}

export function encodeRecord(kind: RecordKind, content: Uint8Array): Buffer {
  const record = Buffer.alloc(recordHeaderBytes + content.length);
  record.writeUInt32LE(content.length, 0);
  record.writeUInt8(kind, 8);
  record.set(content, recordHeaderBytes);
  record.writeUInt32LE(checksum(record), 4);
  return record;
}

/** Every good record up to the first bad one; `goodBytes` is where that begins. A file without the magic has none. */
export function scanFile(file: Buffer): { records: FileRecord[]; goodBytes: number } {
  const records: FileRecord[] = [];
  if (!file.subarray(0, fileMagic.length).equals(fileMagic)) return { records, goodBytes: 0 };
  let at = fileMagic.length;
  for (;;) {
    const record = readRecord(file, at);
    if (!record) return { records, goodBytes: at };
    records.push(record);
    at += record.bytes;
  }
}

/** The record at `at`, or undefined when it is cut short, damaged or of no known kind. */
export function readRecord(file: Buffer, at: number): FileRecord | undefined {
  if (file.length - at < recordHeaderBytes) return undefined;
  const bytes = recordHeaderBytes + file.readUInt32LE(at);
  if (file.length - at < bytes) return undefined;
  const record = file.subarray(at, at + bytes);
  if (checksum(record) !== record.readUInt32LE(4)) return undefined;
  const kind = record.readUInt8(8);
  if (kind !== recordKinds.batch && kind !== recordKinds.checkpoint) return undefined;
  return { kind, at, bytes, content: record.subarray(recordHeaderBytes) };
}

function checksum(record: Buffer): number {
  return crc32(record.subarray(8), crc32(record.subarray(0, 4)));
}

export function encodeBatchRecord(batch: BatchRecord): Buffer {
  const header = Buffer.alloc(batchHeaderBytes);
  header.set(batch.epoch, 0);
  header.set(batch.bootId, 8);
  header.writeDoubleLE(batch.sequence, 24);
  header.writeDoubleLE(batch.wallOffsetUs, 32);
  header.writeDoubleLE(batch.startUs, 40);
  header.writeDoubleLE(batch.endUs, 48);
  header.writeUInt32LE(batch.bodyBytes, 56);
  header.writeUInt32LE(batch.rows, 60);
  header.writeUInt32LE(batch.payload.length, 64);
  return encodeRecord(recordKinds.batch, Buffer.concat([header, batch.payload, batch.checkpoint]));
}

/** The content of a batch record; views into it, not copies. */
export function decodeBatch(content: Buffer): BatchRecord {
  const payloadEnd = batchHeaderBytes + content.readUInt32LE(64);
  return {
    epoch: content.subarray(0, 8),
    bootId: content.subarray(8, 24),
    sequence: content.readDoubleLE(24),
    wallOffsetUs: content.readDoubleLE(32),
    startUs: content.readDoubleLE(40),
    endUs: content.readDoubleLE(48),
    bodyBytes: content.readUInt32LE(56),
    rows: content.readUInt32LE(60),
    payload: content.subarray(batchHeaderBytes, payloadEnd),
    checkpoint: content.subarray(payloadEnd),
  };
}
