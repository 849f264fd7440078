// One simulated host: its facts, clocks, processes, connections and record lane.
import { compressBatch, Direction, OwnerRule } from '@foretop/proto';
import type {
  InterfaceReading,
  Tick,
  TrackedConnection,
  TrackedDns,
  TrackedProcess,
} from '../../agent/src/collect/tick.ts';
import { createRecorder, type Recorder } from '../../agent/src/frame/recorder.ts';
import type { ScanReading } from '../../agent/src/host/engine.ts';
import { any4, hostAddresses, loopback4, none, type HostAddresses } from './address-book.ts';
import { addRows, countRows, noRows } from './counts.ts';
import type { ConnectionEnd } from './flow-table.ts';
import { describeHost, type HostDescription, wallSkewUs } from './host-facts.ts';
import { createInterfaces, type InterfaceTotals, readInterfaces } from './interfaces.ts';
import type { Listener, Profile } from './profiles/profile.ts';
import { createRandom, type Random } from './random.ts';
import { type SimulatedProcess, startProcess } from './simulated-process.ts';
import type { SpooledBatch } from './spool.ts';

export interface HostOptions {
  seed: string;
  /** Counts the starts of the fleet: each is a new boot of every host. */
  run: number;
  index: number;
  profile: Profile;
  /** Unix time at which the simulation begins. */
  startUs: number;
  skewedShare: number;
}

/** Since the start, whether recorded yet or not. */
export interface HostTotals {
  /** TCP payload of the host's connections. */
  rxBytes: number;
  txBytes: number;
  opened: number;
  closed: number;
  dnsExchanges: number;
  /** Packets to closed ports. */
  scanPackets: number;
  /** Of the kernel's, before the agent read them. */
  eventsLost: number;
}

/** Counters of IP bytes as of the last tick, and the share that was seen since the start. */
interface Seen {
  interfaceBytes: number;
  socketBytes: number;
  permille: number | undefined;
}

const never = 2 ** 31 - 1;

export class SimulatedHost {
  readonly index: number;
  readonly profile: Profile;
  readonly addresses: HostAddresses;
  readonly description: HostDescription;
  /** All that happens on this host in this run. */
  readonly random: Random;
  /** What changes with the wire's timing draws from here, so that batches do not depend on it. */
  readonly wireRandom: Random;
  readonly bootId: Uint8Array;
  readonly epoch: Uint8Array;
  /** Unix time of the boot: boottime = Unix time - this. */
  readonly bootUnixUs: number;
  readonly wallSkewUs: number;
  readonly recorder: Recorder;
  readonly interfaces: InterfaceTotals;
  /** Rows of the flow table that this host advances and closes. */
  readonly owned: number[] = [];
  readonly ends = new Map<number, ConnectionEnd>();
  readonly connections = new Map<number, TrackedConnection>();
  readonly processes = new Map<number, SimulatedProcess>();
  /** The same processes as a tick shows them. */
  readonly trackedProcesses = new Map<number, TrackedProcess>();
  readonly processesOf = new Map<string, SimulatedProcess[]>();
  /** By port: who accepts. */
  readonly acceptors = new Map<number, SimulatedProcess[]>();
  readonly totals: HostTotals = {
    ...{ rxBytes: 0, txBytes: 0, opened: 0, closed: 0 },
    ...{ dnsExchanges: 0, scanPackets: 0, eventsLost: 0 },
  };
  readonly seen: Seen = { interfaceBytes: 0, socketBytes: 0, permille: undefined };
  readonly sealed = noRows();
  /** Neither listening, nor unconnected, nor in TIME_WAIT. */
  openConnections = 0;
  /** Since the last tick. */
  opened: TrackedConnection[] = [];
  closed: TrackedConnection[] = [];
  started: SimulatedProcess[] = [];
  exited: SimulatedProcess[] = [];
  dns: TrackedDns[] = [];
  scans: ScanReading[] = [];
  lastTick: Tick | undefined;
  sequence = 0;
  #nextHandle = 1;
  #nextPid: number;
  #nextLongPort: number;
  #nextShortPort: number;
  readonly #cookieBase: number;

  constructor({ seed, run, index, profile, startUs, skewedShare }: HostOptions) {
    const machine = createRandom(`${seed}/${index}`);
    this.index = index;
    this.profile = profile;
    this.addresses = hostAddresses(index);
    this.description = describeHost(profile, index, this.addresses, machine);
    this.wallSkewUs = wallSkewUs(machine, skewedShare);
    this.random = createRandom(`${seed}/${index}/${run}`);
    this.wireRandom = createRandom(`${seed}/${index}/${run}/wire`);
    this.bootId = this.random.bytes(16);
    this.epoch = this.random.bytes(8);
    this.bootUnixUs = startUs - 3_600_000_000 - this.random.below(30 * 86_400) * 1_000_000;
    this.#cookieBase = this.random.below(100_000);
    this.#nextPid = 300 + this.random.below(2_000);
    this.#nextLongPort = this.random.below(7_232);
    this.#nextShortPort = this.random.below(20_999);
    this.recorder = createRecorder({ bootId: this.bootId, offsetUs: () => this.bootUnixUs });
    this.interfaces = createInterfaces(this.description, profile, this.addresses);
    this.#boot();
    for (const listener of profile.listeners) this.#listen(listener, this.boottimeUs(startUs));
  }

