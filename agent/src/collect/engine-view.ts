// The kernel engine at work: its ring buffer emptied on a timer, its flows joined with the connections, its payloads inspected.
import { messageOf } from '../host/host-error.ts';
import type { EngineFeature, KernelEngine, PayloadKind, ScanReading } from '../host/engine.ts';
import type { ConnectionRecord } from './connection.ts';
import { type FlowChanges, FlowTable } from './flow-table.ts';
import type { Inspection } from './inspection.ts';
import type { OpenConnections } from './open-connections.ts';

// The buffer holds more than a second of the worst load that was measured; each look empties it too.
const DRAIN_MOST_MS = 400;
const DRAIN_LEAST_MS = 25;
/** Emptied so often that it is about this full each time. */
const WANTED_FILL = 1 / 16;
// The flows are read with each look while that is cheap, else so rarely that it takes no more than this share of the time.
const READ_CHEAP_US = 2_000;
const READ_SHARE = 1 / 1_000;
const READ_MOST_US = 5_000_000;
/** One reading may be dear by chance, as when the machine or the garbage collector had other things to do. */
const READINGS_JUDGED = 3;
/** A look comes a little early or late. */
const SLACK_US = 500_000;
/** Scan evidence kept for one look; the kernel's own map is bounded too. */
const MAX_SCANS = 4_096;

export interface EngineViewOptions {
  engine: KernelEngine;
  all: OpenConnections;
  inspection: Inspection;
  boottimeUs: () => number;
  isOwn: (record: ConnectionRecord) => boolean;
}

export class EngineView implements Disposable {
  readonly #engine: KernelEngine;
  readonly #flows: FlowTable;
  readonly #inspection: Inspection;
  readonly #boottimeUs: () => number;
  #timer: NodeJS.Timeout;
  #everyMs = DRAIN_MOST_MS;
  /** When the flows were read last, what the last readings cost, and over what time the last counted. */
  #readUs: number | undefined;
  #readCostsUs: number[] = [];
  #readSpanUs = 0;
  /** Why the last emptying failed; the next look tells. */
  #failure = '';
  #listeningPorts = 0;

  constructor({ engine, all, inspection, boottimeUs, isOwn }: EngineViewOptions) {
    this.#engine = engine;
    this.#inspection = inspection;
    this.#boottimeUs = boottimeUs;
    this.#flows = new FlowTable(all, isOwn);
    this.#timer = this.#schedule();
  }

  get features(): readonly EngineFeature[] {
    return this.#engine.features;
  }

  /** IP bytes at sockets of the agent's own network namespace, since the start. */
  get socketBytes(): number {
    const { otherRxIpBytes, otherTxIpBytes } = this.#engine.counters();
    return this.#flows.socketBytes + otherRxIpBytes + otherTxIpBytes;
  }

  /** Takes what the ring buffer holds. */
  drain(): void {
    try {
      const nowUs = this.#boottimeUs();
      this.#engine.drain({
        closed: (flow) => this.#flows.ended(flow, nowUs),
        payload: (copy) => this.#inspection.inspect(copy),
        hasRoom: () => this.#flows.hasRoom,
      });
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }

  /**
   * Reads what changed, unless nobody watches and it was read a moment ago at a high cost. After a dump, where there is one;
   * throws what failed since the last look. @returns whether it was read.
   */
  look(nowUs: number, previousUs: number, watched = true): boolean {
    const isDue = watched || this.#readUs === undefined || nowUs - this.#readUs >= this.#restUs - SLACK_US;
    if (isDue) this.#read(nowUs, this.#readUs ?? previousUs);
    const failure = this.#failure;
    this.#failure = '';
    if (failure !== '') throw new Error(failure);
    return isDue;
  }

  /** Between two looks: what began and ended since. What fails, the next look tells. */
  glance(nowUs: number): void {
    this.drain();
    try {
      this.#flows.glance(this.#engine, nowUs);
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }

  /** The time over which the last reading counted. */
  get readSpanUs(): number {
    return this.#readSpanUs;
  }

  get #restUs(): number {
    const costUs = this.#readCostsUs.length < READINGS_JUDGED ? 0 : Math.min(...this.#readCostsUs);
    return costUs < READ_CHEAP_US ? 0 : Math.min(READ_MOST_US, costUs / READ_SHARE);
  }

  #read(nowUs: number, previousUs: number): void {
    this.#readUs = nowUs;
    this.#readSpanUs = nowUs - previousUs;
    const before = process.threadCpuUsage();
    this.#flows.read(this.#engine, nowUs, previousUs);
    const { user, system } = process.threadCpuUsage(before);
    this.#readCostsUs = [...this.#readCostsUs, user + system].slice(-READINGS_JUDGED);
  }

  /** Sooner after much, later after little. */
  #schedule(): NodeJS.Timeout {
    return setTimeout(() => {
      this.drain();
      const fill = this.#engine.ringFill();
      const wantedMs = fill > 0 ? (this.#everyMs * WANTED_FILL) / fill : DRAIN_MOST_MS;
      this.#everyMs = Math.min(DRAIN_MOST_MS, Math.max(DRAIN_LEAST_MS, wantedMs));
      this.#timer = this.#schedule();
    }, this.#everyMs).unref();
  }

  /** Whether something listens since the last call that did not before, or the reverse. */
  listenersChanged(): boolean {
    const before = this.#listeningPorts;
    this.#listeningPorts = this.#engine.listeningPorts();
    return this.#listeningPorts !== before;
  }

  take(nowUs: number): FlowChanges {
    return this.#flows.take(nowUs);
  }

  /** After dumps of every network namespace that there is. */
  sweep(nowUs: number): void {
    this.#flows.sweep(this.#engine, nowUs);
  }

  readScans(): ScanReading[] {
    const scans: ScanReading[] = [];
    this.#engine.readScans((scan) => {
      if (scans.length < MAX_SCANS) scans.push({ ...scan });
    });
    return scans;
  }

  capture(kinds: Readonly<Record<PayloadKind, boolean>>): void {
    this.#engine.capture(kinds);
  }

  /** Open flows for which there is no room, at the last reading. */
  get leftOut(): number {
    return this.#flows.leftOut;
  }

  /** In its maps. */
  get entries(): { flows: number; owners: number } {
    const { flows, owners } = this.#engine.counters();
    return { flows, owners };
  }

  /** News that were dropped, and what did not fit the maps. */
  get eventsLost(): number {
    const { eventsLost, flowsRefused, ownersRefused, scansRefused } = this.#engine.counters();
    return eventsLost + flowsRefused + ownersRefused + scansRefused + this.#flows.lost;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#engine[Symbol.dispose]();
  }
}
