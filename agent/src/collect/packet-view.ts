// What stands in for the kernel engine's payloads where there is none (tier 2): a packet socket of the agent's own network
// namespace. It sees DNS and the first packet of TLS and QUIC clients; whose they are, the sockets that are open tell.
import { networkInterfaces } from 'node:os';
import { parseAddress } from '../host/portable/address.ts';
import { messageOf } from '../host/host-error.ts';
import type { PacketSocket } from '../host/linux/packet-socket.ts';
import { isDnsPort } from '../inspect/dns/ports.ts';
import { PacketDecoder } from '../inspect/packet/decoder.ts';
import type { Transport } from '../inspect/packet/transport.ts';
import { addressKey, type Payload } from '../inspect/payload.ts';
import type { Inspected } from './collector.ts';
import type { Inspection } from './inspection.ts';

/** Its ring holds some 10,000 small packets. Less often while nothing comes. */
const DRAIN_EVERY_MS = 100;
const DRAIN_IDLE_MS = 300;
const ADDRESSES_EVERY_US = 10_000_000;
/** Raw IP of https://www.tcpdump.org/linktypes.html. */
const LINKTYPE_RAW = 101;

export interface PacketViewOptions {
  socket: PacketSocket;
  inspection: Inspection;
  clock: { boottimeUs(): number; wallUs(): number };
}

export class PacketView implements Disposable {
  readonly #socket: PacketSocket;
  readonly #inspection: Inspection;
  readonly #clock: PacketViewOptions['clock'];
  #timer: NodeJS.Timeout;
  readonly #decoder = new PacketDecoder({ transport: (part) => this.#inspect(part), unreachable: () => {} });
  #wanted: Inspected = { dns: true, tls: true, quic: true };
  #own = new Set<string>();
  #ownUs = -Infinity;
  #outgoing = false;
  #failure = '';

  constructor({ socket, inspection, clock }: PacketViewOptions) {
    this.#socket = socket;
    this.#inspection = inspection;
    this.#clock = clock;
    this.#timer = this.#schedule(DRAIN_IDLE_MS);
  }

  get dropped(): number {
    return this.#socket.dropped();
  }

  /** Why the last drain failed; empty when it did not. */
  get failure(): string {
    return this.#failure;
  }

  capture(wanted: Inspected): void {
    this.#wanted = wanted;
  }

  /** @returns how many packets there were. */
  drain(): number {
    const nowUs = this.#clock.boottimeUs();
    const offsetUs = nowUs - this.#clock.wallUs();
    if (nowUs - this.#ownUs > ADDRESSES_EVERY_US) this.#readAddresses(nowUs);
    try {
      const packets = this.#socket.drain(({ bytes, outgoing, wallUs }) => {
        this.#outgoing = outgoing;
        this.#decoder.decode(LINKTYPE_RAW, bytes, Math.min(nowUs, wallUs + offsetUs));
      });
      this.#failure = '';
      return packets;
    } catch (error) {
      this.#failure = messageOf(error);
      return 0;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#socket[Symbol.dispose]();
  }

  #schedule(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      const packets = this.drain();
      this.#timer = this.#schedule(packets > 0 ? DRAIN_EVERY_MS : DRAIN_IDLE_MS);
    }, afterMs).unref();
  }

  #inspect(part: Transport): void {
    const kind = kindOf(part);
    if (kind === undefined || !this.#wanted[kind]) return;
    const isSource = this.#isOwn(part.source);
    const isDestination = this.#isOwn(part.destination);
    // What is neither from nor to this host is only passed on. On loopback the client is the one to tell of.
    if (isSource && isDestination) this.#inspection.inspect(payloadOf(part, kind, !isDnsPort(part.sourcePort)));
    else if (isSource) this.#inspection.inspect(payloadOf(part, kind, true));
    else if (this.#outgoing) return;
    else if (isDestination || isMulticast(part.destination)) this.#inspection.inspect(payloadOf(part, kind, false));
  }

  #isOwn(address: Uint8Array): boolean {
    return (address.length === 4 && address[0] === 127) || this.#own.has(addressKey(address));
  }

  #readAddresses(nowUs: number): void {
    this.#ownUs = nowUs;
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    this.#own = new Set(all.map(({ address }) => addressKey(parseAddress(address) ?? new Uint8Array())));
  }
}

function kindOf({ protocol, sourcePort, destinationPort }: Transport): Payload['kind'] | undefined {
  if (isDnsPort(sourcePort) || isDnsPort(destinationPort)) return 'dns';
  return protocol === 6 ? 'tls' : 'quic';
}

function payloadOf(part: Transport, kind: Payload['kind'], sent: boolean): Payload {
  const { protocol, sequence, payloadBytes, timeUs } = part;
  const [local, remote] = sent ? [part.source, part.destination] : [part.destination, part.source];
  return {
    ...{ kind, cookie: 0, protocol, direction: sent ? 'tx' : 'rx', sequence, bytes: part.payload, payloadBytes },
    localAddress: () => local.slice(),
    localPort: sent ? part.sourcePort : part.destinationPort,
    remoteAddress: () => remote.slice(),
    remotePort: sent ? part.destinationPort : part.sourcePort,
    boottimeUs: timeUs,
    owner: () => undefined,
  };
}

function isMulticast(address: Uint8Array): boolean {
  return address.length === 4 ? address[0]! >> 4 === 14 : address[0] === 0xff;
}
