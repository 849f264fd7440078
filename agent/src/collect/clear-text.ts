// Card numbers in this host's own clear text: a packet socket of the agent's network namespace, which is open only while the host's
// owner allows it; what is found is joined with the connection and process that it belongs to.
import { networkInterfaces } from 'node:os';
import { Direction, type HostPolicy, unmapAddress } from '@foretop/proto';
import type { Logger } from 'pino';
import { messageOf } from '../host/host-error.ts';
import { openLibc } from '../host/linux/libc.ts';
import { openPacketSocket, type PacketSocket } from '../host/linux/packet-socket.ts';
import { textFilter } from '../host/linux/text-filter.ts';
import { parseAddress } from '../host/portable/address.ts';
import { type CardSight, CardWatch } from '../inspect/cards/card-watch.ts';
import { PacketDecoder } from '../inspect/packet/decoder.ts';
import { addressKey } from '../inspect/payload.ts';
import { tupleKey } from './connection.ts';
import type { Tick, TrackedConnection } from './tick.ts';

const drainEveryMs = 100;
const addressesEveryUs = 10_000_000;
/** Raw IP of https://www.tcpdump.org/linktypes.html. */
const rawIp = 101;
const tcp = 6;
/** Sights of connections that no look has shown yet wait so long. */
const waitsUs = 4_000_000;
const mostWaiting = 1_024;
/** What is found at the end of a text is told after its connection may have closed: of those the owners are known so long. */
const closedUs = 10_000_000;
const mostClosed = 8_192;

/** A card number as this host's end saw it. */
export interface TrackedCard extends Pick<CardSight, 'masked' | 'issuer' | 'score' | 'count' | 'firstUs' | 'lastUs'> {
  localAddress: Uint8Array;
  localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
  sent: boolean;
  /** 0 and '' where no look showed the connection. */
  cookie: number;
  pid: number;
  pidStartTicks: number;
  comm: string;
  direction: Direction;
}

export interface ClearTextOptions {
  clock: { boottimeUs(): number; wallUs(): number };
  /** Stand-in for the kernel, in tests. Throws where there is none. */
  open?: () => PacketSocket;
  log: Logger;
}

/** The agent itself, for card numbers, and by the word of the host's own file only. */
export const mayReadText = ({ allowed, withheld }: HostPolicy): boolean =>
  (allowed?.includes('capture-payload') ?? false) && !(withheld?.includes('card-numbers') ?? false);

export class ClearText implements Disposable {
  readonly #options: ClearTextOptions;
  readonly #watch = new CardWatch();
  readonly #decoder = new PacketDecoder({ transport: (part) => this.#watch.inspect(part), unreachable: () => {} });
  #socket: PacketSocket | undefined;
  #failure = '';
  #timer: NodeJS.Timeout | undefined;
  #own = new Set<string>();
  #ownUs = -Infinity;
  #waiting: TrackedCard[] = [];
  /** By both ends, the one that closed first first. */
  readonly #closed = new Map<string, TrackedConnection>();

  constructor(options: ClearTextOptions) {
    this.#options = options;
  }

