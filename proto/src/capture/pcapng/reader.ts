// Reads the capture of an agent as it comes, block by block. Not a reader for any pcapng file: one section, little-endian, as agents write it.
import {
  blockTypes,
  byteOrderMagic,
  frameBytes,
  options,
  packetHeadBytes,
  PcapngFault,
  pcapngLimits,
} from './format.ts';

/** A packet of a capture. */
export interface Packet {
  /** 1, 2, 3 … within the capture. */
  number: number;
  /** The interface's name, with controls as \u{NNNN}: a host's word. */
  interface: string;
  /** LINKTYPE_… of https://www.tcpdump.org/linktypes.html. */
  linkType: number;
  /** Nanoseconds since the Unix epoch, by the host's clock. */
  atNs: bigint;
  /** What was kept of it; its own memory. */
  bytes: Uint8Array;
  /** Length on the wire, bytes. */
  original: number;
}

/** What the capture says of an interface at its end. */
export interface InterfaceCounts {
  interface: string;
  received: number;
  dropped: number;
}

interface Interface {
  name: string;
  linkType: number;
  toNs: (units: bigint) => bigint;
}

export class PcapngReader {
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** Bytes from which on something more can be read. */
  #needed = frameBytes;
  #interfaces: Interface[] | undefined;
  #number = 0;
  #fault: PcapngFault | undefined;
  /** As far as the capture has told them. */
  readonly counts: InterfaceCounts[] = [];

  /** What ended it; undefined = nothing so far. */
  get fault(): PcapngFault | undefined {
    return this.#fault;
  }

  /**
   * Takes the bytes that follow and gives the packets that are whole. What is good before a fault is given; the next call throws
   * that fault. Throws PcapngFault, and from then on always.
   */
  push(bytes: Uint8Array): Packet[] {
    if (this.#fault) throw this.#fault;
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.#held += bytes.length;
    if (this.#held < this.#needed) return [];
    const packets: Packet[] = [];
    try {
      const joined = this.#join();
      let at = 0;
      for (;;) {
        const length = this.#blockAt(joined, at, packets);
        if (length === undefined) break;
        at += length;
      }
      // Copied, so that what was read is not kept for the sake of what was not.
      this.#chunks = at < joined.length ? [joined.slice(at)] : [];
      this.#held = joined.length - at;
    } catch (error) {
      if (!(error instanceof PcapngFault)) throw error;
      this.#fault = error;
      if (packets.length === 0) throw error;
    }
    return packets;
  }

  /** Bytes of a block that is not whole yet: not 0 at the end means that the capture was cut. */
  get pending(): number {
    return this.#held;
  }

  #join(): Uint8Array {
    if (this.#chunks.length === 1) return this.#chunks[0]!;
    const joined = new Uint8Array(this.#held);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined;
  }

  /** @returns the block's length; undefined = it is not whole yet. */
  #blockAt(bytes: Uint8Array, at: number, packets: Packet[]): number | undefined {
    const left = bytes.length - at;
    this.#needed = frameBytes;
    if (left < frameBytes) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, left);
    const type = view.getUint32(0, true);
    const length = view.getUint32(4, true);
    if (this.#interfaces === undefined && (type !== blockTypes.section || view.getUint32(8, true) !== byteOrderMagic))
      throw new PcapngFault('These bytes are no capture: they do not begin as pcapng does.');
    if (length < frameBytes || length % 4 !== 0 || length > pcapngLimits.blockBytes)
      throw new PcapngFault(`A block claims ${length} bytes: at most ${pcapngLimits.blockBytes} are taken, in fours.`);
    if (left < length) {
      this.#needed = length;
      return undefined;
    }
    if (view.getUint32(length - 4, true) !== length) throw new PcapngFault('A block does not end where it says.');
    const packet = this.#read(type, new DataView(view.buffer, view.byteOffset + 8, length - frameBytes));
    if (packet) packets.push(packet);
    return length;
  }

  #read(type: number, body: DataView): Packet | undefined {
    switch (type) {
      case blockTypes.section:
        if (this.#interfaces) throw new PcapngFault('A second section begins where a capture has one.');
        this.#interfaces = [];
        return undefined;
      case blockTypes.interface:
        this.#describe(body);
        return undefined;
      case blockTypes.enhancedPacket:
        return this.#packet(body);
      case blockTypes.interfaceStatistics:
        this.#count(body);
        return undefined;
      default:
        return undefined;
    }
  }

  #describe(body: DataView): void {
    if (body.byteLength < 8) throw new PcapngFault('The description of an interface is cut short.');
    if (this.#interfaces!.length >= pcapngLimits.interfaces)
      throw new PcapngFault(`More than ${pcapngLimits.interfaces} interfaces are described.`);
    const found = optionsOf(body, 8);
    const name = found.get(options.name) ?? new Uint8Array();
    const offset = found.get(options.offset);
    if (offset?.some((byte) => byte !== 0)) throw new PcapngFault('An interface has a clock with an offset.');
    this.#interfaces!.push({
      name: lineOf(name.subarray(0, 255)),
      linkType: body.getUint16(0, true),
      toNs: clockOf(found.get(options.resolution)?.[0] ?? 6),
    });
  }

