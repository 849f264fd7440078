// The numbers of all connections of the simulated world in columns: both ends of a connection read the same row.
import type { SimulatedHost } from './host.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { TrackedConnection } from '../../agent/src/collect/tick.ts';

/** Which end: the one that connected, or the one that accepted. */
export const connecting = 0;
export const accepting = 1;
export type Side = typeof connecting | typeof accepting;

/** A connection as one simulated host sees it. An end without an agent has none. */
export interface ConnectionEnd {
  flow: number;
  side: Side;
  host: SimulatedHost;
  process: SimulatedProcess | undefined;
  /** Counters in it are as of the last `sync`. */
  connection: TrackedConnection;
}

const firstCapacity = 1024;

/** A row is used again once its connection has closed. `up` is from the connecting to the accepting side. */
export class FlowTable {
  closeTick = new Int32Array(firstCapacity);
  /** Seconds in TIME_WAIT that are still to come after closeTick. */
  linger = new Int32Array(firstCapacity);
  activeChance = new Float32Array(firstCapacity);
  upMean = new Float64Array(firstCapacity);
  downMean = new Float64Array(firstCapacity);
  upBytes = new Float64Array(firstCapacity);
  downBytes = new Float64Array(firstCapacity);
  upPackets = new Float64Array(firstCapacity);
  downPackets = new Float64Array(firstCapacity);
  upRetransmissions = new Int32Array(firstCapacity);
  downRetransmissions = new Int32Array(firstCapacity);
  rttUs = new Int32Array(firstCapacity);
  /** What the last active second carried, and which step that was. */
  lastUp = new Float64Array(firstCapacity);
  lastDown = new Float64Array(firstCapacity);
  lastStep = new Int32Array(firstCapacity);
  /** Two entries a row, by side. */
  readonly ends: (ConnectionEnd | undefined)[] = [];
  #used = 0;
  #capacity = firstCapacity;
  readonly #free: number[] = [];

  /** A row with all numbers zero. */
  add(): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row >= this.#capacity) this.#grow();
    this.ends[row * 2] = this.ends[row * 2 + 1] = undefined;
    for (const column of this.#columns()) column[row] = 0;
    return row;
  }

  remove(row: number): void {
    this.ends[row * 2] = this.ends[row * 2 + 1] = undefined;
    this.#free.push(row);
  }

  /** Brings the counters of an end's connection up to date. UDP bytes stay unknown, as without eBPF. */
  sync({ flow, side, connection }: ConnectionEnd, step: number, stepsPerSecond: number): void {
    const isClient = side === connecting;
    if (connection.protocol !== 6) return;
    const recent = step - this.lastStep[flow]! < stepsPerSecond && this.lastStep[flow]! > 0;
    const upRate = recent ? this.lastUp[flow]! : 0;
    const downRate = recent ? this.lastDown[flow]! : 0;
    connection.rxBytes = isClient ? this.downBytes[flow]! : this.upBytes[flow]!;
    connection.txBytes = isClient ? this.upBytes[flow]! : this.downBytes[flow]!;
    connection.rxPackets = isClient ? this.downPackets[flow]! : this.upPackets[flow]!;
    connection.txPackets = isClient ? this.upPackets[flow]! : this.downPackets[flow]!;
    connection.rxRate = isClient ? downRate : upRate;
    connection.txRate = isClient ? upRate : downRate;
    connection.retransmissions = isClient ? this.upRetransmissions[flow]! : this.downRetransmissions[flow]!;
    connection.rttUs = this.rttUs[flow]!;
  }

  #columns() {
    const { closeTick, linger, activeChance, upMean, downMean, upBytes, downBytes, upPackets, downPackets } = this;
    const { upRetransmissions, downRetransmissions, rttUs, lastUp, lastDown, lastStep } = this;
    const whole = [closeTick, linger, upRetransmissions, downRetransmissions, rttUs, lastStep];
    const real = [activeChance, upMean, downMean, upBytes, downBytes, upPackets, downPackets, lastUp, lastDown];
    return [...whole, ...real];
  }

  #grow(): void {
    this.#capacity *= 2;
    const larger = <Column extends Int32Array | Float32Array | Float64Array>(column: Column): Column => {
      const copy = new (column.constructor as new (length: number) => Column)(this.#capacity);
      copy.set(column);
      return copy;
    };
    this.closeTick = larger(this.closeTick);
    this.linger = larger(this.linger);
    this.activeChance = larger(this.activeChance);
    this.upMean = larger(this.upMean);
    this.downMean = larger(this.downMean);
    this.upBytes = larger(this.upBytes);
    this.downBytes = larger(this.downBytes);
    this.upPackets = larger(this.upPackets);
    this.downPackets = larger(this.downPackets);
    this.upRetransmissions = larger(this.upRetransmissions);
    this.downRetransmissions = larger(this.downRetransmissions);
    this.rttUs = larger(this.rttUs);
    this.lastUp = larger(this.lastUp);
    this.lastDown = larger(this.lastDown);
    this.lastStep = larger(this.lastStep);
  }
}