  /** Whether the owner's file allows it now; what is not allowed is not even opened. */
  allow(allowed: boolean): void {
    if (!allowed) {
      this.#failure = '';
      if (this.#socket !== undefined) this.#close('');
    } else if (this.#socket === undefined && this.#failure === '') this.#open();
  }

  /** What was seen since the last look, with whose it is. */
  take(tick: Tick): TrackedCard[] {
    if (this.#socket === undefined) return [];
    this.#remember(tick);
    this.#drain();
    const fresh = this.#watch.take(tick.boottimeUs).flatMap((sight) => this.#ofThisHost(sight));
    const all = [...this.#waiting, ...fresh].slice(0, mostWaiting);
    this.#waiting = [];
    if (all.length === 0) return [];
    const open = connectionsOf(tick);
    return all.filter((card) => {
      const tuple = tupleKey({ ...card, protocol: tcp });
      const connection = open.get(tuple) ?? this.#closed.get(tuple);
      if (connection !== undefined) Object.assign(card, ownerOf(connection));
      else if (tick.boottimeUs - card.firstUs < waitsUs) {
        this.#waiting.push(card);
        return false;
      }
      return true;
    });
  }

  [Symbol.dispose](): void {
    if (this.#socket !== undefined) this.#close('');
  }

  #open(): void {
    const open = this.#options.open ?? (() => openPacketSocket(openLibc(), textFilter));
    try {
      this.#socket = open();
      this.#timer = setInterval(() => this.#drain(), drainEveryMs).unref();
    } catch (error) {
      this.#failure = messageOf(error);
    }
    this.#tell();
  }

  #close(failure: string): void {
    clearInterval(this.#timer);
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
    this.#failure = failure;
    this.#watch.clear();
    this.#closed.clear();
    this.#waiting = [];
    this.#tell();
  }

  #tell(): void {
    const state = { reading: this.#socket !== undefined, failure: this.#failure };
    this.#options.log.info({ event: 'clear-text', ...state }, 'Card numbers are looked for in clear text, or no more.');
  }

  #remember({ closed, boottimeUs }: Tick): void {
    for (const connection of closed) {
      if (connection.protocol !== tcp) continue;
      const tuple = tupleKey(connection);
      this.#closed.delete(tuple);
      this.#closed.set(tuple, connection);
    }
    for (const [tuple, { lastSeenUs }] of this.#closed) {
      if (this.#closed.size <= mostClosed && boottimeUs - lastSeenUs < closedUs) break;
      this.#closed.delete(tuple);
    }
  }

  #drain(): void {
    const { clock } = this.#options;
    const nowUs = clock.boottimeUs();
    const offsetUs = nowUs - clock.wallUs();
    try {
      this.#socket?.drain(({ bytes, wallUs }) =>
        this.#decoder.decode(rawIp, bytes, Math.min(nowUs, wallUs + offsetUs)),
      );
    } catch (error) {
      this.#close(messageOf(error));
    }
  }

  /** What is only passed on is not this host's. On loopback the sender tells. */
  #ofThisHost({ source, sourcePort, destination, destinationPort, ...sight }: CardSight): TrackedCard[] {
    const sent = this.#isOwn(source, sight.lastUs);
    if (!sent && !this.#isOwn(destination, sight.lastUs)) return [];
    const [local, remote] = [source, destination].map((address) => unmapAddress(address)) as [Uint8Array, Uint8Array];
    const unknown = { cookie: 0, pid: 0, pidStartTicks: 0, comm: '' };
    const ends = sent
      ? { localAddress: local, localPort: sourcePort, remoteAddress: remote, remotePort: destinationPort }
      : { localAddress: remote, localPort: destinationPort, remoteAddress: local, remotePort: sourcePort };
    const direction = ends.localPort < ends.remotePort ? Direction.DIRECTION_INBOUND : Direction.DIRECTION_OUTBOUND;
    return [{ ...sight, ...ends, ...unknown, sent, direction }];
  }

  #isOwn(address: Uint8Array, nowUs: number): boolean {
    if (Math.abs(nowUs - this.#ownUs) > addressesEveryUs) {
      this.#ownUs = nowUs;
      const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      this.#own = new Set(all.map(({ address: text }) => addressKey(parseAddress(text) ?? new Uint8Array())));
    }
    return (address.length === 4 && address[0] === 127) || this.#own.has(addressKey(unmapAddress(address)));
  }
}

function connectionsOf({ connections }: Tick): Map<string, TrackedConnection> {
  const byTuple = new Map<string, TrackedConnection>();
  for (const connection of connections.values())
    if (connection.protocol === tcp && connection.remotePort !== 0) byTuple.set(tupleKey(connection), connection);
  return byTuple;
}

function ownerOf({ cookie, pid, pidStartTicks, comm, direction }: TrackedConnection) {
  return { cookie, pid, pidStartTicks, comm, direction };
}
