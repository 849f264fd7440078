// The kernel's flows: read while they live, taken out when they have ended.
import type { FlowReading, SocketOwner } from '../../engine.ts';
import { FlowCursor } from './flow-cursor.ts';
import { flowAt, flowBytes, readU64 } from './layout.ts';
import type { BpfMap } from './maps.ts';
import { cookieKey } from './owners.ts';

const NS_PER_MS = 1e6;
/** A flow's time is that of a tick of the kernel's clock, 10 ms at most; and its packet may have come too late for a reading. */
const OVERLAP_NS = 30 * NS_PER_MS;
const UDP_IDLE_MS = 60_000;
/** With more UDP flows than this, quiet ones end sooner in proportion: a server of short exchanges must not fill the map. */
const CROWDED_UDP = 4_096;
const LEAST_UDP_IDLE_MS = 10_000;
/** The flows of a UDP socket with several peers are looked for at its release in a map of so many, else at the next reading. */
const SMALL_UDP = 2_048;
/** Ended flows noted by one reading; the kernel keeps the others, and the next reading finds them again. */
const MAX_ENDING = 16_384;
/** How long a released TCP connection that began before the engine may still exchange its last segments. */
const FADING_MS = 5_000;

export interface FlowTableOptions {
  tcp: BpfMap;
  udp: BpfMap;
  nowNs(): number;
  owner(cookie: number): SocketOwner | undefined;
  udpIdleMs?: number;
}

interface Ending {
  map: BpfMap;
  key: Uint8Array<ArrayBuffer>;
  cookie: number;
  /** Who released it; undefined: whom the map of owners names. */
  owner: SocketOwner | undefined;
}

