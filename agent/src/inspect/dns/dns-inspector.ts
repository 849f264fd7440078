// DNS payloads, by UDP or TCP, turned into exchanges.
import { DnsKind, DnsTransport } from '@foretop/proto';
import { BoundedFlows } from '../bounded-flows.ts';
import { addressKey, flowKey, type Payload } from '../payload.ts';
import { TcpStream } from '../tcp/stream.ts';
import { DnsExchanges, type ObservedExchange } from './exchanges.ts';
import { type DnsMessage, parseDnsMessage } from './message.ts';
import { dnsKindOf } from './ports.ts';
import { DnsFraming } from './tcp-framing.ts';

const flowBounds = { flows: 1_024, bytes: 8 * 1_048_576, idleUs: 120_000_000 };
const streamLimits = { maxBytes: 131_072, maxSegments: 128 };

/** One direction of a TCP conversation. */
interface Direction {
  stream: TcpStream;
  framing: DnsFraming;
  readonly keptBytes: number;
}

export interface DnsCounters {
  messages: number;
  /** Payloads that hold no readable DNS message. */
  unreadable: number;
  /** TCP conversations given up because there were too many, and holes that were skipped. */
  flowsEvicted: number;
  holes: number;
  queriesEvicted: number;
  answersUnmatched: number;
}

export class DnsInspector {
  readonly #exchanges: DnsExchanges;
  readonly #flows = new BoundedFlows<Direction>(flowBounds);
  // The payload whose bytes are being read.
  #current: Payload | undefined;
  #messages = 0;
  #unreadable = 0;
  #holes = 0;

  constructor(emit: (exchange: ObservedExchange) => void) {
    this.#exchanges = new DnsExchanges(emit);
  }

  inspect(payload: Payload): void {
    this.#current = payload;
    if (payload.protocol === 17) this.#read(payload.bytes, payload.payloadBytes);
    else if (payload.bytes.length > 0) this.#readSegment(payload);
    this.#current = undefined;
  }

  expire(nowUs: number): void {
    this.#exchanges.expire(nowUs);
    this.#flows.expire(nowUs);
  }

  /** Gives out the queries that still wait as unanswered. */
  flush(): void {
    this.#exchanges.flush();
  }

  counters(): DnsCounters {
    return {
      messages: this.#messages,
      unreadable: this.#unreadable,
      flowsEvicted: this.#flows.evicted,
      holes: this.#holes,
      queriesEvicted: this.#exchanges.counters.evicted,
      answersUnmatched: this.#exchanges.counters.unmatched,
    };
  }

  #readSegment(payload: Payload): void {
    const key = `${payload.direction}${flowKey(payload)}`;
    const direction = this.#flows.get(key) ?? this.#open(key);
    const before = direction.keptBytes;
    const { stream, framing } = direction;
    if (!stream.push(payload.sequence, payload.bytes)) {
      // What is missing will not come: a message most often begins with a segment.
      this.#holes++;
      framing.reset();
      stream.start(payload.sequence);
      stream.push(payload.sequence, payload.bytes);
    }
    this.#flows.grow(direction.keptBytes - before);
  }

  #open(key: string): Direction {
    const framing = new DnsFraming((message) => this.#read(message, message.length));
    const stream = new TcpStream(streamLimits, (bytes) => framing.push(bytes));
    const direction = {
      framing,
      stream,
      get keptBytes() {
        return framing.keptBytes + stream.keptBytes;
      },
    };
    this.#flows.set(key, direction);
    return direction;
  }

  #read(bytes: Uint8Array, messageBytes: number): void {
    const payload = this.#current!;
    const message = parseDnsMessage(bytes);
    if (!message) {
      this.#unreadable++;
      return;
    }
    this.#messages++;
    const kind = dnsKindOf(payload.protocol, payload.localPort, payload.remotePort);
    this.#exchanges.observe({
      message,
      messageBytes,
      conversation: conversationOf(payload, kind, message),
      transport: payload.protocol === 17 ? DnsTransport.DNS_TRANSPORT_UDP : DnsTransport.DNS_TRANSPORT_TCP,
      kind,
      direction: payload.direction,
      cookie: payload.cookie,
      localAddress: () => payload.localAddress(),
      localPort: payload.localPort,
      peerAddress: () => payload.remoteAddress(),
      peerPort: payload.remotePort,
      atUs: payload.boottimeUs,
      owner: () => payload.owner(),
    });
  }
}

/** A question to a multicast group is answered from another address. */
function conversationOf(payload: Payload, kind: DnsKind, { response }: DnsMessage): string {
  if (kind === DnsKind.DNS_KIND_DNS) return flowKey(payload);
  if (payload.cookie !== 0) return `${kind}/${payload.cookie}`;
  if (kind === DnsKind.DNS_KIND_MDNS) return 'mdns';
  const asksFromHere = response === (payload.direction === 'rx');
  return asksFromHere
    ? `llmnr/${addressKey(payload.localAddress())}/${payload.localPort}`
    : `llmnr/${addressKey(payload.remoteAddress())}/${payload.remotePort}`;
}
