// One conversation of a capture: its ends, what each sent, and how it stands.
import { sequenceDistance } from '../tcp/stream.ts';
import { tcpFlags, type Transport } from '../packet/transport.ts';

export type FlowState = 'attempted' | 'rejected' | 'established' | 'closed' | 'reset' | 'probed' | 'seen';

export interface FlowSide {
  address: Uint8Array;
  port: number;
  packets: number;
  /** Payload; TCP: each byte of the stream once, with those that the capture missed in between. */
  bytes: number;
  retransmittedBytes: number;
  /** TCP: the sequence number after the last byte seen. */
  next: number | undefined;
  isFinished: boolean;
}

/** A jump of the sequence number beyond this is no hole in the capture. */
const maxHoleBytes = 4 * 1_048_576;

export class Flow {
  readonly id: number;
  readonly protocol: 6 | 17;
  readonly client: FlowSide;
  readonly server: FlowSide;
  readonly firstUs: number;
  lastUs: number;
  /** Of the first packet, when it came from the client. */
  readonly firstFlags: number;
  /** What kind of payload it carries, once known. */
  carries: 'dns' | 'tls' | 'quic' | 'other' | undefined;
  /** ICMP said that the server's port is closed. */
  isUnreachable = false;
  serverName: string | undefined;
  alpn: string | undefined;
  #isReset = false;
  #isAccepted = false;

  constructor(id: number, first: Transport) {
    this.id = id;
    this.protocol = first.protocol;
    this.firstUs = first.timeUs;
    this.lastUs = first.timeUs;
    const source = newSide(first.source, first.sourcePort);
    const destination = newSide(first.destination, first.destinationPort);
    const fromServer = isFromServer(first);
    this.client = fromServer ? destination : source;
    this.server = fromServer ? source : destination;
    this.firstFlags = fromServer ? tcpFlags.ack : first.flags;
  }

  isFromClient({ source, sourcePort }: Transport): boolean {
    return sourcePort === this.client.port && Buffer.compare(source, this.client.address) === 0;
  }

  add(transport: Transport): void {
    const fromClient = this.isFromClient(transport);
    const side = fromClient ? this.client : this.server;
    this.lastUs = Math.max(this.lastUs, transport.timeUs);
    side.packets++;
    if (this.protocol === 17) side.bytes += transport.payloadBytes;
    else this.#addSegment(transport, side, fromClient);
  }

  get isOver(): boolean {
    return this.#isReset || (this.client.isFinished && this.server.isFinished);
  }

  /** Whether a SYN can only be the start of another connection. */
  isOtherConnection({ flags, sequence, payloadBytes }: Transport): boolean {
    const isOpening = (flags & tcpFlags.syn) !== 0 && (flags & tcpFlags.ack) === 0;
    if (!isOpening || this.protocol !== 6) return false;
    return (
      this.isOver ||
      (this.#isAccepted && (sequence + 1 + payloadBytes) >>> 0 !== this.client.next && this.client.bytes > 0)
    );
  }

  get state(): FlowState {
    if (this.protocol === 17) return this.isUnreachable ? 'rejected' : this.server.packets > 0 ? 'established' : 'seen';
    const isOpening = (this.firstFlags & tcpFlags.syn) !== 0;
    if (!isOpening && (this.firstFlags & (tcpFlags.ack | tcpFlags.rst)) === 0) return 'probed';
    if (this.#isReset) return isOpening && !this.#isAccepted ? 'rejected' : 'reset';
    if (isOpening && !this.#isAccepted) return this.isUnreachable ? 'rejected' : 'attempted';
    return this.isOver ? 'closed' : 'established';
  }

  #addSegment({ flags, sequence, payloadBytes }: Transport, side: FlowSide, fromClient: boolean): void {
    const isSyn = (flags & tcpFlags.syn) !== 0;
    if ((flags & tcpFlags.rst) !== 0) {
      this.#isReset = true;
      return;
    }
    if ((flags & tcpFlags.fin) !== 0) side.isFinished = true;
    if (!fromClient && (isSyn || payloadBytes > 0)) this.#isAccepted = true;
    if (isSyn || side.next === undefined) side.next = (sequence + (isSyn ? 1 : 0)) >>> 0;
    const start = sequence + (isSyn ? 1 : 0);
    const ahead = sequenceDistance(side.next, start + payloadBytes);
    if (payloadBytes === 0) return;
    const isNear = ahead - payloadBytes <= maxHoleBytes && ahead > 0;
    const fresh = ahead <= 0 ? 0 : isNear ? ahead : payloadBytes;
    side.bytes += fresh;
    side.retransmittedBytes += Math.max(0, payloadBytes - fresh);
    if (ahead > 0) side.next = (start + payloadBytes) >>> 0;
  }
}

function newSide(address: Uint8Array, port: number): FlowSide {
  return {
    address: address.slice(),
    port,
    packets: 0,
    bytes: 0,
    retransmittedBytes: 0,
    next: undefined,
    isFinished: false,
  };
}

/** Of the first packet that was seen. Without a SYN the lower of a well-known port and another one is the server's. */
function isFromServer({ flags, protocol, sourcePort, destinationPort }: Transport): boolean {
  if (protocol === 6 && (flags & tcpFlags.syn) !== 0) return (flags & tcpFlags.ack) !== 0;
  return sourcePort < 1_024 && destinationPort >= 1_024;
}
