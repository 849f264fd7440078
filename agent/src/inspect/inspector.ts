// What the payloads of packets tell: DNS exchanges, and the names that TLS and QUIC clients ask for. Bounded in all it keeps.
import { DnsInspector, type DnsCounters } from './dns/dns-inspector.ts';
import type { ObservedExchange } from './dns/exchanges.ts';
import { type HelloCounters, HelloInspector, type ObservedHello } from './hello-inspector.ts';
import type { Payload } from './payload.ts';

export interface InspectorEvents {
  dns(exchange: ObservedExchange): void;
  sni(hello: ObservedHello): void;
}

export interface InspectorCounters extends DnsCounters, HelloCounters {}

export interface InspectorOptions {
  /** QUIC packets that may be decrypted in a second, some 60 µs each; what is above is counted and left. */
  quicPacketsPerSecond: number;
}

const defaults: InspectorOptions = { quicPacketsPerSecond: 2_000 };

export class Inspector {
  readonly #events: InspectorEvents;
  readonly #options: InspectorOptions;
  #dns: DnsInspector;
  #hellos: HelloInspector;

  constructor(events: InspectorEvents, options: InspectorOptions = defaults) {
    this.#events = events;
    this.#options = options;
    this.#dns = this.#watchDns();
    this.#hellos = this.#watchHellos();
  }

  /** Copies what it keeps. Never throws on anything that `payload.bytes` can hold. */
  inspect(payload: Payload): void {
    if (payload.kind === 'dns') this.#dns.inspect(payload);
    else this.#hellos.inspect(payload);
  }

  /** Call it about once a second, with the clock of the payloads: gives out queries that had no answer, forgets what is idle. */
  expire(nowUs: number): void {
    this.#dns.expire(nowUs);
    this.#hellos.expire(nowUs);
  }

  /** Gives out all that still waits: at the end. */
  flush(): void {
    this.#dns.flush();
    this.#hellos.flush();
  }

  /** Forgets the queries that wait, without a word, and all other bytes of DNS. */
  forgetDns(): void {
    this.#dns = this.#watchDns();
  }

  /** Forgets the flows that are searched for hellos. */
  forgetHellos(): void {
    this.#hellos = this.#watchHellos();
  }

  counters(): InspectorCounters {
    return { ...this.#dns.counters(), ...this.#hellos.counters() };
  }

  #watchDns(): DnsInspector {
    return new DnsInspector((exchange) => this.#events.dns(exchange));
  }

  #watchHellos(): HelloInspector {
    return new HelloInspector((hello) => this.#events.sni(hello), this.#options.quicPacketsPerSecond);
  }
}
