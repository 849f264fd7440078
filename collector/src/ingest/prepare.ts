// Opens a batch and turns it into rows: large tables straight into COPY's format, the small ones as objects.
import { type BatchBody, limits, openBatch, ProtocolError } from '@foretop/proto';
import type { Ids } from '../store/ids.ts';
import type { Retention } from '../store/retention.ts';
import { type Accepted, noneAccepted } from './accepted.ts';
import type { IncomingBatch } from './batch.ts';
import { type BatchContext, noneRefused } from './batch-context.ts';
import { readCards } from './cards.ts';
import { CopyEncoder } from './copy-encoder.ts';
import { writeDnsExchanges } from './dns.ts';
import { type GapRow, readGaps, refusalGaps } from './gaps.ts';
import { type MetricMinute, writeMetrics } from './metrics.ts';
import { type ProcessRow, readProcesses, writeProcessMinutes } from './processes.ts';
import { writeScans } from './scans.ts';
import { writeSegments } from './segments.ts';

/** Where one batch's rows lie in an encoder. */
export interface Range {
  start: number;
  end: number;
}

export interface PreparedBatch {
  batch: IncomingBatch;
  /** Why it cannot be stored; it then has no rows but the gap that says so. */
  poison: string | undefined;
  /** Of all tables; those of the two newest kinds apart. */
  rows: number;
  dnsRows: number;
  scanRows: number;
  segments: Range;
  chunks: Range;
  processMinutes: Range;
  dns: Range;
  scans: Range;
  minutes: MetricMinute[];
  processes: ProcessRow[];
  gaps: GapRow[];
  refused: { invalid: number; clock: number };
  accepted: Accepted;
}

/** One buffer for each table that COPY fills, reused from group to group. */
export interface Encoders {
  segments: CopyEncoder;
  chunks: CopyEncoder;
  processMinutes: CopyEncoder;
  dns: CopyEncoder;
  scans: CopyEncoder;
}

export function createEncoders(): Encoders {
  return {
    segments: new CopyEncoder(),
    chunks: new CopyEncoder(),
    processMinutes: new CopyEncoder(),
    dns: new CopyEncoder(),
    scans: new CopyEncoder(),
  };
}

export interface PrepareOptions {
  ids: Ids;
  retention: Retention;
  nowUs: number;
}

/** Never throws for what a host sent: a batch that cannot be opened comes back as poison. */
export function prepareBatch(batch: IncomingBatch, encoders: Encoders, options: PrepareOptions): PreparedBatch {
  const { hostId, bootId, offsetUs, receivedUs, epoch, sequence } = batch;
  try {
    const body = openChecked(batch);
    const of = { hostId, bootId, offsetUs, receivedUs, epoch, sequence };
    const context: BatchContext = {
      ...options,
      ...of,
      refused: noneRefused(),
      accepted: noneAccepted(body.strings),
      newestUs: 0,
    };
    return writeBody(batch, body, encoders, context);
  } catch (error) {
    // Also for a fault of our own: what one host sent must not stop the others. Rows written so far belong to no range.
    const reason = error instanceof Error ? error.message : String(error);
    return poisonBatch(batch, encoders, reason, options.nowUs);
  }
}

/** A batch without rows that leaves a gap `quarantined`. */
export function poisonBatch(batch: IncomingBatch, encoders: Encoders, reason: string, nowUs: number): PreparedBatch {
  const at = Math.min(batch.receivedUs, nowUs);
  const detail = `batch ${batch.sequence} of epoch ${Buffer.from(batch.epoch).toString('hex')}: ${reason}`;
  return {
    batch,
    poison: reason,
    rows: 0,
    dnsRows: 0,
    scanRows: 0,
    segments: emptyRange(encoders.segments),
    chunks: emptyRange(encoders.chunks),
    processMinutes: emptyRange(encoders.processMinutes),
    dns: emptyRange(encoders.dns),
    scans: emptyRange(encoders.scans),
    minutes: [],
    processes: [],
    gaps: [{ hostId: batch.hostId, startUs: at, endUs: at, reason: 'quarantined', lost: 1, detail }],
    refused: { invalid: 0, clock: 0 },
    accepted: noneAccepted([]),
  };
}

const emptyRange = (encoder: CopyEncoder): Range => ({ start: encoder.length, end: encoder.length });

type Body = { [Key in keyof BatchBody]-?: NonNullable<BatchBody[Key]> };

function openChecked(batch: IncomingBatch): Body {
  const body = openBatch(batch.payload, batch.payloadBytes) as Body;
  const { bootId, strings, processes, segments, metrics, processMinutes, gaps, dnsExchanges, scans, cards, halfOpen } =
    body;
  const kinds = [processes, segments, metrics, processMinutes, gaps, dnsExchanges, scans, cards, halfOpen];
  const longest = Math.max(...kinds.map((rows) => rows.length));
  if (longest > limits.batchRows || strings.length > limits.stringTable) {
    throw new ProtocolError('frame-too-large', `batch has ${longest} rows of a kind and ${strings.length} strings`);
  }
  if (batch.bootId.length !== 16 || !Buffer.from(batch.bootId).equals(bootId)) {
    throw new ProtocolError('malformed-frame', 'batch names another boot than its body');
  }
  if (!Number.isSafeInteger(batch.offsetUs)) {
    throw new ProtocolError('malformed-frame', `clock offset ${batch.offsetUs} is not a whole number of microseconds`);
  }
  return body;
}

function writeBody(batch: IncomingBatch, body: Body, encoders: Encoders, context: BatchContext): PreparedBatch {
  const minutes: MetricMinute[] = [];
  const write = (encoder: CopyEncoder, writeRows: (encoder: CopyEncoder) => number): Written => {
    const start = encoder.length;
    const rows = writeRows(encoder);
    return { rows, range: { start, end: encoder.length } };
  };
  const { strings } = body;
  const segments = write(encoders.segments, (out) => writeSegments(body.segments, strings, context, out));
  const dns = write(encoders.dns, (out) => writeDnsExchanges(body.dnsExchanges, strings, context, out));
  const scans = write(encoders.scans, (out) => writeScans(body, context, out));
  const chunks = write(encoders.chunks, (out) => writeMetrics(body.metrics, context, out, minutes));
  const processMinutes = write(encoders.processMinutes, (out) =>
    writeProcessMinutes(body.processMinutes, context, out),
  );
  const copied = [segments, dns, scans, chunks, processMinutes].reduce((sum, { rows }) => sum + rows, 0);
  const seenUs = madeAboutUs(batch, context);
  const processes = readProcesses(body.processes, context, seenUs);
  context.accepted.cards = readCards(body.cards, strings, context);
  const gaps = readGaps(body.gaps, context);
  gaps.push(...refusalGaps(context.refused, context, seenUs));
  return {
    batch,
    poison: undefined,
    rows: copied + processes.length + gaps.length,
    dnsRows: dns.rows,
    scanRows: scans.rows,
    segments: segments.range,
    chunks: chunks.range,
    processMinutes: processMinutes.range,
    dns: dns.range,
    scans: scans.range,
    minutes,
    processes,
    gaps,
    refused: context.refused,
    accepted: context.accepted,
  };
}

interface Written {
  rows: number;
  range: Range;
}

/** A batch does not say when it was sealed: the end of its newest segment or DNS exchange comes near, the time of receipt is all that is left. */
function madeAboutUs({ receivedUs }: IncomingBatch, { newestUs, nowUs }: BatchContext): number {
  return Math.min(newestUs === 0 ? receivedUs : newestUs, nowUs);
}
