// The pcapng format: sections with their own byte order, interfaces with their own clocks, and blocks of packets.
import { readU16, readU16Le, readU32, readU32Le } from '../bytes.ts';
import { type CapturedPacket, type CaptureFormat, maxRecordBytes } from './capture-format.ts';
import { readClock, toEpochUs, type InterfaceClock } from './pcapng-clock.ts';

const blockTypes = {
  section: 0x0a0d_0d0a,
  interface: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  enhancedPacket: 6,
} as const;
const byteOrderMagic = 0x1a2b_3c4d;
/** Type, length, and the length again. */
const frameBytes = 12;
const maxInterfaces = 65_536;

interface CaptureInterface {
  linkType: number;
  snapBytes: number;
  clock: InterfaceClock;
}

export const isPcapngMagic = (head: Uint8Array) => readU32(head, 0) === blockTypes.section;

export class PcapngFormat implements CaptureFormat {
  #isLittle = true;
  #interfaces: CaptureInterface[] = [];

  read(bytes: Uint8Array, start: number, visit: (packet: CapturedPacket) => void): number | 'more' | { fault: string } {
    if (start + frameBytes > bytes.length) return 'more';
    const isSection = readU32(bytes, start) === blockTypes.section;
    if (isSection) {
      const order = bytes.subarray(start + 8);
      if (readU32Le(order, 0) !== byteOrderMagic && readU32(order, 0) !== byteOrderMagic) {
        return { fault: 'A section does not say its byte order.' };
      }
      this.#isLittle = readU32Le(order, 0) === byteOrderMagic;
      this.#interfaces = [];
    }
    const length = this.#u32(bytes, start + 4);
    if (length < frameBytes || length > maxRecordBytes) return { fault: `A block claims ${length} bytes.` };
    const end = start + length + ((4 - (length % 4)) % 4);
    if (end > bytes.length) return 'more';
    const body = bytes.subarray(start + 8, start + length - 4);
    const fault = isSection ? undefined : this.#readBlock(this.#u32(bytes, start), body, visit);
    return fault === undefined ? end : { fault };
  }

  #readBlock(type: number, body: Uint8Array, visit: (packet: CapturedPacket) => void): string | undefined {
    switch (type) {
      case blockTypes.interface:
        return this.#readInterface(body);
      case blockTypes.enhancedPacket:
        return this.#readTimed(body, body.length < 20 ? 0 : this.#u32(body, 0), visit);
      case blockTypes.obsoletePacket:
        return this.#readTimed(body, body.length < 20 ? 0 : this.#u16(body, 0), visit);
      case blockTypes.simplePacket:
        return this.#readSimple(body, visit);
      default:
        return undefined;
    }
  }

  #readInterface(body: Uint8Array): string | undefined {
    if (body.length < 8) return 'The description of an interface is cut short.';
    if (this.#interfaces.length >= maxInterfaces) return `A section has more than ${maxInterfaces} interfaces.`;
    this.#interfaces.push({
      linkType: this.#u16(body, 0),
      snapBytes: this.#u32(body, 4),
      clock: readClock(body.subarray(8), this.#isLittle),
    });
    return undefined;
  }

  /** Enhanced and obsolete packets differ only in the interface's number. */
  #readTimed(body: Uint8Array, number: number, visit: (packet: CapturedPacket) => void): string | undefined {
    const source = this.#interfaces[number];
    if (body.length < 20 || !source) return 'A packet is cut short or of an interface that was not described.';
    const captured = this.#u32(body, 12);
    if (captured > body.length - 20) return `A packet claims ${captured} bytes in a block of ${body.length}.`;
    visit({
      linkType: source.linkType,
      bytes: body.subarray(20, 20 + captured),
      wireBytes: Math.max(captured, this.#u32(body, 16)),
      timeUs: toEpochUs(source.clock, this.#u32(body, 4), this.#u32(body, 8)),
    });
    return undefined;
  }

  #readSimple(body: Uint8Array, visit: (packet: CapturedPacket) => void): string | undefined {
    const source = this.#interfaces[0];
    if (body.length < 4 || !source) return 'A packet is cut short or of an interface that was not described.';
    const wireBytes = this.#u32(body, 0);
    const snapBytes = source.snapBytes === 0 ? wireBytes : Math.min(wireBytes, source.snapBytes);
    visit({ linkType: source.linkType, bytes: body.subarray(4, 4 + snapBytes), wireBytes, timeUs: 0 });
    return undefined;
  }

  #u16(bytes: Uint8Array, at: number): number {
    return this.#isLittle ? readU16Le(bytes, at) : readU16(bytes, at);
  }

  #u32(bytes: Uint8Array, at: number): number {
    return this.#isLittle ? readU32Le(bytes, at) : readU32(bytes, at);
  }
}
