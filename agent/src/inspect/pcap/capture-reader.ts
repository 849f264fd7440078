// Capture files read as a stream, whichever of the two formats they have: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html
import { GrowingBytes } from '../growing-bytes.ts';
import type { CapturedPacket, CaptureFormat } from './capture-format.ts';
import { ClassicFormat, isClassicMagic } from './classic.ts';
import { isPcapngMagic, PcapngFormat } from './pcapng.ts';

const magicBytes = 4;

export class CaptureReader {
  readonly #visit: (packet: CapturedPacket) => void;
  readonly #input = new GrowingBytes();
  #format: CaptureFormat | undefined;
  #fault: string | undefined;

  constructor(visit: (packet: CapturedPacket) => void) {
    this.#visit = visit;
  }

  /** Whether this is a capture file at all: undefined until its first bytes came. */
  get recognised(): boolean | undefined {
    return this.#format ? true : this.#fault === undefined ? undefined : false;
  }

  /** Why reading stopped before the end. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Visits the packets that are whole. After a fault it ignores the rest. */
  push(chunk: Uint8Array): void {
    if (this.#fault !== undefined) return;
    this.#input.append(chunk);
    if (!this.#format && this.#input.length >= magicBytes) this.#recognise();
    if (this.#format) this.#readRecords(this.#format);
  }

  /** No more will come. */
  end(): void {
    if (this.#fault !== undefined) return;
    if (!this.#format) this.#fault = 'It is too short for a capture file.';
    else if (this.#input.length > 0) this.#fault = 'It ends in the middle of a packet.';
  }

  #recognise(): void {
    const head = this.#input.view();
    if (isPcapngMagic(head)) this.#format = new PcapngFormat();
    else if (isClassicMagic(head)) this.#format = new ClassicFormat();
    else this.#fault = 'It is neither a pcap nor a pcapng file.';
  }

  #readRecords(format: CaptureFormat): void {
    const bytes = this.#input.view();
    let at = 0;
    while (at < bytes.length) {
      const next = format.read(bytes, at, this.#visit);
      if (next === 'more') break;
      if (typeof next === 'object') {
        this.#fault = next.fault;
        break;
      }
      at = next;
    }
    this.#input.consume(at);
  }
}
