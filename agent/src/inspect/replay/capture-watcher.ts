// A capture's packets, one after the other, through the parsers that the agent runs on live traffic.
import { DnsKind, protocols } from '@foretop/proto';
import { dnsKindOf, isDnsPort, isNetbiosPort } from '../dns/ports.ts';
import { looksLikeDns } from '../dns/recognise.ts';
import type { ObservedExchange } from '../dns/exchanges.ts';
import type { ObservedHello } from '../hello-inspector.ts';
import { Inspector } from '../inspector.ts';
import type { ArpMessage } from '../packet/arp.ts';
import { PacketDecoder } from '../packet/decoder.ts';
import type { Echo } from '../packet/echo.ts';
import type { PortUnreachable, Transport } from '../packet/transport.ts';
import type { Payload } from '../payload.ts';
import type { CapturedPacket } from '../pcap/capture-format.ts';
import { hasLongHeader } from '../quic/long-header.ts';
import { isClearGooglePacket } from '../quic/google-hello.ts';
import { ClientNames } from './client-names.ts';
import type { Flow } from './flow.ts';
import { FlowTable } from './flow-table.ts';

/** What is said of a capture, as soon as it is known: a flow when it has ended, an exchange when it was answered or given up. */
export interface CaptureEvents {
  /** @param looked what the client had looked the server's address up for. */
  flow(flow: Flow, looked: string | undefined): void;
  dns(exchange: ObservedExchange): void;
  sni(hello: ObservedHello): void;
  /** Each payload, already counted in its flow. Bytes are valid only during the call, as in the next two. */
  payload?(transport: Transport, flow: Flow): void;
  echo?(echo: Echo): void;
  arp?(message: ArpMessage): void;
  /** Said once for each type of link. */
  unknownLink(linkType: number): void;
}

const expireUs = 1_000_000;
/** Packets of a flow that may tell what it carries. */
const maxGuesses = 8;

export class CaptureWatcher {
  readonly #events: CaptureEvents;
  readonly #inspector = new Inspector(
    { dns: (exchange) => this.#dns(exchange), sni: (hello) => this.#sni(hello) },
    { quicPacketsPerSecond: Infinity },
  );
  readonly #flows = new FlowTable((flow) => this.#ended(flow));
  readonly #byId = new Map<number, Flow>();
  readonly #names = new ClientNames();
  readonly #decoder: PacketDecoder;
  readonly #unknownLinks = new Set<number>();
  #nowUs = 0;
  #expiredUs = 0;

  constructor(events: CaptureEvents) {
    this.#events = events;
    this.#decoder = new PacketDecoder({
      transport: (transport) => this.#transport(transport),
      unreachable: (unreachable) => this.#unreachable(unreachable),
      ...(events.echo && { echo: (echo) => events.echo?.(echo) }),
      ...(events.arp && { arp: (message) => events.arp?.(message) }),
    });
  }

  /** Things given up because there were too many. */
  get lost(): number {
    const { queriesEvicted, helloFlowsEvicted, flowsEvicted } = this.#inspector.counters();
    return queriesEvicted + helloFlowsEvicted + flowsEvicted;
  }

  packet({ linkType, bytes, timeUs }: CapturedPacket): void {
    this.#nowUs = Math.max(this.#nowUs, timeUs);
    if (this.#nowUs - this.#expiredUs >= expireUs) this.#expire();
    if (this.#decoder.decode(linkType, bytes, timeUs) || this.#unknownLinks.has(linkType)) return;
    this.#unknownLinks.add(linkType);
    this.#events.unknownLink(linkType);
  }

  /** Gives out what is still open. */
  end(): void {
    this.#inspector.flush();
    this.#flows.end();
  }

  #expire(): void {
    this.#expiredUs = this.#nowUs;
    this.#inspector.expire(this.#nowUs);
  }

  #transport(transport: Transport): void {
    const flow = this.#flows.add(transport);
    this.#byId.set(flow.id, flow);
    if (transport.payload.length === 0) return;
    flow.carries ??=
      carriedBy(transport) ?? (flow.client.packets + flow.server.packets > maxGuesses ? 'other' : undefined);
    this.#events.payload?.(transport, flow);
    if (flow.carries === undefined || flow.carries === 'other') return;
    this.#inspector.inspect(payloadOf(transport, flow, flow.carries));
  }

  #unreachable({ protocol, source, sourcePort, destination, destinationPort }: PortUnreachable): void {
    const flow = this.#flows.find(protocol, source, sourcePort, destination, destinationPort);
    if (flow && flow.client.port === sourcePort && flow.server.packets === 0) flow.isUnreachable = true;
  }

  #dns(exchange: ObservedExchange): void {
    this.#names.learn(exchange);
    this.#events.dns(exchange);
  }

  #sni(hello: ObservedHello): void {
    const flow = this.#byId.get(hello.cookie);
    if (flow) {
      flow.serverName ??= hello.serverName;
      flow.alpn ??= hello.alpn[0];
    }
    this.#events.sni(hello);
  }

  #ended(flow: Flow): void {
    this.#byId.delete(flow.id);
    this.#events.flow(flow, this.#names.nameOf(flow.client.address, flow.server.address, flow.firstUs));
  }
}

function carriedBy({ protocol, sourcePort, destinationPort, payload }: Transport): Flow['carries'] {
  if (isDnsPort(sourcePort) || isDnsPort(destinationPort)) return 'dns';
  if (protocol === protocols.tcp) return 'tls';
  if (isNetbiosPort(destinationPort)) return 'other';
  if (hasLongHeader(payload, 0) || isClearGooglePacket(payload)) return 'quic';
  return looksLikeDns(payload) ? 'dns' : undefined;
}

function payloadOf(transport: Transport, flow: Flow, kind: Payload['kind']): Payload {
  const { sourcePort, destinationPort, payload } = transport;
  const isMulticast =
    kind === 'dns' && dnsKindOf(transport.protocol, sourcePort, destinationPort) !== DnsKind.DNS_KIND_DNS;
  // Without a host to look from, whoever asks is here.
  const isQuery = ((payload[2] ?? 0) & 0x80) === 0;
  const fromHere = isMulticast ? isQuery : flow.isFromClient(transport);
  return {
    kind,
    cookie: isMulticast ? 0 : flow.id,
    protocol: transport.protocol,
    direction: fromHere ? 'tx' : 'rx',
    localAddress: () => (fromHere ? transport.source : transport.destination).slice(),
    localPort: fromHere ? sourcePort : destinationPort,
    remoteAddress: () => (fromHere ? transport.destination : transport.source).slice(),
    remotePort: fromHere ? destinationPort : sourcePort,
    boottimeUs: transport.timeUs,
    sequence: transport.sequence + ((transport.flags & 2) !== 0 ? 1 : 0),
    bytes: payload,
    payloadBytes: transport.payloadBytes,
    owner: () => undefined,
  };
}
