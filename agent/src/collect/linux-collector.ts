// The collector on Linux: opens every source and joins what they give into one tick.
import { release } from 'node:os';
import { type BriefProcesses, CALM_PAUSE_MS, openBriefProcesses } from '../host/brief-processes.linux.ts';
import { createLinuxClock } from '../host/clock.linux.ts';
import { type CpuReader, type CpuTimes, cpuPermille, openCpu } from '../host/cpu.linux.ts';
import { readFacts, readSystemConstants } from '../host/facts.linux.ts';
import { readBootId, readMachineId } from '../host/identity.linux.ts';
import type { ScanReading } from '../host/engine.ts';
import { openInterfaceCounters } from '../host/interface-counters.linux.ts';
import { openKernelEngine } from '../host/engine.linux.ts';
import { readInterfaceDetails } from '../host/interface-details.linux.ts';
import { ownCapabilities } from '../host/linux/capabilities.ts';
import { type NamespaceDoor, openNamespaceDoor } from '../host/linux/network-namespace.ts';
import { openForwarding } from '../host/forwarding.linux.ts';
import { HalfOpen } from '../host/half-open.linux.ts';
import { openPacketSocket } from '../host/linux/packet-socket.ts';
import { boundMalloc } from '../host/memory-trim.linux.ts';
import { openMemory } from '../host/memory.linux.ts';
import { NetworkNamespaces } from '../host/namespaces.linux.ts';
import { SocketOwners } from '../host/owners.linux.ts';
import { type ProcessDetails, readProcessDetails } from '../host/process-identity.linux.ts';
import { type ProcessRecord, ProcessTable } from '../host/processes.linux.ts';
import { readScope } from '../host/scope.linux.ts';
import { SocketClaims } from '../host/socket-claims.linux.ts';
import { openUsers } from '../host/users.linux.ts';
import type { BandwidthReading, HostCollector, HostCollectorOptions, Inspected } from './collector.ts';
import { isOpen } from './connection.ts';
import type { ConnectionChanges } from './connection-table.ts';
import { Coverage } from './coverage.ts';
import { EngineView } from './engine-view.ts';
import { ForeignNamespaces } from './foreign-namespaces.ts';
import { Inspection } from './inspection.ts';
import { hostBandwidth, InterfaceTracker } from './interface-tracker.ts';
import { KeptMemory } from './kept-memory.ts';
import { attempt, LinuxConnections, type LookWants } from './linux-connections.ts';
import { connectionsWithin, OpenConnections } from './open-connections.ts';
import { Ownership } from './ownership.ts';
import { type ProcessNews, ProcessNewsReader } from './process-news.ts';
import { ProcessTracker, type ProcessTrackerChanges } from './process-tracker.ts';
import { SourceHealth } from './source-health.ts';
import { type EngineState, type OpenEngine, startEngine } from './start-engine.ts';
import { PacketView } from './packet-view.ts';
import { OwnNamespace } from './own-namespace.ts';
import { describeSources, type NamespaceState, tierOf, whyNoNamespaces } from './sources.ts';
import type {
  CoverageReading,
  HostReading,
  InterfaceReading,
  Tick,
  TrackedConnection,
  TrackedProcess,
} from './tick.ts';

