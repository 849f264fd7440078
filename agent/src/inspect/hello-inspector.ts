// TLS and QUIC payloads, each flow searched for its client's hello until it is found or cannot come any more.
import { BoundedFlows } from './bounded-flows.ts';
import { flowKey, type Payload, type PayloadOwner } from './payload.ts';
import { QuicHelloFlow } from './quic/hello-flow.ts';
import type { ClientHello } from './tls/client-hello.ts';
import { HelloFlow } from './tls/hello-flow.ts';

export interface ObservedHello extends ClientHello {
  atUs: number;
  /** gquic: Google's handshake before it became TLS. */
  transport: 'tls' | 'quic' | 'gquic';
  cookie: number;
  /** tx = this host is the client. */
  direction: 'rx' | 'tx';
  localAddress: Uint8Array;
  localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
  owner: PayloadOwner | undefined;
}

export interface HelloCounters {
  hellos: number;
  /** Searches ended for want of room, perhaps without a hello. */
  helloFlowsEvicted: number;
  /** Flows that cannot hold a hello. */
  helloFlowsWithout: number;
  /** Packets over the limit of decryptions a second. */
  quicSkipped: number;
}

const searchBounds = { flows: 4_096, bytes: 16 * 1_048_576, idleUs: 30_000_000 };
const doneBounds = { flows: 16_384, bytes: 0, idleUs: 30_000_000 };
const done = { keptBytes: 0 };
const secondUs = 1_000_000;

type Found = Omit<ObservedHello, keyof ClientHello | 'transport'>;

interface Search {
  flow: HelloFlow | QuicHelloFlow;
  /** Of the first payload: what is said when the flow ends half read. */
  found: Found;
  readonly keptBytes: number;
}

export class HelloInspector {
  readonly #emit: (hello: ObservedHello) => void;
  readonly #searches = new BoundedFlows<Search>(searchBounds, (search) => this.#finish(search));
  // Flows whose hello is known, or that have none.
  readonly #done = new BoundedFlows(doneBounds);
  readonly #quicPacketsPerSecond: number;
  #second = 0;
  #quicPackets = 0;
  #hellos = 0;
  #without = 0;
  #quicSkipped = 0;

  constructor(emit: (hello: ObservedHello) => void, quicPacketsPerSecond: number) {
    this.#emit = emit;
    this.#quicPacketsPerSecond = quicPacketsPerSecond;
  }

  inspect(payload: Payload): void {
    if (payload.bytes.length === 0) return;
    const isQuic = payload.protocol === 17;
    const key = isQuic ? flowKey(payload) : `${payload.direction}${flowKey(payload)}`;
    if (this.#done.get(key) || (isQuic && !this.#mayDecrypt(payload.boottimeUs))) return;
    let search = this.#searches.get(key);
    if (!search) {
      search = openSearch(isQuic ? new QuicHelloFlow() : new HelloFlow(), payload);
      this.#searches.set(key, search);
    }
    const before = search.keptBytes;
    const isOver = this.#search(payload, search.flow);
    if (isOver) {
      this.#searches.delete(key);
      this.#done.set(key, done);
    }
    this.#searches.grow(search.keptBytes - before);
  }

  expire(nowUs: number): void {
    this.#searches.expire(nowUs);
    this.#done.expire(nowUs);
  }

  flush(): void {
    this.#searches.flush();
  }

  counters(): HelloCounters {
    return {
      hellos: this.#hellos,
      helloFlowsEvicted: this.#searches.evicted,
      helloFlowsWithout: this.#without,
      quicSkipped: this.#quicSkipped,
    };
  }

  /** @returns whether the search is over. */
  #search(payload: Payload, flow: HelloFlow | QuicHelloFlow): boolean {
    const result =
      flow instanceof QuicHelloFlow
        ? flow.push(payload.bytes, payload.direction)
        : flow.push(payload.sequence, payload.bytes);
    if (result === 'none') this.#without++;
    else if (result !== 'more') this.#give(result, describe(payload));
    return result !== 'more';
  }

  #finish({ flow, found }: Search): void {
    const result = flow.finish();
    if (result) this.#give(result, found);
  }

  #give(result: ReturnType<HelloFlow['push'] | QuicHelloFlow['push']>, found: Found): void {
    if (typeof result === 'string') return;
    this.#hellos++;
    if ('hello' in result) this.#emit({ ...result.hello, ...found, transport: result.google ? 'gquic' : 'quic' });
    else this.#emit({ ...result, ...found, transport: 'tls' });
  }

  #mayDecrypt(nowUs: number): boolean {
    const second = Math.floor(nowUs / secondUs);
    if (second !== this.#second) {
      this.#second = second;
      this.#quicPackets = 0;
    }
    if (++this.#quicPackets <= this.#quicPacketsPerSecond) return true;
    this.#quicSkipped++;
    return false;
  }
}

function openSearch(flow: HelloFlow | QuicHelloFlow, payload: Payload): Search {
  return {
    flow,
    found: describe(payload),
    get keptBytes() {
      return flow.keptBytes;
    },
  };
}

function describe(payload: Payload): Found {
  return {
    atUs: payload.boottimeUs,
    cookie: payload.cookie,
    direction: payload.direction,
    localAddress: payload.localAddress(),
    localPort: payload.localPort,
    remoteAddress: payload.remoteAddress(),
    remotePort: payload.remotePort,
    owner: payload.owner(),
  };
}
