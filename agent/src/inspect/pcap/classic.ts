// The pcap format: one header with magic, byte order and link type, then packets.
import { readU16, readU16Le, readU32, readU32Le } from '../bytes.ts';
import { type CapturedPacket, type CaptureFormat, maxRecordBytes } from './capture-format.ts';

interface Variant {
  isLittle: boolean;
  nanoseconds: boolean;
  packetHeaderBytes: number;
}

const fileHeaderBytes = 24;

const variants = new Map<number, Variant>([
  [0xa1b2_c3d4, { isLittle: false, nanoseconds: false, packetHeaderBytes: 16 }],
  [0xa1b2_3c4d, { isLittle: false, nanoseconds: true, packetHeaderBytes: 16 }],
  [0xa1b2_cd34, { isLittle: false, nanoseconds: false, packetHeaderBytes: 24 }], // Kuznetsov's, with the interface
]);

function variantOf(head: Uint8Array): Variant | undefined {
  const big = variants.get(readU32(head, 0));
  if (big) return big;
  const little = variants.get(readU32Le(head, 0));
  return little && { ...little, isLittle: true };
}

export const isClassicMagic = (head: Uint8Array) => variantOf(head) !== undefined;

export class ClassicFormat implements CaptureFormat {
  #variant: Variant | undefined;
  #linkType = 0;

  read(bytes: Uint8Array, start: number, visit: (packet: CapturedPacket) => void): number | 'more' | { fault: string } {
    if (!this.#variant) return this.#readHeader(bytes, start);
    const { isLittle, nanoseconds, packetHeaderBytes } = this.#variant;
    const u32 = isLittle ? readU32Le : readU32;
    const data = start + packetHeaderBytes;
    if (data > bytes.length) return 'more';
    const captured = u32(bytes, start + 8);
    if (captured > maxRecordBytes) return { fault: `A packet claims ${captured} bytes.` };
    if (data + captured > bytes.length) return 'more';
    const fraction = u32(bytes, start + 4);
    visit({
      linkType: this.#linkType,
      bytes: bytes.subarray(data, data + captured),
      wireBytes: Math.max(captured, u32(bytes, start + 12)),
      timeUs: u32(bytes, start) * 1_000_000 + (nanoseconds ? Math.floor(fraction / 1_000) : fraction),
    });
    return data + captured;
  }

  #readHeader(bytes: Uint8Array, start: number): number | 'more' {
    if (start + fileHeaderBytes > bytes.length) return 'more';
    this.#variant = variantOf(bytes.subarray(start));
    // The upper bits say whether frames end with a checksum.
    const isLittle = this.#variant?.isLittle === true;
    this.#linkType = isLittle ? readU16Le(bytes, start + 20) : readU16(bytes, start + 22);
    return start + fileHeaderBytes;
  }
}
