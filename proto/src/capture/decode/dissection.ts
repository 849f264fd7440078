// A packet while it is taken apart: the columns of its line and its layers, with bounds on how much of them there can be.
import type { CapturedPacket, DecodedField, DecodedLayer, DecodedPacket } from './decoded-packet.ts';

/** Layers within one another, those of quoted packets among them. */
const mostLayers = 24;
const mostFields = 600;
const mostInfo = 400;

export class Dissection {
  readonly bytes: Uint8Array;
  source = '';
  destination = '';
  sourcePort: number | undefined;
  destinationPort: number | undefined;
  readonly #packet: CapturedPacket;
  readonly #layers: DecodedLayer[] = [];
  #protocol = '';
  #info = '';
  #fields = 0;
  /** Within the packet that an ICMP error quotes: columns are of the error. */
  #isQuoted = false;

  constructor(packet: CapturedPacket) {
    this.bytes = packet.bytes;
    this.#packet = packet;
  }

  /** Begins a layer, to which the fields that follow belong. */
  layer(name: string, from: number, to: number): void {
    const start = this.#within(from);
    // A length that a header claims may end before the header does.
    this.#layers.push({ name, from: start, to: Math.max(start, this.#within(to)), fields: [] });
  }

  /** For a layer whose length only its fields tell. */
  endLayer(to: number): void {
    const layer = this.#layers.at(-1);
    if (layer) layer.to = Math.max(layer.from, this.#within(to));
  }

  /** Nothing more is read once it has so many layers. */
  get isFull(): boolean {
    return this.#layers.length >= mostLayers;
  }

  field(name: string, value: string | number, from: number, bytes: number): void {
    const layer = this.#layers.at(-1);
    if (!layer || this.#fields++ >= mostFields) return;
    const field: DecodedField = {
      name,
      value: String(value),
      from: this.#within(from),
      to: this.#within(from + Math.max(0, bytes)),
    };
    layer.fields.push(field);
  }

  /** What stands in the columns Protocol and Info; a later call wins. */
  column(protocol: string, info: string): void {
    if (this.#isQuoted) return;
    this.#protocol = protocol;
    this.#info = info.length > mostInfo ? `${info.slice(0, mostInfo)}…` : info;
  }

  ends(source: string, destination: string): void {
    if (this.#isQuoted) return;
    this.source = source;
    this.destination = destination;
  }

  ports(source: number, destination: number): void {
    if (this.#isQuoted) return;
    this.sourcePort = source;
    this.destinationPort = destination;
  }

  /** A layer ended before it was whole: the capture cut it, or it is damaged. */
  incomplete(at: number): void {
    const { bytes, original } = this.#packet;
    const isCut = bytes.length < original;
    this.field(
      isCut ? 'Cut' : 'Malformed',
      isCut ? `${bytes.length} of ${original} bytes were captured` : 'The packet ends before this layer does',
      at,
      0,
    );
  }

  /** What follows is of a packet that this one quotes. */
  quote(): void {
    this.#isQuoted = true;
  }

  result(): DecodedPacket {
    const { source, destination, sourcePort, destinationPort } = this;
    return {
      source,
      destination,
      ...(sourcePort !== undefined && { sourcePort }),
      ...(destinationPort !== undefined && { destinationPort }),
      protocol: this.#protocol,
      info: this.#info,
      layers: this.#layers,
    };
  }

  #within(at: number): number {
    return Math.min(Math.max(at, 0), this.bytes.length);
  }
}