  #packet(body: DataView): Packet {
    if (body.byteLength < packetHeadBytes) throw new PcapngFault('A packet is cut short.');
    const source = this.#interfaces![body.getUint32(0, true)];
    if (!source) throw new PcapngFault('A packet is of an interface that was not described.');
    const captured = body.getUint32(12, true);
    if (captured > body.byteLength - packetHeadBytes)
      throw new PcapngFault(`A packet claims ${captured} bytes in a block of ${body.byteLength}.`);
    const start = body.byteOffset + packetHeadBytes;
    return {
      number: ++this.#number,
      interface: source.name,
      linkType: source.linkType,
      atNs: source.toNs(timeAt(body, 4)),
      bytes: new Uint8Array(body.buffer, start, captured).slice(),
      original: Math.max(captured, body.getUint32(16, true)),
    };
  }

  #count(body: DataView): void {
    if (body.byteLength < 12) throw new PcapngFault('The counts of an interface are cut short.');
    const source = this.#interfaces![body.getUint32(0, true)];
    if (!source) throw new PcapngFault('Counts are of an interface that was not described.');
    if (this.counts.length >= pcapngLimits.interfaces) throw new PcapngFault('Interfaces are counted too often.');
    const found = optionsOf(body, 12);
    const [received, dropped] = [numberOf(found.get(options.received)), numberOf(found.get(options.dropped))];
    this.counts.push({ interface: source.name, received, dropped });
  }
}

/** The first of each kind. */
function optionsOf(body: DataView, from: number): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = from; at + 4 <= body.byteLength;) {
    const code = body.getUint16(at, true);
    const length = body.getUint16(at + 2, true);
    if (code === options.end) break;
    if (at + 4 + length > body.byteLength) throw new PcapngFault('An option is longer than its block.');
    if (!found.has(code)) found.set(code, new Uint8Array(body.buffer, body.byteOffset + at + 4, length));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return found;
}

/** if_tsresol: a power of ten. Agents write 9 or 6. */
function clockOf(resolution: number): Interface['toNs'] {
  if (resolution > 9) throw new PcapngFault(`An interface has a clock of resolution ${resolution}, at most 9 is read.`);
  const nsOfUnit = 10n ** BigInt(9 - resolution);
  return (units) => units * nsOfUnit;
}

const timeAt = (view: DataView, at: number): bigint =>
  (BigInt(view.getUint32(at, true)) << 32n) | BigInt(view.getUint32(at + 4, true));

function numberOf(value: Uint8Array | undefined): number {
  if (value?.length !== 8) return 0;
  return Number(new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0, true));
}

const lineOf = (bytes: Uint8Array): string =>
  new TextDecoder()
    .decode(bytes)
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, (one) => `\\u{${one.codePointAt(0)!.toString(16).padStart(4, '0')}}`);
