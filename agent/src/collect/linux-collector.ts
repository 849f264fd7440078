// The collector on Linux: opens every source and joins what they give into one tick.
import { release, userInfo } from 'node:os';
import { type BriefProcesses, openBriefProcesses } from '../host/brief-processes.linux.ts';
import { createLinuxClock } from '../host/clock.linux.ts';
import { type CpuTimes, cpuPermille, openCpu } from '../host/cpu.linux.ts';
import { readFacts, readSystemConstants } from '../host/facts.linux.ts';
import { messageOf } from '../host/host-error.ts';
import { readBootId, readMachineId } from '../host/identity.linux.ts';
import { openInterfaceCounters } from '../host/interface-counters.linux.ts';
import { readInterfaceDetails } from '../host/interface-details.linux.ts';
import { ownCapabilities } from '../host/linux/capabilities.ts';
import { type NamespaceDoor, openNamespaceDoor } from '../host/linux/network-namespace.ts';
import { openSocketDump, openSocketEvents, type SocketDump, type SocketEvents } from '../host/linux/sock-diag.ts';
import { openMemory } from '../host/memory.linux.ts';
import { NetworkNamespaces } from '../host/namespaces.linux.ts';
import { SocketOwners } from '../host/owners.linux.ts';
import { readProcessDetails } from '../host/process-identity.linux.ts';
import { type ProcessRecord, ProcessTable } from '../host/processes.linux.ts';
import { readScope } from '../host/scope.linux.ts';
import { SocketClaims } from '../host/socket-claims.linux.ts';
import { openUsers } from '../host/users.linux.ts';
import type { BandwidthReading, HostCollector, HostCollectorOptions } from './collector.ts';
import { isOpen } from './connection.ts';
import { type ConnectionChanges, ConnectionTable } from './connection-table.ts';
import { ForeignNamespaces } from './foreign-namespaces.ts';
import { hostBandwidth, InterfaceTracker } from './interface-tracker.ts';
import { OpenConnections } from './open-connections.ts';
import { Ownership } from './ownership.ts';
import { ProcessTracker, type ProcessTrackerChanges } from './process-tracker.ts';
import { SourceHealth } from './source-health.ts';
import { describeSources, type NamespaceState, tierOf, whyNoNamespaces } from './sources.ts';
import type { HostReading, InterfaceReading, Tick, TrackedProcess } from './tick.ts';

class LinuxCollector implements HostCollector {
  readonly clock = createLinuxClock();
  readonly bootId = readBootId();
  readonly machineId = readMachineId();
  readonly scope = readScope();
  readonly tier: number;
  readonly #name: string | undefined;
  readonly #capabilities = ownCapabilities();
  readonly #constants = readSystemConstants();
  readonly #health: SourceHealth;
  readonly #events: SocketEvents | undefined;
  readonly #eventsRefused: string;
  readonly #brief: BriefProcesses | undefined;
  readonly #briefRefused: string;
  readonly #counters = openInterfaceCounters();
  readonly #cpu = openCpu();
  readonly #memory = openMemory();
  readonly #users = openUsers('/etc/passwd', () => this.clock.boottimeUs() / 1e3);
  readonly #processTable = new ProcessTable();
  readonly #processes = new ProcessTracker(this.#constants, (record) =>
    readProcessDetails('/proc', record.pid, record.kernelThread, this.#users),
  );
  readonly #open = new OpenConnections();
  readonly #connections = new ConnectionTable(this.#open);
  readonly #namespacesMissing: NamespaceState['unavailable'];
  readonly #namespaces: NetworkNamespaces | undefined;
  readonly #door: NamespaceDoor | undefined;
  readonly #foreign: ForeignNamespaces | undefined;
  readonly #owners = new SocketOwners((inode) => this.#open.hasInode(inode));
  readonly #claims = new SocketClaims(() => this.#dump);
  readonly #ownership = new Ownership(this.#owners, this.#processes, this.#claims);
  readonly #interfaces = new InterfaceTracker((names) => readInterfaceDetails(names));
  #dump: SocketDump | undefined;
  #previousCpu: CpuTimes | undefined;
  #lastInterfaces: InterfaceReading[] = [];
  #lastBandwidth: BandwidthReading = { boottimeUs: 0, rxRate: 0, txRate: 0, loopbackRate: 0 };
  #previousUs: number | undefined;

