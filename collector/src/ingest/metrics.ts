// Metric chunks of a batch as rows of metric_chunk, and the minutes that they make.
import { limits, type Metric, type MetricChunk, unpackDeltas } from '@foretop/proto';
import { packSamples, type PackedSeries } from '../store/samples.ts';
import { type BatchContext, inWindow, oldestUs } from './batch-context.ts';
import type { CopyEncoder } from './copy-encoder.ts';
import { isCount } from './numbers.ts';
import { cleanText } from '../store/host-text.ts';

export const chunkColumns = ['host_id', 'ts', 'subject', 'interval_us', 'sample_count', 'samples'] as const;

const secondUs = 1_000_000;
const minuteUs = 60 * secondUs;
const longestChunk = 60;
const lastMetric = 17;
/** An agent aligns chunks to the minute by an offset that is good to some milliseconds: a sample just before counts as of the minute. */
const alignmentUs = 500_000;

/** How long after its last second a chunk is neither late nor an outage's: see lateSeconds and backfilledSeconds. */
const lateAfterUs = 30 * secondUs;
const outageAfterUs = 60 * secondUs;

/** A row of metric_1m, or a part of one: parts of the same minute add up. */
export interface MetricMinute {
  hostId: number;
  subject: string;
  minuteUs: number;
  seconds: number;
  /** Of these, what came more than 30 s after it was complete, and what came so much later that the host was away meanwhile. */
  lateSeconds: number;
  backfilledSeconds: number;
  /** By Metric: the sum and the highest of its samples. */
  series: Map<Metric, { sum: number; max: number }>;
}

/** Start of the minute that a sample counts in. */
export function minuteOf(unixUs: number): number {
  return Math.floor((unixUs + alignmentUs) / minuteUs) * minuteUs;
}

/** Writes chunk rows, adds to `minutes`. @returns rows written. */
export function writeMetrics(
  chunks: readonly MetricChunk[],
  context: BatchContext,
  out: CopyEncoder,
  minutes: MetricMinute[],
): number {
  let rows = 0;
  for (const chunk of chunks) {
    const samples = readChunk(chunk, context.offsetUs);
    if (samples === undefined) context.refused.invalid++;
    else if (inWindow(context, 'metric_1m', samples.startUs)) {
      addMinutes(samples, context, minutes);
      // Minutes are kept longer than chunks: of a late chunk, the minutes may be all that is wanted.
      if (samples.startUs < oldestUs(context, 'metric_chunk')) continue;
      writeChunk(samples, context.hostId, out);
      rows++;
    }
  }
  return rows;
}

interface Samples {
  subject: string;
  startUs: number;
  count: number;
  packed: PackedSeries[];
  values: Map<Metric, number[]>;
}

/** undefined = not valid. */
function readChunk(chunk: MetricChunk, offsetUs: number): Samples | undefined {
  const { startUs, count, series } = chunk;
  if (!startUs || !count || !series || chunk.intervalUs !== secondUs) return undefined;
  if (!isCount(startUs) || !isCount(startUs + offsetUs) || count > longestChunk || series.length > lastMetric)
    return undefined;
  const packed: PackedSeries[] = [];
  const values = new Map<Metric, number[]>();
  for (const { metric, values: bytes } of series) {
    if (!metric || metric > lastMetric || metric < 0 || values.has(metric) || !bytes) return undefined;
    const samples = unpack(bytes, count);
    if (samples === undefined) return undefined;
    values.set(metric, samples);
    packed.push({ metric, values: bytes });
  }
  const subject = cleanText(chunk.subject ?? '', limits.nameLength);
  return { subject, startUs: startUs + offsetUs, count, packed, values };
}

function unpack(bytes: Uint8Array, count: number): number[] | undefined {
  try {
    const samples = unpackDeltas(bytes, count);
    return samples.every((sample) => sample >= 0) ? samples : undefined;
  } catch {
    return undefined;
  }
}

function writeChunk(samples: Samples, hostId: number, out: CopyEncoder): void {
  const subject = Buffer.from(samples.subject);
  const packed = packSamples(samples.packed);
  out.reserve(subject.length + packed.length);
  out.row(chunkColumns.length);
  out.int4(hostId);
  out.timestamp(samples.startUs);
  out.bytes(subject);
  out.int4(secondUs);
  out.int2(samples.count);
  out.bytes(packed);
}

function addMinutes(samples: Samples, { hostId, receivedUs }: BatchContext, minutes: MetricMinute[]): void {
  const { subject, startUs, count, values } = samples;
  const delayUs = receivedUs - (startUs + count * secondUs);
  for (let from = 0; from < count;) {
    const minute = minuteOf(startUs + from * secondUs);
    const until = Math.min(count, Math.ceil((minute + minuteUs - alignmentUs - startUs) / secondUs));
    const series: MetricMinute['series'] = new Map();
    for (const [metric, samples] of values) series.set(metric, sumAndMax(samples, from, until));
    const seconds = until - from;
    const lateSeconds = delayUs > lateAfterUs && delayUs <= outageAfterUs ? seconds : 0;
    const backfilledSeconds = delayUs > outageAfterUs ? seconds : 0;
    minutes.push({ hostId, subject, minuteUs: minute, seconds, lateSeconds, backfilledSeconds, series });
    from = until;
  }
}

function sumAndMax(samples: readonly number[], from: number, until: number): { sum: number; max: number } {
  let sum = 0;
  let max = 0;
  for (let index = from; index < until; index++) {
    const sample = samples[index]!;
    sum += sample;
    if (sample > max) max = sample;
  }
  return { sum: Math.min(sum, Number.MAX_SAFE_INTEGER), max };
}

/** One entry for each (host, subject, minute). */
export function mergeMinutes(minutes: Iterable<MetricMinute>): MetricMinute[] {
  const merged = new Map<string, MetricMinute>();
  for (const minute of minutes) {
    const key = `${minute.hostId} ${minute.minuteUs} ${minute.subject}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...minute, series: new Map(minute.series) });
    else addMinute(known, minute);
  }
  return [...merged.values()];
}

function addMinute(into: MetricMinute, from: MetricMinute): void {
  into.seconds += from.seconds;
  into.lateSeconds += from.lateSeconds;
  into.backfilledSeconds += from.backfilledSeconds;
  for (const [metric, { sum, max }] of from.series) {
    const known = into.series.get(metric);
    into.series.set(metric, known === undefined ? { sum, max } : addUp(known, sum, max));
  }
}

const addUp = (known: { sum: number; max: number }, sum: number, max: number) => ({
  sum: Math.min(known.sum + sum, Number.MAX_SAFE_INTEGER),
  max: Math.max(known.max, max),
});
