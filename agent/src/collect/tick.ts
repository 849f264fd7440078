// What one look at the host yields: the connections, processes and interfaces of this second and what changed since the last.
import type { Direction, NameSource, OwnerRule, Process } from '@foretop/proto';
import type { ScanReading } from '../host/engine.ts';
import type { ObservedExchange } from '../inspect/dns/exchanges.ts';

/** Every field of the proto message, always filled in. Times are boottime microseconds; the command line is redacted. */
export type ProcessIdentity = { [Field in Exclude<keyof Process, '$unknowns'>]-?: NonNullable<Process[Field]> };

export interface TrackedConnection {
  /** Agent-local; never reused within a run of the agent. */
  handle: number;
  /** The kernel's socket cookie, unique within a boot. */
  cookie: number;
  protocol: 6 | 17;
  /** Kernel TCP state, include/net/tcp_states.h; UDP: 1 with a peer, whether or not connect() was called, 7 without. */
  state: number;
  direction: Direction;
  /** 4 or 16 bytes; IPv4-mapped addresses are unmapped to 4. */
  localAddress: Uint8Array;
  localPort: number;
  /** Empty and 0 for listening and unconnected sockets. */
  remoteAddress: Uint8Array;
  remotePort: number;
  uid: number;
  inode: number;
  startedUs: number;
  /** Existed when the agent first looked: startedUs is only "seen first". */
  startedBefore: boolean;
  /** 0, 0 and '' when the owner is unknown. */
  pid: number;
  pidStartTicks: number;
  comm: string;
  /** Which observation named the process; undefined or UNKNOWN without one. */
  ownerRule?: OwnerRule;
  /** What its peer is called and how that is known; undefined = by nothing but its address. */
  name?: string;
  nameSource?: NameSource;
  /** What the client's hello offered first ("h2", "h3"). */
  alpn?: string;
  /** Payload bytes since the connection's start, as the kernel counts; undefined = unknown (UDP below tier 1, TIME_WAIT seen first). */
  rxBytes?: number;
  txBytes?: number;
  /** TCP segments that carried data, since the connection's start. */
  rxPackets?: number;
  txPackets?: number;
  rttUs?: number;
  /** Since the connection's start. */
  retransmissions?: number;
  /** Payload bytes a second over the last tick. */
  rxRate?: number;
  txRate?: number;
  lastSeenUs: number;
  closedUs?: number;
  /**
   * A TIME_WAIT remainder (it has a cookie of its own) of a connection that was reported closed: worth showing while it lasts,
   * but recording it would count the connection twice.
   */
  remainder?: boolean;
}

export interface TrackedProcess {
  identity: ProcessIdentity;
  /** User and system time since the process started. */
  cpuUs: number;
  /** Of one core, over the last tick. */
  cpuPermille: number;
  /** Resident set. */
  memoryBytes: number;
  threads: number;
  descriptors: number;
  /** One letter as in /proc/PID/stat. */
  state: string;
  connections: number;
  rxRate?: number;
  txRate?: number;
  /** Sums of its connections' deltas that the agent saw. */
  rxBytes?: number;
  txBytes?: number;
}

export interface InterfaceReading {
  name: string;
  up: boolean;
  loopback: boolean;
  /** Part of the host's rate: physical or tunnel; not lo, veth, bridge or a bond's slave. */
  counted: boolean;
  rxBytes: number;
  txBytes: number;
  rxPackets: number;
  txPackets: number;
  rxErrors: number;
  txErrors: number;
  rxDrops: number;
  txDrops: number;
  /** Bytes a second over the last tick. */
  rxRate: number;
  txRate: number;
  /** ARPHRD_… as /sys/class/net/NAME/type has it; undefined = unknown. */
  linkType?: number;
  /** 0 = unknown. */
  speedMbit: number;
  mtu: number;
  /** With prefix length. */
  addresses: string[];
  hardwareAddress: string;
}

/** A DNS question and its answer, and the process at this end; 0, 0 and '' when it is unknown. */
export interface TrackedDns {
  exchange: ObservedExchange;
  pid: number;
  pidStartTicks: number;
  comm: string;
}

/** IP bytes since the start of the agent, of the network namespace that it runs in; see collect/coverage.ts. */
export interface CoverageReading {
  /** Seen at sockets, both ways; undefined = nobody counts them (below tier 1). */
  socketBytes: number | undefined;
  /** Of the interfaces, without link headers and without what was only passed on. */
  interfaceBytes: number;
  forwardedBytes: number;
}

export interface HostReading {
  /** Of all cores together: 1000 = every core busy. */
  cpuPermille: number;
  memoryUsedBytes: number;
  memoryTotalBytes: number;
  rxRate: number;
  txRate: number;
  loopbackRate: number;
  /** Neither listening, nor unconnected, nor in TIME_WAIT. */
  openConnections: number;
  processes: number;
}

/** A source that could not be read this time; what it would have given is absent or as old as its last success. */
export interface SourceFailure {
  source: string;
  message: string;
}

export interface Tick {
  boottimeUs: number;
  /** The tick before; equal to boottimeUs on the first. */
  previousUs: number;
  /** Open now, by handle. */
  connections: ReadonlyMap<number, TrackedConnection>;
  /** Since the last tick; a short one may be in both. */
  opened: TrackedConnection[];
  closed: TrackedConnection[];
  /** Running now, by pid. */
  processes: ReadonlyMap<number, TrackedProcess>;
  started: TrackedProcess[];
  exited: TrackedProcess[];
  interfaces: InterfaceReading[];
  host: HostReading;
  failures: SourceFailure[];
  /** DNS exchanges that ended since the last tick. */
  dns?: TrackedDns[];
  /** Packets to places where nothing answers, and SYNs that their senders left at that, since the last tick. */
  scans?: ScanReading[];
  coverage?: CoverageReading;
  /** Open connections beyond what the memory allows: each is told of when it ends. */
  leftOut?: number;
  /** News of the kernel that were dropped before the agent read them, since the start. */
  eventsLost?: number;
  /** Entries of the kernel engine's maps. */
  kernelEntries?: { flows: number; owners: number };
}
