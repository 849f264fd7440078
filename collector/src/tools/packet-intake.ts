// What one host sends as packets of a capture: no more than was asked for, without a hole, and plain only as what it is.
import { type CaptureParameters, mostCaptureBytes, toolLimits } from '@foretop/proto/tools';
import type { ControlLink } from '../command/link.ts';
import type { PacketStream } from './packet-stream.ts';
import type { PacketWriter } from './packet-writer.ts';

/** How pcapng begins: the type of its first block, and its magic in the byte order that agents write. */
const sectionType = Buffer.from('0a0d0d0a', 'hex');
const magic = Buffer.from('4d3c2b1a', 'hex');

export class PacketIntake {
  readonly #parameters: CaptureParameters;
  readonly #writer: Pick<PacketWriter, 'add'>;
  readonly #stream: PacketStream;
  #bytes = 0;
  #fault: string | undefined;

  constructor(parameters: CaptureParameters, writer: Pick<PacketWriter, 'add'>, stream: PacketStream) {
    this.#parameters = parameters;
    this.#writer = writer;
    this.#stream = stream;
  }

  /** Why it can come to no good end any more; what came before stays. */
  get fault(): string | undefined {
    return this.#fault ?? this.#stream.fault;
  }

  /** A frame of the host's never came, and nobody can tell what was in it. */
  missed(sequence: number, after: number): void {
    this.#fault ??= `Bytes are missing: output ${sequence} came after ${after}.`;
  }

  /** After a fault nothing is taken. */
  take(bytes: Uint8Array, link: ControlLink): void {
    if (this.fault !== undefined) return;
    this.#fault = this.#faultOf(bytes);
    if (this.fault !== undefined) return;
    if (this.#bytes === 0) this.#stream.sealed = !isPcapng(bytes);
    this.#bytes += bytes.length;
    this.#writer.add(this.#stream, bytes, link);
  }

  #faultOf(bytes: Uint8Array): string | undefined {
    const { maxBytes, content } = this.#parameters;
    const most = mostCaptureBytes(maxBytes);
    if (bytes.length > toolLimits.outputBytes)
      return `The host sent ${bytes.length} bytes of packets at once, more than ${toolLimits.outputBytes}.`;
    if (this.#bytes + bytes.length > most) return `The host sent more than the ${most} bytes that it was asked for.`;
    if (this.#bytes === 0 && content === 'headers' && !isPcapng(bytes))
      return 'What the host sent does not begin as a capture does.';
    return undefined;
  }
}

function isPcapng(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return head.subarray(0, 4).equals(sectionType) && head.subarray(8, 12).equals(magic);
}
