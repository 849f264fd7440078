// One file of a replay: what it is, when it begins, and its records in order.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CaptureRecords } from './capture/capture-records.ts';
import { LineSplitter } from './lines.ts';
import { type LogFormat, logFormatOf, LogReader } from './log-reader.ts';
import { newReading, type Reading, type ReplayRecord, UnreadableInput } from './record.ts';
import { Reorder } from './reorder.ts';

export type InputFormat = 'capture' | LogFormat;

const chunkBytes = 262_144;
/** Enough for the first line of any log. */
const headBytes = 16_384;
/** Records that are looked ahead for one that belongs before. */
const lookahead = 50_000;

const captureMagics = new Set(['0a0d0d0a', 'a1b2c3d4', 'd4c3b2a1', 'a1b23c4d', '4d3cb2a1', 'a1b2cd34', '34cdb2a1']);

/** Undoes gzip and zstd, known by their first bytes. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const unpack = await unpackerOf(path);
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  if (unpack) file.on('error', (error) => unpack.destroy(error));
  try {
    yield* (unpack ? file.pipe(unpack) : file) as AsyncIterable<Uint8Array>;
  } finally {
    unpack?.destroy();
    file.destroy();
  }
}

async function unpackerOf(path: string): Promise<Transform | undefined> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
  const magic = buffer.subarray(0, bytesRead).toString('hex');
  if (magic.startsWith('1f8b')) return createGunzip({ chunkSize: chunkBytes });
  return magic === '28b52ffd' ? createZstdDecompress({ chunkSize: chunkBytes }) : undefined;
}

/** @returns undefined for what no reader knows. */
export async function formatOf(path: string): Promise<InputFormat | undefined> {
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of bytesOf(path)) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= headBytes) break;
    }
  } catch (error) {
    // What came before it broke off may do.
    if (head.length === 0) throw new UnreadableInput(path, `It cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  if (head.length === 0) throw new UnreadableInput(path, 'It is empty.');
  if (captureMagics.has(head.subarray(0, 4).toString('hex'))) return 'capture';
  return logFormatOf(head.toString('utf8'));
}

/** When its first records are from; Infinity when it has none. */
export async function startOf(path: string, format: InputFormat): Promise<number> {
  const reading = newReading();
  for await (const _ of rawRecords(path, format, '', reading)) if (reading.firstUs !== undefined) break;
  return reading.firstUs ?? Infinity;
}

/** In order, as far as `lookahead` reaches. */
export async function* recordsOf(
  path: string,
  format: InputFormat,
  prefix: string,
  reading: Reading,
): AsyncGenerator<readonly ReplayRecord[]> {
  const order = new Reorder(lookahead);
  for await (const records of rawRecords(path, format, prefix, reading)) {
    const certain = records.map((record) => order.push(record)).filter((record) => record !== undefined);
    if (certain.length > 0) yield certain;
  }
  const rest = [...order.rest()];
  if (rest.length > 0) yield rest;
}

async function* rawRecords(
  path: string,
  format: InputFormat,
  prefix: string,
  reading: Reading,
): AsyncGenerator<readonly ReplayRecord[]> {
  const reader =
    format === 'capture' ? new CaptureRecords(prefix, reading) : logLines(new LogReader(format, prefix, reading));
  try {
    for await (const chunk of bytesOf(path)) yield reader.push(chunk);
  } catch (error) {
    reading.notes.push(`It breaks off: ${messageOf(error)}.`);
  }
  yield reader.end();
}

function logLines(log: LogReader) {
  const lines = new LineSplitter();
  return {
    push: (chunk: Uint8Array) => [...lines.push(chunk)].flatMap((line) => log.line(line)),
    end: () => {
      const records = [...lines.end()].flatMap((line) => log.line(line));
      log.end();
      return records;
    },
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
