// The collector on macOS, Windows and other systems: readers poll on their own rhythm, a tick takes what is new since the last.
import { networkInterfaces, totalmem } from 'node:os';
import type { InterfaceDetails } from '../host/interface-details.linux.ts';
import { darwinReaders } from '../host/darwin/readers.ts';
import { createPortableClock } from '../host/portable/clock.ts';
import { readPortableFacts } from '../host/portable/facts.ts';
import { bootIdOf, machineIdOf, readMachineIdFile } from '../host/portable/identity.ts';
import { type Polled, Poller, type Reading } from '../host/portable/poller.ts';
import { busyPermille, readProcessorTimes } from '../host/portable/processor.ts';
import { genericReaders, type PortableReaders } from '../host/portable/readers.ts';
import type { FlowRow, InterfaceRow } from '../host/portable/readings.ts';
import { TCP_CLOSE, TCP_TIME_WAIT } from '../host/portable/socket-state.ts';
import { readScope } from '../host/scope.linux.ts';
import { windowsReaders } from '../host/windows/readers.ts';
import type { BandwidthReading, HostCollector, HostCollectorOptions } from './collector.ts';
import { hostBandwidth, InterfaceTracker } from './interface-tracker.ts';
import { flowOf, type PortableChanges, PortableConnections, UNKNOWN_UID } from './portable-connections.ts';
import { PortableProcesses, withoutOwnTools } from './portable-processes.ts';
import { describePortableSources } from './portable-sources.ts';
import { PortableTraffic } from './portable-traffic.ts';
import { SourceHealth } from './source-health.ts';
import type { HostReading, InterfaceReading, Tick, TrackedConnection, TrackedProcess } from './tick.ts';

/** `readers` stand in for the system's in tests. */
export function openPortableCollector(
  options: HostCollectorOptions,
  readers: PortableReaders = readersOf(process.platform),
): HostCollector {
  return new PortableCollector(options, readers);
}

function readersOf(platform: NodeJS.Platform): PortableReaders {
  if (platform === 'darwin') return darwinReaders();
  if (platform === 'win32') return windowsReaders();
  return genericReaders(platform, readMachineIdFile());
}

class PortableCollector implements HostCollector {
  readonly clock = createPortableClock();
  readonly machineId: Uint8Array;
  readonly bootId: Uint8Array;
  readonly tier = 4;
  readonly scope = process.platform === 'linux' ? readScope() : 'machine';
  readonly #readers: PortableReaders;
  readonly #name: string | undefined;
  readonly #hideCommandLines: boolean;
  readonly #health: SourceHealth;
  readonly #poller = new Poller(() => this.clock.boottimeUs());
  readonly #polls: ReturnType<typeof startPolls>;
  readonly #connections = new PortableConnections();
  readonly #processes = new PortableProcesses();
  readonly #traffic = new PortableTraffic();
  readonly #interfaces = new InterfaceTracker((names) => this.#details(names));
  readonly #taken = new Map<Polled<unknown>, Reading<unknown>>();
  #bytesFrom: 'flows' | 'sockets' | undefined;
  #interfaceRows: readonly InterfaceRow[] = [];
  #lastInterfaces: InterfaceReading[] = [];
  #processor = readProcessorTimes();
  #previousUs: number | undefined;

