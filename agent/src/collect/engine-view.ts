// The kernel engine at work: its ring buffer emptied on a timer, its flows joined with the connections, its payloads inspected.
import { messageOf } from '../host/host-error.ts';
import type { EngineFeature, KernelEngine, PayloadKind, ScanReading } from '../host/engine.ts';
import type { ConnectionRecord } from './connection.ts';
import { type FlowChanges, FlowTable } from './flow-table.ts';
import type { Inspection } from './inspection.ts';
import type { OpenConnections } from './open-connections.ts';

/** The buffer holds more than a second of the worst load that was measured. */
const DRAIN_EVERY_MS = 200;
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
  readonly #timer: NodeJS.Timeout;
  /** Why the last emptying failed; the next look tells. */
  #failure = '';
  #listeningPorts = 0;

  constructor({ engine, all, inspection, boottimeUs, isOwn }: EngineViewOptions) {
    this.#engine = engine;
    this.#inspection = inspection;
    this.#boottimeUs = boottimeUs;
    this.#flows = new FlowTable(all, isOwn);
    this.#timer = setInterval(() => this.drain(), DRAIN_EVERY_MS).unref();
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
      });
    } catch (error) {
      this.#failure = messageOf(error);
    }
  }

  /** Reads what changed. After a dump, where there is one; throws what failed since the last look. */
  look(nowUs: number, previousUs: number): void {
    this.#flows.read(this.#engine, nowUs, previousUs);
    const failure = this.#failure;
    this.#failure = '';
    if (failure !== '') throw new Error(failure);
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
    clearInterval(this.#timer);
    this.#engine[Symbol.dispose]();
  }
}
