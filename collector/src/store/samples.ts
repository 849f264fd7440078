// How metric_chunk.samples packs its series: for each one byte of metric, the length as a varint, the delta varints as the agent packed them.
import { type Metric, unpackDeltas } from '@foretop/proto';

export interface PackedSeries {
  metric: Metric;
  values: Uint8Array;
}

export function packSamples(series: readonly PackedSeries[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const { metric, values } of series) parts.push(head(metric, values.length), values);
  return Buffer.concat(parts);
}

function head(metric: Metric, length: number): Uint8Array {
  const bytes: number[] = [metric];
  let rest = length;
  while (rest >= 128) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** The samples of each metric, `count` long. Throws RangeError for bytes that packSamples did not make. */
export function unpackSamples(bytes: Uint8Array, count: number): Map<Metric, number[]> {
  const series = new Map<Metric, number[]>();
  let at = 0;
  while (at < bytes.length) {
    const metric = bytes[at++] as Metric;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 21)
        throw new RangeError(`samples of ${bytes.length} bytes end within a length`);
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (at + length > bytes.length)
      throw new RangeError(`series of ${length} bytes goes beyond the end at ${bytes.length}`);
    series.set(metric, unpackDeltas(bytes.subarray(at, at + length), count));
    at += length;
  }
  return series;
}