  constructor(options: HostCollectorOptions, readers: PortableReaders) {
    this.#readers = readers;
    this.#name = options.name;
    this.#hideCommandLines = options.hideCommandLines === true;
    this.#health = new SourceHealth(options.log);
    this.machineId = machineIdOf(readers.machineId);
    this.bootId = readers.bootId ?? bootIdOf(this.machineId, this.#bootUnixUs());
    this.#polls = startPolls(this.#poller, readers);
  }

  facts() {
    return readPortableFacts(this.#readers.os, this.#name);
  }

  sources() {
    return describePortableSources(this.#polls, this.#readers.limits());
  }

  tick(): Tick {
    const boottimeUs = this.clock.boottimeUs();
    const previousUs = this.#previousUs ?? boottimeUs;
    this.#previousUs = boottimeUs;
    const processes = this.#lookAtProcesses();
    const connections = this.#lookAtConnections();
    this.#lookAtFlows();
    this.#assignOwners(connections.closed);
    this.#lookAtInterfaces();
    const host = this.#readHost();
    return {
      ...{ boottimeUs, previousUs, ...connections, ...processes, host },
      connections: this.#connections.open,
      processes: this.#processes.running,
      interfaces: this.#lastInterfaces,
      failures: this.#failures(),
    };
  }

  /** Interfaces are polled every second or two: in between, the last rates stand. */
  glance(): undefined {
    return undefined;
  }

  bandwidth(): BandwidthReading {
    return { boottimeUs: this.clock.boottimeUs(), ...hostBandwidth(this.#lastInterfaces) };
  }

  /** No payload is seen here. */
  inspect(): void {}

  /** Its tables are small. */
  relieve(): void {}

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    this.#readers[Symbol.dispose]();
  }

  /** A reading that no tick has taken yet, with the time of the one before. */
  #fresh<Value>(
    poll: Polled<Value> | undefined,
  ): { value: Value; atUs: number; previousUs: number; bootUnixUs: number } | undefined {
    const reading = poll?.latest();
    if (!poll || !reading || this.#taken.get(poll) === reading) return undefined;
    const previousUs = this.#taken.get(poll)?.atUs ?? reading.atUs;
    this.#taken.set(poll, reading);
    return { ...reading, previousUs, bootUnixUs: this.#bootUnixUs() };
  }

  #lookAtProcesses(): { started: TrackedProcess[]; exited: TrackedProcess[] } {
    const fresh = this.#fresh(this.#polls.processes);
    if (!fresh) return { started: [], exited: [] };
    const rows = withoutOwnTools(fresh.value, process.pid, this.clock.wallUs());
    return this.#processes.look(
      this.#hideCommandLines ? rows.map((row) => ({ ...row, commandLine: '' })) : rows,
      fresh,
    );
  }

  #lookAtConnections(): PortableChanges {
    const { flows, sockets } = this.#polls;
    // What moved before the agent looked is told from what moves now by the bytes that a connection first appears with.
    const waits = flows && !flows.latest() && flows.failure() === undefined;
    const fresh = waits ? undefined : this.#fresh(sockets);
    if (!fresh) return { opened: [], closed: [] };
    // Two tools may count differently, so one of them counts for as long as the agent runs.
    if (flows && !flows.latest()) this.#bytesFrom ??= 'sockets';
    const before = new Map(
      [...this.#connections.open].flatMap(([handle, { rxBytes, txBytes }]) =>
        rxBytes === undefined || txBytes === undefined ? [] : [[handle, { rxBytes, txBytes }] as const],
      ),
    );
    const changes = this.#connections.look(fresh.value, fresh, this.#bytesFrom === 'sockets');
    if (this.#bytesFrom !== 'sockets') return changes;
    for (const counted of this.#connections.counted(before)) this.#processes.credit(counted);
    this.#processes.settle(fresh.atUs - fresh.previousUs);
    return changes;
  }

  #lookAtFlows(): void {
    const fresh = this.#fresh(this.#polls.flows);
    if (!fresh || this.#bytesFrom === 'sockets') return;
    this.#bytesFrom = 'flows';
    const elapsedUs = fresh.atUs - fresh.previousUs;
    this.#connections.count(byEnds(fresh.value), elapsedUs);
    for (const counted of this.#traffic.look(fresh.value)) this.#processes.credit(counted);
    this.#processes.settle(elapsedUs);
  }

  #assignOwners(closed: readonly TrackedConnection[]): void {
    for (const process of this.#processes.running.values()) process.connections = 0;
    for (const connection of this.#connections.open.values()) {
      const owner = this.#processes.running.get(connection.ownerPid);
      if (!owner) continue;
      const { pid, startTicks, comm, uid } = owner.identity;
      Object.assign(connection, { pid, pidStartTicks: startTicks, comm, uid: uid ?? UNKNOWN_UID });
      if (isOpen(connection)) owner.connections++;
    }
    for (const connection of closed) connection.rxRate = connection.txRate = undefined;
  }

  #lookAtInterfaces(): void {
    const fresh = this.#fresh(this.#polls.interfaces);
    if (!fresh) return;
    this.#interfaceRows = fresh.value;
    this.#lastInterfaces = this.#interfaces.update(fresh.value.map(countersOf), fresh.atUs);
  }

  #details(names: readonly string[]): Map<string, InterfaceDetails> {
    const rows = new Map(this.#interfaceRows.map((row) => [row.name, row]));
    const addresses = networkInterfaces();
    return new Map(
      names.flatMap((name) => {
        const row = rows.get(name);
        if (!row) return [];
        const { up, loopback, counted, hardwareAddress, speedMbit = 0, mtu = 0 } = row;
        const cidrs = (addresses[name] ?? []).map((entry) => entry.cidr ?? entry.address);
        return [[name, { up, loopback, counted, hardwareAddress, speedMbit, mtu, addresses: cidrs }] as const];
      }),
    );
  }

  #readHost(): HostReading {
    const processor = readProcessorTimes();
    const cpuPermille = busyPermille(this.#processor, processor);
    this.#processor = processor;
    const totalBytes = totalmem();
    const first = { totalBytes, usedBytes: Math.max(0, totalBytes - process.availableMemory()) };
    const memory = this.#polls.memory.latest()?.value ?? first;
    let openConnections = 0;
    for (const connection of this.#connections.open.values()) if (isOpen(connection)) openConnections++;
    return {
      cpuPermille,
      memoryUsedBytes: memory.usedBytes,
      memoryTotalBytes: memory.totalBytes,
      ...hostBandwidth(this.#lastInterfaces),
      openConnections,
      processes: this.#processes.running.size,
    };
  }

  #failures() {
    const { sockets, processes, interfaces, memory, flows } = this.#polls;
    const polls = { sockets, processes, interfaces, host: memory, ...(flows ? { bytes: flows } : {}) };
    for (const [source, poll] of Object.entries(polls)) {
      const message = poll.failure();
      if (message !== undefined) this.#health.fail({ source, message });
    }
    const failures = this.#health.endTick();
    // Nothing to log, but nothing to record as zero or as ended either.
    const waiting = Object.entries({ sockets, interfaces }).filter(
      ([, poll]) => !this.#taken.has(poll) && poll.failure() === undefined,
    );
    const message = 'the first reading is not there yet';
    return [...failures, ...waiting.map(([source]) => ({ source, message }))];
  }

  #bootUnixUs(): number {
    return this.clock.wallUs() - this.clock.boottimeUs();
  }
}

/** In the order of their first readings: owners need processes. */
function startPolls(poller: Poller, readers: PortableReaders) {
  const interfaces = poller.add(readers.interfaces);
  const processes = poller.add(readers.processes);
  const sockets = poller.add(readers.sockets);
  const memory = poller.add(readers.memory);
  return { interfaces, processes, sockets, memory, flows: readers.flows && poller.add(readers.flows) };
}

function byEnds(flows: readonly FlowRow[]): Map<string, FlowRow> {
  return new Map(flows.flatMap((flow) => (flow.ends ? [[flowOf(flow.ends), flow] as const] : [])));
}

/** Counts that the system does not keep are 0; the sources say which. */
function countersOf(row: InterfaceRow) {
  const { rxPackets = 0, txPackets = 0, rxErrors = 0, txErrors = 0, rxDrops = 0, txDrops = 0 } = row;
  return {
    name: row.name,
    rxBytes: row.rxBytes,
    txBytes: row.txBytes,
    rxPackets,
    txPackets,
    rxErrors,
    txErrors,
    rxDrops,
    txDrops,
  };
}

function isOpen(connection: TrackedConnection): boolean {
  const ended = connection.protocol === 6 && (connection.state === TCP_TIME_WAIT || connection.state === TCP_CLOSE);
  return connection.remotePort !== 0 && !ended;
}