export class FlowTable {
  readonly #options: FlowTableOptions;
  readonly #udpIdleNs: number;
  readonly #cursor = new FlowCursor();
  readonly #fading = new Map<number, SocketOwner | undefined>();
  readonly #released = new Map<number, SocketOwner | undefined>();
  readonly #forgotten = new Set<number>();
  #ending: Ending[] = [];
  /** At the last reading. */
  #udpFlows = 0;
  #readNs = 0;
  /** How many this side deleted, which the kernel's own count does not know. */
  deleted = 0;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#udpIdleNs = (options.udpIdleMs ?? UDP_IDLE_MS) * NS_PER_MS;
  }

  /** Visits what changed since the last time, and finds what has ended without an event. */
  read(visit: (flow: FlowReading) => void): void {
    const now = this.#options.nowNs();
    const since = this.#readNs - OVERLAP_NS;
    this.#readNs = now;
    this.#scan(this.#options.tcp, (words, bytes, at, cookie, key) => {
      const last = readU64(words, at + flowAt.last);
      if (bytes[at + flowAt.ended] || (now - last > FADING_MS * NS_PER_MS && this.#fading.has(cookie)))
        this.#end(this.#options.tcp, key(), cookie);
      else if (last >= since) visit(this.#point(words, bytes, at, cookie));
    });
    const udpIdleNs = this.#udpIdle();
    let udpFlows = 0;
    this.#scan(this.#options.udp, (words, bytes, at, cookie, key) => {
      const last = readU64(words, at + flowAt.last);
      udpFlows++;
      if (this.#forgotten.size > 0 && this.#forgotten.has(cookie)) this.#delete(this.#options.udp, key());
      else if (this.#released.size > 0 && this.#released.has(cookie))
        this.#end(this.#options.udp, key(), cookie, this.#released.get(cookie));
      else if (bytes[at + flowAt.ended] || now - last > udpIdleNs) this.#end(this.#options.udp, key(), cookie);
      else if (last >= since) visit(this.#point(words, bytes, at, cookie));
    });
    this.#udpFlows = udpFlows;
    this.#forgotten.clear();
    if (this.#ending.length < MAX_ENDING) this.#released.clear();
  }

  /** Visits what began since the last reading and lives; the next one does not miss any of it. */
  readNew(visit: (flow: FlowReading) => void): void {
    const since = this.#readNs - OVERLAP_NS;
    for (const map of [this.#options.tcp, this.#options.udp])
      this.#scan(map, (words, bytes, at, cookie) => {
        if (readU64(words, at + flowAt.first) >= since && !bytes[at + flowAt.ended])
          visit(this.#point(words, bytes, at, cookie));
      });
  }

  /** Its socket was released: all its flows end, a TCP connection's when the last segments are exchanged. */
  released(cookie: number, owner: SocketOwner | undefined): void {
    if (this.#options.tcp.lookup(cookieKey(cookie))) this.#fading.set(cookie, owner);
    else this.#released.set(cookie, owner);
  }

  /** Takes what has ended out of the maps, while `hasRoom`. @returns how many. */
  finish(
    closed: (flow: FlowReading) => void,
    ownerGone: (cookie: number) => void,
    hasRoom: () => boolean = () => true,
  ): number {
    if (this.#released.size > 0 && this.#udpFlows <= SMALL_UDP) this.#endReleased();
    const ending = this.#ending;
    this.#ending = [];
    let taken = 0;
    let at = 0;
    for (; at < ending.length && hasRoom(); at++) {
      const { map, key, cookie, owner } = ending[at]!;
      if (!map.take(key)) continue;
      this.deleted++;
      taken++;
      const ownerOf = () => owner ?? this.#fading.get(cookie) ?? this.#options.owner(cookie);
      closed(this.#cursor.point(map.valueWords, map.value, 0, cookie, ownerOf));
      const released = map.value[flowAt.ended] !== 0;
      if (released || map === this.#options.tcp) ownerGone(cookie);
      this.#fading.delete(cookie);
    }
    if (at < ending.length) this.#ending = ending.slice(at);
    return taken;
  }

  forget(cookie: number): void {
    this.#delete(this.#options.tcp, cookieKey(cookie));
    this.#fading.delete(cookie);
    this.#forgotten.add(cookie);
  }

  cookies(visit: (cookie: number) => void): void {
    for (const map of [this.#options.tcp, this.#options.udp])
      this.#scan(map, (_words, _bytes, _at, cookie) => visit(cookie));
  }

  #scan(
    map: BpfMap,
    visit: (
      words: Uint32Array<ArrayBuffer>,
      bytes: Uint8Array<ArrayBuffer>,
      at: number,
      cookie: number,
      key: () => Uint8Array<ArrayBuffer>,
    ) => void,
  ): void {
    const stride = map.definition.keyBytes;
    map.each(({ count, keys, keyWords, values, valueWords }) => {
      let entry = 0;
      const key = () => keys.slice(entry * stride, (entry + 1) * stride);
      for (; entry < count; entry++)
        visit(valueWords, values, entry * flowBytes, readU64(keyWords, entry * stride), key);
    });
  }

  #endReleased(): void {
    this.#scan(this.#options.udp, (_words, _bytes, _at, cookie, key) => {
      if (this.#released.has(cookie)) this.#end(this.#options.udp, key(), cookie, this.#released.get(cookie));
    });
    if (this.#ending.length < MAX_ENDING) this.#released.clear();
  }

  #udpIdle(): number {
    if (this.#udpFlows <= CROWDED_UDP) return this.#udpIdleNs;
    const crowded = (this.#udpIdleNs * CROWDED_UDP) / this.#udpFlows;
    return Math.min(this.#udpIdleNs, Math.max(LEAST_UDP_IDLE_MS * NS_PER_MS, crowded));
  }

  #point(words: Uint32Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>, at: number, cookie: number): FlowCursor {
    return this.#cursor.point(words, bytes, at, cookie, () => this.#options.owner(cookie));
  }

  #end(map: BpfMap, key: Uint8Array<ArrayBuffer>, cookie: number, owner?: SocketOwner): void {
    if (this.#ending.length < MAX_ENDING) this.#ending.push({ map, key, cookie, owner });
  }

  #delete(map: BpfMap, key: Uint8Array<ArrayBuffer>): void {
    if (map.delete(key)) this.deleted++;
  }
}