  get name(): string {
    return this.description.facts.name ?? '';
  }

  boottimeUs(unixUs: number): number {
    return unixUs - this.bootUnixUs;
  }

  /** Starts a process that exits at `exitTick`. */
  start(template: SimulatedProcess['template'], startedUs: number, exitTick: number): SimulatedProcess {
    const pid = template.key === 'init' ? 1 : this.#nextPid;
    this.#nextPid = (this.#nextPid + 1 + this.random.below(30)) % 4_194_304 || 300;
    const process = startProcess(template, pid, startedUs, exitTick);
    this.processes.set(pid, process);
    this.trackedProcesses.set(pid, process.tracked);
    const siblings = this.processesOf.get(template.key);
    if (siblings) siblings.push(process);
    else this.processesOf.set(template.key, [process]);
    return process;
  }

  exit(process: SimulatedProcess, nowUs: number): void {
    process.tracked.identity = { ...process.tracked.identity, exited: true, exitedUs: this.boottimeUs(nowUs) };
    this.processes.delete(process.tracked.identity.pid);
    this.trackedProcesses.delete(process.tracked.identity.pid);
    const siblings = this.processesOf.get(process.template.key) ?? [];
    siblings.splice(siblings.indexOf(process), 1);
    this.exited.push(process);
  }

  /** Long-lived connections have ports of their own, so that the short ones never meet one when their range starts again. */
  ephemeralPort(longLived: boolean): number {
    return longLived ? 32_768 + (this.#nextLongPort++ % 7_232) : 40_000 + (this.#nextShortPort++ % 20_999);
  }

  /** A connection of this host under a new handle. */
  track(connection: Omit<TrackedConnection, 'handle' | 'cookie' | 'inode' | 'lastSeenUs'>): TrackedConnection {
    const handle = this.#nextHandle++;
    const { startedUs } = connection;
    const tracked = {
      handle,
      cookie: this.#cookieBase + handle,
      inode: 20_000 + handle,
      lastSeenUs: startedUs,
      ...connection,
    };
    this.connections.set(handle, tracked);
    return tracked;
  }

  /** Seals what the recorder has. Byte for byte the same for the same seed, run and start. */
  flush(final: boolean): SpooledBatch[] {
    return this.recorder.flush(final).map(({ body, startUs, endUs }) => {
      const previousSequence = this.sequence++;
      const rows = countRows(body);
      addRows(this.sealed, rows);
      const payload = compressBatch(body);
      return { sequence: this.sequence, previousSequence, payload, payloadBytes: body.length, rows, startUs, endUs };
    });
  }

  /** Interfaces as they stand, with rates over the time since `previousUs`. */
  readInterfaces(): InterfaceReading[] {
    return readInterfaces(this.interfaces);
  }

  #boot(): void {
    for (const template of this.profile.processes) {
      for (let n = 0; n < template.count; n++) {
        const startedUs = template.key === 'init' ? 0 : 1_000_000 + this.random.below(30_000_000);
        this.start(template, startedUs, never);
      }
    }
  }

  #listen({ process: key, protocol, port, local, acceptedBy }: Listener, nowUs: number): void {
    const processes = this.processesOf.get(key) ?? [];
    const [owner] = processes;
    if (!owner) throw new Error(`profile '${this.profile.name}' has a listener of '${key}', which it does not run`);
    this.acceptors.set(port, this.processesOf.get(acceptedBy ?? key) ?? processes);
    const isTcp = protocol === 'tcp';
    this.track({
      ...ownerOf(owner),
      ownerRule: OwnerRule.OWNER_RULE_HOLDER,
      protocol: isTcp ? 6 : 17,
      state: isTcp ? 10 : 7,
      direction: Direction.DIRECTION_LISTEN,
      localAddress: local ? loopback4 : any4,
      localPort: port,
      remoteAddress: none,
      remotePort: 0,
      startedUs: nowUs,
      startedBefore: true,
    });
  }
}

/** What a connection says of its process. */
export function ownerOf(process: SimulatedProcess | undefined) {
  if (!process) return { uid: 0, pid: 0, pidStartTicks: 0, comm: '' };
  const { uid, pid, startTicks, comm } = process.tracked.identity;
  return { uid, pid, pidStartTicks: startTicks, comm };
}