/** A glance passes over all that are open, several times a second. */
const MOST_GLANCED = 5_000;

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
  readonly #ownNamespace: OwnNamespace;
  readonly #engineState: EngineState;
  readonly #engine: EngineView | undefined;
  readonly #engineTellsEnds: boolean;
  readonly #engineNamesOwners: boolean;
  readonly #packets: PacketView | undefined;
  /** Why there is no packet socket; undefined = it is not needed. */
  readonly #packetsRefused: string | undefined;
  readonly #connections: LinuxConnections;
  readonly #brief: BriefProcesses | undefined;
  readonly #briefRefused: string;
  readonly #counters = openInterfaceCounters();
  readonly #cpu = openCpu();
  readonly #memory = openMemory();
  readonly #users = openUsers('/etc/passwd', () => this.clock.boottimeUs() / 1e3);
  readonly #processTable = new ProcessTable();
  readonly #processes = new ProcessTracker(
    this.#constants,
    (record) => this.#details(record.pid, record.kernelThread),
    (record) => this.#brief?.find(record.pid, record.startTicks),
  );
  readonly #open: OpenConnections;
  readonly #inspection: Inspection;
  readonly #namespacesMissing: NamespaceState['unavailable'];
  readonly #namespaces: NetworkNamespaces | undefined;
  readonly #door: NamespaceDoor | undefined;
  readonly #foreign: ForeignNamespaces | undefined;
  readonly #owners = new SocketOwners((inode) => this.#open.hasInode(inode));
  readonly #claims = new SocketClaims(() => this.#connections.dump);
  readonly #ownership = new Ownership(this.#owners, this.#processes, this.#claims);
  readonly #interfaces = new InterfaceTracker((names) => readInterfaceDetails(names));
  readonly #coverage = new Coverage();
  readonly #forwarding = openForwarding();
  readonly #halfOpen = attempt(() => new HalfOpen())[0];
  readonly #hideCommandLines: boolean;
  readonly #kept: KeptMemory;
  readonly #processNews = new ProcessNewsReader();
  #cpuNow: ReturnType<CpuReader['read']> | undefined;
  #previousCpu: CpuTimes | undefined;
  #lastInterfaces: InterfaceReading[] = [];
  #lastBandwidth: BandwidthReading = { boottimeUs: 0, rxRate: 0, txRate: 0, loopbackRate: 0 };
  #previousUs: number | undefined;

  constructor(options: HostCollectorOptions, openEngine: OpenEngine) {
    this.#name = options.name;
    this.#hideCommandLines = options.hideCommandLines === true;
    this.#open = new OpenConnections(connectionsWithin(options.memoryLimitBytes));
    this.#inspection = new Inspection(this.#open);
    this.#kept = new KeptMemory(this.#open, options.memoryLimitBytes ?? Infinity, this.clock.boottimeUs());
    this.#health = new SourceHealth(options.log);
    this.#namespacesMissing = whyNoNamespaces(this.scope, this.#capabilities, release());
    if (this.#namespacesMissing === '') {
      this.#door = openNamespaceDoor();
      this.#namespaces = new NetworkNamespaces({ own: this.#door.own });
    }
    this.#ownNamespace = new OwnNamespace(this.#namespaces);
    this.#engineState = startEngine(options.engine ?? 'auto', this.scope, openEngine);
    const { engine } = this.#engineState;
    this.#engine =
      engine &&
      new EngineView({
        ...{ engine, all: this.#open, inspection: this.#inspection, boottimeUs: () => this.clock.boottimeUs() },
        isOwn: (record) => this.#ownNamespace.has(record),
      });
    const has = (feature: string) =>
      engine?.features.some(({ name, available }) => name === feature && available) ?? false;
    const [engineTellsEnds, engineNamesOwners] = [has('closes'), has('owners')];
    this.#engineTellsEnds = engineTellsEnds;
    this.#engineNamesOwners = engineNamesOwners;
    if (!has('dns')) {
      const [socket, refused] = attempt(() => openPacketSocket());
      this.#packetsRefused = refused;
      this.#packets = socket && new PacketView({ socket, inspection: this.#inspection, clock: this.clock });
    }
    this.#connections = new LinuxConnections({
      ...{ all: this.#open, engine: this.#engine, engineTellsEnds, engineNamesOwners },
    });
    if (this.#door && this.#namespaces)
      this.#foreign = this.#openForeign(this.#door, this.#namespaces, !engineTellsEnds);
    [this.#brief, this.#briefRefused] = attempt(() =>
      openBriefProcesses({
        readDetails: (pid) => this.#details(pid, false),
        ...(engineNamesOwners ? { pauseMs: CALM_PAUSE_MS } : { onYoung: (young) => this.#claims.look(young) }),
      }),
    );
    const { eventsRefused } = this.#connections;
    this.tier = tierOf({ hasEngine: engine !== undefined, eventsRefused, capabilities: this.#capabilities });
  }

  facts() {
    return readFacts(this.#constants, this.#name);
  }

  sources() {
    return describeSources({
      engine: { ...this.#engineState, features: this.#engine?.features ?? [] },
      packets:
        this.#packetsRefused === undefined
          ? undefined
          : { refused: this.#packetsRefused || (this.#packets?.failure ?? ''), dropped: this.#packets?.dropped ?? 0 },
      tellsEnds: this.#engineTellsEnds,
      eventsRefused: this.#connections.eventsRefused,
      capabilities: this.#capabilities,
      user: this.#users.name(process.getuid!()) || String(process.getuid!()),
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

  inspect(what: Inspected): void {
    this.#engine?.capture(what);
    this.#packets?.capture(what);
    this.#inspection.only(what);
  }

  relieve(): void {
    this.#kept.relieve(this.clock.boottimeUs());
  }

  tick(watched = false): Tick {
    const boottimeUs = this.clock.boottimeUs();
    const previousUs = this.#previousUs ?? boottimeUs;
    this.#previousUs = boottimeUs;
    this.#packets?.drain();
    this.#inspection.expire(boottimeUs);
    const connections = this.#connections.look({ nowUs: boottimeUs, previousUs, watched });
    const processes = this.#lookAtProcesses({ nowUs: boottimeUs, previousUs, watched }, connections);
    this.#connections.finish(connections, boottimeUs);
    for (const failure of connections.failures) this.#health.fail(failure);
    this.#assign(connections, boottimeUs, previousUs);
    this.#lookAtInterfaces(boottimeUs);
    const host = this.#readHost();
    this.#kept.trim(boottimeUs);
    return {
      boottimeUs,
      previousUs,
      connections: this.#open.byHandle,
      opened: connections.opened,
      closed: connections.closed,
      processes: this.#processes.running,
      started: processes.started,
      exited: processes.exited,
      interfaces: this.#lastInterfaces,
      host,
      dns: this.#inspection.take((pid) => this.#processes.find(pid, boottimeUs)),
      scans: this.#readScans(boottimeUs),
      coverage: this.#lookAtCoverage(),
      failures: this.#health.endTick(),
      ...(this.#engine && { kernelEntries: this.#engine.entries }),
      leftOut: this.#connections.leftOut,
      eventsLost: this.#connections.eventsLost + this.#inspection.lost + (this.#packets?.dropped ?? 0),
    };
  }

  glance(): ReadonlyMap<number, TrackedConnection> | undefined {
    if (!this.#engine || this.#open.byHandle.size > MOST_GLANCED) return undefined;
    const nowUs = this.clock.boottimeUs();
    const lastHandle = this.#open.lastHandle;
    this.#engine.glance(nowUs);
    this.#ownership.identify(this.#open.since(lastHandle));
    return this.#open.byHandle;
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
    this.#engine?.[Symbol.dispose]();
    this.#packets?.[Symbol.dispose]();
    this.#connections[Symbol.dispose]();
    this.#door?.[Symbol.dispose]();
    this.#forwarding[Symbol.dispose]();
    this.#halfOpen?.[Symbol.dispose]();
    this.#brief?.[Symbol.dispose]();
    this.#processTable[Symbol.dispose]();
    this.#counters[Symbol.dispose]();
    this.#cpu[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
  }

  #details(pid: number, kernelThread: boolean): ProcessDetails {
    const details = readProcessDetails('/proc', pid, kernelThread, this.#users);
    return this.#hideCommandLines ? { ...details, commandLine: '' } : details;
  }

  #openForeign(door: NamespaceDoor, namespaces: NetworkNamespaces, events: boolean): ForeignNamespaces {
    const startedUs = (startTicks: number) => (startTicks * 1e6) / this.#constants.clockTicks;
    const foreign = new ForeignNamespaces({ namespaces, door, all: this.#open, events, startedUs });
    this.#connections.add(foreign);
    return foreign;
  }

  /** Whose the connections are, what they are called, and what their processes are credited with. */
  #assign({ opened, closed }: ConnectionChanges, nowUs: number, previousUs: number): void {
    const open = () => (this.#connections.isFresh ? this.#open.byHandle.values() : undefined);
    this.#health.attempt('owners', () => this.#ownership.resolve(open(), { opened, closed }, nowUs), undefined);
    for (const record of opened) this.#inspection.name(record, nowUs);
    this.#ownership.credit(open() ?? [], closed);
    this.#claims.endTick();
    this.#processes.settle(Math.max(nowUs - previousUs, this.#engine?.readSpanUs ?? 0));
  }

  #lookAtProcesses({ nowUs, previousUs, watched }: LookWants, connections: ConnectionChanges): ProcessTrackerChanges {
    this.#cpuNow = this.#health.attempt('host', () => this.#cpu.read(), undefined);
    const news = this.#readProcessNews(nowUs);
    const descriptors = !this.#engineNamesOwners || this.#ownership.isSeeking;
    const wants = { all: watched, descriptors, news };
    const changes = this.#health.attempt('processes', () => this.#processTable.look(wants), undefined);
    if (!changes) {
      this.#processes.keep();
      return { started: [], exited: [] };
    }
    for (const record of changes.exited) this.#owners.exited(record);
    for (const record of changes.started) this.#owners.started(record);
    this.#namespaces?.look(changes);
    this.#foreign?.follow(nowUs, previousUs, connections);
    const shown = this.#processes.update(this.#processTable, changes, nowUs, this.#connections.isFresh);
    for (const process of this.#passed(changes.exited, nowUs)) {
      shown.started.push(process);
      shown.exited.push(process);
    }
    return shown;
  }

  #readProcessNews(nowUs: number): ProcessNews | undefined {
    const brief = this.#brief;
    if (!brief) return undefined;
    brief.hear();
    for (const pid of brief.executed()) this.#processTable.stir(pid);
    const isKnown = (pid: number) => this.#processTable.records.has(pid);
    return this.#processNews.read({ brief, forks: this.#cpuNow?.forks, isKnown, nowUs });
  }

  /** Processes that began and ended since the last look. */
  #passed(exited: readonly ProcessRecord[], nowUs: number): TrackedProcess[] {
    if (!this.#brief) return [];
    const gone = new Set(exited.map(({ pid, startTicks }) => `${pid} ${startTicks}`));
    const isKnown = (pid: number, startTicks: number) =>
      this.#processTable.records.get(pid)?.startTicks === startTicks || gone.has(`${pid} ${startTicks}`);
    // Both clocks now: the look began a while ago.
    const monotonicUs = Number(process.hrtime.bigint() / 1000n);
    const offsetUs = this.clock.boottimeUs() - monotonicUs;
    return this.#brief.take(isKnown).map((glimpse) => {
      const exitedUs = Math.min(nowUs, (glimpse.exitedMonotonicUs ?? monotonicUs) + offsetUs);
      return this.#processes.passed(glimpse, exitedUs, this.#processTable);
    });
  }

  #readScans(nowUs: number): ScanReading[] {
    const refused = this.#health.attempt('ebpf', () => this.#engine?.readScans() ?? [], []);
    const left = this.#health.attempt('sock_diag', () => this.#halfOpen?.read(nowUs) ?? [], []);
    const foreign = this.#health.attempt('namespaces', () => this.#foreign?.readHalfOpen(nowUs) ?? [], []);
    return [...refused, ...left, ...foreign];
  }

  #lookAtInterfaces(nowUs: number): void {
    this.#lastInterfaces = this.#health.attempt(
      'interfaces',
      () => this.#interfaces.update(this.#counters.read(), nowUs),
      this.#lastInterfaces,
    );
  }

  #lookAtCoverage(): CoverageReading {
    this.#ownNamespace.look(this.#lastInterfaces);
    const forwarding = this.#health.attempt('interfaces', () => this.#forwarding.read(), undefined);
    return { socketBytes: this.#engine?.socketBytes, ...this.#coverage.look(this.#lastInterfaces, forwarding) };
  }

  #readHost(): HostReading {
    const cpu = this.#cpuNow?.times;
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

/** `openEngine` stands in for the kernel in tests. */
export function openLinuxCollector(
  options: HostCollectorOptions,
  openEngine: OpenEngine = openKernelEngine,
): HostCollector {
  boundMalloc();
  return new LinuxCollector(options, openEngine);
}
