// Metric samples as zigzag varints of first differences: a steady series costs one byte a sample.

/** Samples lie within ±2^51, so that the zigzag of any difference stays an exact number. */
export const maxSample = 2 ** 51;

/** Packs integers within ±maxSample. Throws RangeError for anything else. */
export function packDeltas(values: readonly number[]): Uint8Array {
  const out: number[] = [];
  let previous = 0;
  for (const value of values) {
    if (!isSample(value)) throw new RangeError(`sample ${value} is not an integer within ±2^51`);
    const delta = value - previous;
    let zigzag = delta < 0 ? -delta * 2 - 1 : delta * 2;
    while (zigzag >= 128) {
      out.push((zigzag % 128) | 128);
      zigzag = Math.floor(zigzag / 128);
    }
    out.push(zigzag);
    previous = value;
  }
  return Uint8Array.from(out);
}

/** Unpacks exactly `count` values. Throws RangeError when the bytes hold more, fewer, or a value beyond ±maxSample. */
export function unpackDeltas(bytes: Uint8Array, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  let previous = 0;
  while (values.length < count) {
    let zigzag = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError(`series ends after ${values.length} of ${count} samples`);
      zigzag += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
      if (scale > 2 ** 49) throw new RangeError('varint is longer than 53 bits');
    }
    previous += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    if (!isSample(previous)) throw new RangeError('sample is beyond ±2^51');
    values.push(previous);
  }
  if (at !== bytes.length) throw new RangeError(`series has ${bytes.length - at} bytes too many`);
  return values;
}

const isSample = (value: number) => Number.isSafeInteger(value) && Math.abs(value) <= maxSample;