  constructor(options: HostCollectorOptions) {
    this.#name = options.name;
    this.#health = new SourceHealth(options.log);
    [this.#events, this.#eventsRefused] = attempt(openSocketEvents);
    this.#namespacesMissing = whyNoNamespaces(this.scope, this.#capabilities, release());
    if (this.#namespacesMissing === '') {
      this.#door = openNamespaceDoor();
      this.#namespaces = new NetworkNamespaces({ own: this.#door.own });
      this.#foreign = new ForeignNamespaces({
        namespaces: this.#namespaces,
        door: this.#door,
        all: this.#open,
        startedUs: (startTicks) => (startTicks * 1e6) / this.#constants.clockTicks,
      });
    }
    [this.#brief, this.#briefRefused] = attempt(() =>
      openBriefProcesses({
        readDetails: (pid) => readProcessDetails('/proc', pid, false, this.#users),
        onYoung: (young) => this.#claims.look(young),
      }),
    );
    this.tier = tierOf({ eventsRefused: this.#eventsRefused, capabilities: this.#capabilities });
  }

  facts() {
    return readFacts(this.#constants, this.#name);
  }

  sources() {
    return describeSources({
      eventsRefused: this.#eventsRefused,
      capabilities: this.#capabilities,
      user: userInfo().username,
      deniedProcesses: this.#owners.denied,
      countsDescriptors: this.#processTable.countsDescriptors,
      scope: this.scope,
      brief: { refused: this.#briefRefused, ...this.#brief?.counters() },
      namespaces: {
        unavailable: this.#namespacesMissing,
        watched: this.#foreign?.watched ?? 0,
        leftOut: this.#foreign?.leftOut ?? 0,
        refused: this.#foreign?.refused ?? { count: 0, message: '' },
        longestUs: this.#foreign?.longestUs ?? 0,
      },
      failure: (source) => this.#health.message(source),
    });
  }

  tick(): Tick {
    const boottimeUs = this.clock.boottimeUs();
    const previousUs = this.#previousUs ?? boottimeUs;
    this.#previousUs = boottimeUs;
    const connections = this.#lookAtConnections(boottimeUs, previousUs);
    const processes = this.#lookAtProcesses(boottimeUs, previousUs, connections);
    for (const failure of connections.failures) this.#health.fail(failure);
    const open = this.#open.byHandle;
    this.#health.attempt(
      'owners',
      () => this.#ownership.resolve(open.values(), connections.closed, boottimeUs),
      undefined,
    );
    this.#ownership.credit(open.values(), connections.closed);
    this.#claims.endTick();
    this.#processes.settle(boottimeUs - previousUs);
    this.#lookAtInterfaces(boottimeUs);
    const host = this.#readHost();
    return {
      boottimeUs,
      previousUs,
      connections: open,
      opened: connections.opened,
      closed: connections.closed,
      processes: this.#processes.running,
      started: processes.started,
      exited: processes.exited,
      interfaces: this.#lastInterfaces,
      host,
      failures: this.#health.endTick(),
      eventsLost: this.#connections.eventsLost + (this.#foreign?.eventsLost ?? 0),
    };
  }

  bandwidth(): BandwidthReading {
    const boottimeUs = this.clock.boottimeUs();
    try {
      this.#lastBandwidth = { boottimeUs, ...this.#interfaces.bandwidth(this.#counters.read(), boottimeUs) };
    } catch {
      // The next tick reads the same file and reports why it cannot; until then the last rates stand.
      this.#lastBandwidth = { ...this.#lastBandwidth, boottimeUs };
    }
    return this.#lastBandwidth;
  }

  [Symbol.dispose](): void {
    this.#dump?.[Symbol.dispose]();
    this.#foreign?.[Symbol.dispose]();
    this.#door?.[Symbol.dispose]();
    this.#events?.[Symbol.dispose]();
    this.#brief?.[Symbol.dispose]();
    this.#processTable[Symbol.dispose]();
    this.#counters[Symbol.dispose]();
    this.#cpu[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
  }

  #lookAtConnections(nowUs: number, previousUs: number): ConnectionChanges {
    const none: ConnectionChanges = { opened: [], closed: [], failures: [] };
    this.#open.beginLook();
    this.#dump ??= this.#health.attempt('sock_diag', openSocketDump, undefined);
    const changes = this.#dump ? this.#connections.look(this.#dump, this.#events, nowUs, previousUs) : none;
    this.#foreign?.look(nowUs, changes);
    return changes;
  }

  #lookAtProcesses(nowUs: number, previousUs: number, connections: ConnectionChanges): ProcessTrackerChanges {
    const changes = this.#health.attempt('processes', () => this.#processTable.look(), undefined);
    if (!changes) {
      this.#processes.keep();
      return { started: [], exited: [] };
    }
    for (const record of changes.exited) this.#owners.exited(record);
    for (const record of changes.started) this.#owners.started(record);
    this.#namespaces?.look(changes);
    this.#foreign?.follow(nowUs, previousUs, connections);
    const shown = this.#processes.update(this.#processTable, changes, nowUs, previousUs);
    for (const process of this.#passed(changes.exited, nowUs)) {
      shown.started.push(process);
      shown.exited.push(process);
    }
    return shown;
  }

  /** Processes that began and ended since the last look. */
  #passed(exited: readonly ProcessRecord[], nowUs: number): TrackedProcess[] {
    if (!this.#brief) return [];
    const gone = new Set(exited.map(({ pid, startTicks }) => `${pid} ${startTicks}`));
    const isKnown = (pid: number, startTicks: number) =>
      this.#processTable.records.get(pid)?.startTicks === startTicks || gone.has(`${pid} ${startTicks}`);
    const monotonicUs = Number(process.hrtime.bigint() / 1000n);
    return this.#brief.take(isKnown).map((glimpse) => {
      const exitedUs = nowUs - (monotonicUs - (glimpse.exitedMonotonicUs ?? monotonicUs));
      return this.#processes.passed(glimpse, exitedUs, this.#processTable);
    });
  }

  #lookAtInterfaces(nowUs: number): void {
    this.#lastInterfaces = this.#health.attempt(
      'interfaces',
      () => this.#interfaces.update(this.#counters.read(), nowUs),
      this.#lastInterfaces,
    );
  }

  #readHost(): HostReading {
    const cpu = this.#health.attempt('host', () => this.#cpu.read(), undefined);
    const memory = this.#health.attempt('host', () => this.#memory.read(), undefined);
    const busy = cpu && this.#previousCpu ? cpuPermille(this.#previousCpu, cpu) : 0;
    this.#previousCpu = cpu;
    let openConnections = 0;
    for (const connection of this.#open.byHandle.values()) if (isOpen(connection)) openConnections++;
    return {
      cpuPermille: busy,
      memoryUsedBytes: memory?.usedBytes ?? 0,
      memoryTotalBytes: memory?.totalBytes ?? 0,
      ...hostBandwidth(this.#lastInterfaces),
      openConnections,
      processes: this.#processes.running.size,
    };
  }
}

export function openLinuxCollector(options: HostCollectorOptions): HostCollector {
  return new LinuxCollector(options);
}

/** What is opened, or why it is not: without it the agent works and sees less. */
function attempt<Value>(open: () => Value): [Value | undefined, string] {
  try {
    return [open(), ''];
  } catch (error) {
    return [undefined, messageOf(error)];
  }
}
