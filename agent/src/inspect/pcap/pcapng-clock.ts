// The clock of a pcapng interface: its resolution and offset are options (if_tsresol, if_tsoffset).
import { readU16, readU16Le } from '../bytes.ts';

export interface InterfaceClock {
  unitsPerSecond: bigint;
  offsetSeconds: bigint;
}

const optionCodes = { end: 0, resolution: 9, offset: 14 } as const;
const microseconds = 1_000_000n;

/** @param options of the interface's description. What is cut short counts as absent. */
export function readClock(options: Uint8Array, isLittle: boolean): InterfaceClock {
  const u16 = isLittle ? readU16Le : readU16;
  const clock = { unitsPerSecond: microseconds, offsetSeconds: 0n };
  for (let at = 0; at + 4 <= options.length;) {
    const code = u16(options, at);
    const length = u16(options, at + 2);
    const value = options.subarray(at + 4, at + 4 + length);
    if (code === optionCodes.end || value.length < length) break;
    if (code === optionCodes.resolution && length === 1) clock.unitsPerSecond = unitsPerSecond(value[0]!);
    if (code === optionCodes.offset && length === 8) {
      const data = Buffer.from(value);
      clock.offsetSeconds = isLittle ? data.readBigInt64LE() : data.readBigInt64BE();
    }
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return clock;
}

/** The top bit chooses between powers of ten and of two. */
function unitsPerSecond(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
}

/** Microseconds since the Unix epoch; 0 for what no clock shows. */
export function toEpochUs(clock: InterfaceClock, high: number, low: number): number {
  if (clock.unitsPerSecond === microseconds && clock.offsetSeconds === 0n) {
    const timeUs = high * 2 ** 32 + low;
    return Number.isSafeInteger(timeUs) ? timeUs : 0;
  }
  const units = (BigInt(high) << 32n) | BigInt(low);
  const timeUs = Number((units * microseconds) / clock.unitsPerSecond + clock.offsetSeconds * microseconds);
  return Number.isSafeInteger(timeUs) && timeUs >= 0 ? timeUs : 0;
}
