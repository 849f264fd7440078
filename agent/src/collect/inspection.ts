// Brings what packets' payloads tell to the connections and the tick: DNS exchanges with their process, and names with provenance.
import { NameSource } from '@foretop/proto';
import type { ObservedExchange } from '../inspect/dns/exchanges.ts';
import type { ObservedHello } from '../inspect/hello-inspector.ts';
import { Inspector } from '../inspect/inspector.ts';
import type { Payload } from '../inspect/payload.ts';
import type { Inspected } from './collector.ts';
import { type ConnectionRecord, tupleKey } from './connection.ts';
import type { OpenConnections } from './open-connections.ts';
import { PeerNames } from './peer-names.ts';
import type { TrackedDns } from './tick.ts';

/** Exchanges kept for one look; beyond it they are counted as lost. */
const MAX_EXCHANGES_A_LOOK = 20_000;
/** Hellos that wait for news of their connection. */
const MAX_WAITING_HELLOS = 4_096;
const HELLO_WAITS_US = 30_000_000;

/** Who runs under this pid, as the process table knows it. */
export type FindProcess = (pid: number) => { startTicks: number; comm: string } | undefined;

export class Inspection {
  readonly #all: OpenConnections;
  readonly #inspector: Inspector;
  readonly #names = new PeerNames();
  /** By cookie, else by both ends. */
  readonly #hellos = new Map<number | string, ObservedHello>();
  #exchanges: ObservedExchange[] = [];
  /** Exchanges beyond the bound, since the start. */
  lost = 0;

  constructor(all: OpenConnections) {
    this.#all = all;
    this.#inspector = new Inspector({ dns: (exchange) => this.#note(exchange), sni: (hello) => this.#greet(hello) });
  }

  inspect(payload: Payload): void {
    this.#inspector.inspect(payload);
  }

  /** What is not read any more gives its memory back. */
  only(what: Inspected): void {
    if (!what.dns) this.#inspector.forgetDns();
    if (what.tls || what.quic) return;
    this.#inspector.forgetHellos();
    this.#hellos.clear();
  }

  /** Queries that nobody answered are given out, idle streams forgotten. */
  expire(nowUs: number): void {
    this.#inspector.expire(nowUs);
    for (const [key, { atUs }] of this.#hellos) {
      if (nowUs - atUs < HELLO_WAITS_US) return;
      this.#hellos.delete(key);
    }
  }

  /** Names a connection that is new, or was not named so far. Once its process is known. */
  name(record: ConnectionRecord, nowUs: number): void {
    const hello = this.#hellos.size > 0 && record.remotePort !== 0 ? this.#takeHello(record) : undefined;
    if (hello) greet(record, hello);
    if (record.name !== undefined || record.remotePort === 0) return;
    const known = this.#names.nameOf(record.pid, record.remoteAddress, nowUs);
    if (!known) return;
    record.name = known.name;
    record.nameSource = known.source;
  }

  /** The exchanges since the last look. */
  take(find: FindProcess): TrackedDns[] {
    const exchanges = this.#exchanges;
    this.#exchanges = [];
    const byPort = exchanges.some(({ owner }) => !owner) ? this.#udpByPort() : undefined;
    return exchanges.map((exchange) => {
      const { pid, comm } = exchange.owner ?? byPort?.get(exchange.localPort) ?? { pid: 0, comm: '' };
      const process = pid === 0 ? undefined : find(pid);
      return { exchange, pid, pidStartTicks: process?.startTicks ?? 0, comm: process?.comm ?? comm };
    });
  }

  /** Without the engine an exchange has the process whose UDP socket is open at its port now. */
  #udpByPort(): Map<number, ConnectionRecord> {
    const byPort = new Map<number, ConnectionRecord>();
    for (const record of this.#all.byHandle.values())
      if (record.protocol === 17 && record.pid !== 0 && !record.foreign) byPort.set(record.localPort, record);
    return byPort;
  }

  #note(exchange: ObservedExchange): void {
    // At once: the connection that follows an answer may have ended before the next look.
    this.#names.learn(exchange, exchange.owner?.pid ?? 0, exchange.owner?.comm ?? '');
    if (this.#exchanges.length < MAX_EXCHANGES_A_LOOK) this.#exchanges.push(exchange);
    else this.lost++;
  }

  #greet(hello: ObservedHello): void {
    const { cookie, remoteAddress, remotePort } = hello;
    const socket = cookie === 0 ? undefined : this.#all.byCookie.get(cookie);
    const record =
      socket?.protocol === 6 ? socket : cookie === 0 ? undefined : this.#all.peer(cookie, remoteAddress, remotePort);
    if (record) return greet(record, hello);
    this.#hellos.set(cookie === 0 ? tupleKey({ ...hello, protocol: protocolOf(hello) }) : cookie, hello);
    if (this.#hellos.size > MAX_WAITING_HELLOS) this.#hellos.delete(this.#hellos.keys().next().value!);
  }

  #takeHello(record: ConnectionRecord): ObservedHello | undefined {
    const tuple = this.#hellos.has(record.cookie) ? undefined : tupleKey(record);
    const hello = this.#hellos.get(tuple ?? record.cookie);
    if (hello) this.#hellos.delete(tuple ?? record.cookie);
    return hello;
  }
}

function protocolOf({ transport }: ObservedHello): 6 | 17 {
  return transport === 'tls' ? 6 : 17;
}

/** What the client asked for on this very connection says more than what an address was looked up for. */
function greet(record: ConnectionRecord, { direction, serverName, alpn }: ObservedHello): void {
  if (alpn[0] !== undefined) record.alpn = alpn[0];
  // Of an inbound connection it is this host's own name.
  if (direction !== 'tx' || serverName === undefined) return;
  record.name = serverName;
  record.nameSource = NameSource.NAME_SOURCE_SNI;
}
