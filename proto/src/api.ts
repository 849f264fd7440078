// The resources of the REST API under /api/v1 as JSON. Times are RFC 3339 in UTC; null means unknown, never 0.
import type { RowPlace } from './api-places.ts';
import type { StateName } from './tcp-state.ts';

export type * from './api-commands.ts';
export type * from './api-findings.ts';
export type * from './api-notify.ts';
export type * from './api-people.ts';
export type * from './api-places.ts';
export type * from './api-tools.ts';
export type * from './api-traces.ts';
export type * from './api-trust.ts';

/** Every list. `nextCursor` is null on the last page; `asOf` is the instant that the answer describes. */
export interface List<Item> {
  items: Item[];
  nextCursor: string | null;
  asOf: string;
}

/** RFC 9457 problem document, media type application/problem+json. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** Faults of single parameters, all at once. */
  errors?: { parameter: string; detail: string }[];
  /** Why a host refused: a refusal code of proto/src/trust/refusals.ts. */
  refusal?: string;
}

export type HostStatusName = 'live' | 'stale' | 'offline' | 'revoked';

export interface HostSource {
  name: string;
  available: boolean;
  reason: string;
  remedy: string;
}

export interface Host {
  id: number;
  name: string;
  /** Set by administrators; accounts and tokens can be bound to them. */
  labels: string[];
  status: HostStatusName;
  addresses: string[];
  os: string;
  kernel: string;
  arch: string;
  platform: string;
  cpus: number;
  memoryBytes: number;
  /** Of the IANA database, as the host says; empty = not known, and taken as UTC. */
  timeZone: string;
  agentVersion: string;
  scope: string;
  tier: number;
  sources: HostSource[];
  enrolledAt: string;
  lastSeenAt: string | null;
  bootedAt: string | null;
  /** From the last pulse; null while the host is not live. Bytes a second, loopback left out. */
  rxRate: number | null;
  txRate: number | null;
  connections: number | null;
  cpuPercent: number | null;
  memoryUsedBytes: number | null;
  coverage: number | null;
  /** Since the agent started, from the last pulse too: events that the kernel could not hand over, and seconds of the host's time. */
  eventsLost: number | null;
  missingSeconds: number | null;
  lateSeconds: number | null;
  backfilledSeconds: number | null;
  /** What the agent does without at the moment to stay within its budget, in the order in which it is given up. */
  givenUp: string[];
}

export type DirectionName = 'inbound' | 'outbound' | 'listen' | 'unknown';
export type NameSourceName = 'none' | 'dns' | 'sni' | 'reverse-dns';
export type ProtocolName = 'tcp' | 'udp';
/** Which observation named the process of a connection; see OwnerRule in facts.proto. */
export type OwnerRuleName = 'connect' | 'accept' | 'holder' | 'create' | 'close' | 'listener' | 'kernel' | 'unknown';

export interface Connection {
  /** `<hostId>-<16 hex digits>`: stable over the connection's life and over agent restarts. */
  id: string;
  hostId: number;
  protocol: ProtocolName;
  state: StateName;
  direction: DirectionName;
  localAddress: string;
  localPort: number;
  /** null for listening and unconnected sockets. */
  remoteAddress: string | null;
  remotePort: number | null;
  pid: number | null;
  process: string | null;
  processId: string | null;
  unit: string | null;
  container: Container | null;
  uid: number;
  startedAt: string;
  /** The connection is older than the agent: startedAt is when it was first seen. */
  startedBefore: boolean;
  /** null while it is open (or was, at the instant asked for). */
  endedAt: string | null;
  /** Live: since the connection's start, as the kernel counts. History: within the span asked for. */
  rxBytes: number | null;
  txBytes: number | null;
  rxRate: number | null;
  txRate: number | null;
  rttUs: number | null;
  retransmissions: number | null;
  name: string | null;
  nameSource: NameSourceName;
  /** What the client's TLS or QUIC hello offered first, such as h2 or h3; null = not seen. */
  alpn: string | null;
  ownerRule: OwnerRuleName;
  /** Community ID v1, the same at both ends and in Zeek and Suricata; null without a peer. */
  communityId: string | null;
  /** How many closed connections this row folds; 1 for a single one. */
  connectionCount: number;
  /** Of the far end; null = not known, or no public address. */
  place: RowPlace | null;
}

/** A span of a host's time for which the answer cannot be complete, and why. */
export interface UnknownSpan {
  hostId: number;
  from: string;
  to: string;
  /** One of gapReasons, or: before-enrolment, not-kept (older than what is kept), not-live (nothing has come since). */
  reason: string;
}

export interface ConnectionList extends List<Connection> {
  unknown: UnknownSpan[];
}

/** What a filter finds, counted by what one may filter on next: most first, at most 20 each. */
export interface ConnectionFacets {
  asOf: string;
  total: number;
  byState: Partial<Record<StateName, number>>;
  byDirection: Partial<Record<DirectionName, number>>;
  byProtocol: Partial<Record<ProtocolName, number>>;
  processes: { process: string; connections: number }[];
  hosts: { hostId: number; name: string; connections: number }[];
  remoteAddresses: { address: string; connections: number }[];
  units: { unit: string; connections: number }[];
  containers: { runtime: string; id: string; connections: number }[];
  unknown: UnknownSpan[];
}

/** One connection with all that is known of it. */
export interface ConnectionDetail {
  asOf: string;
  /** From the host's live table, or as its newest segment has it. */
  source: 'live' | 'history';
  connection: Connection;
  process: Process | null;
  /** The process's parent, its parent and so on, as far as they are stored. */
  parents: Process[];
  /** Sums over all its stored segments; null before the first. */
  stored: StoredTotals | null;
  /** The other end, where it is on an enrolled host (or on the same one). */
  peer: ConnectionPeer | null;
}

export interface StoredTotals {
  segments: number;
  from: string;
  to: string;
  rxBytes: number | null;
  txBytes: number | null;
  rxPackets: number | null;
  txPackets: number | null;
  retransmissions: number | null;
}

export interface ConnectionPeer {
  hostId: number;
  hostName: string;
  connectionId: string;
  pid: number | null;
  process: string | null;
  processId: string | null;
  /** The same addresses and ports seen from the other side, at the same time; address translation between them hides it. */
  joinedBy: 'five-tuple';
}

export interface Container {
  /** docker, containerd, podman, cri-o or kubernetes. */
  runtime: string;
  id: string;
}

export interface Process {
  /** `<hostId>-<16 hex digits>` */
  id: string;
  hostId: number;
  pid: number;
  parentPid: number;
  process: string;
  executable: string;
  commandLine: string;
  uid: number;
  user: string;
  cgroup: string;
  /** systemd unit; empty when there is none. */
  unit: string;
  container: Container | null;
  startedAt: string;
  exitedAt: string | null;
  cpuPercent: number | null;
  memoryBytes: number | null;
  threads: number | null;
  descriptors: number | null;
  connections: number | null;
  rxRate: number | null;
  txRate: number | null;
}

/** One process with what started it. */
export interface ProcessDetail {
  asOf: string;
  source: 'live' | 'history';
  process: Process;
  parents: Process[];
  /** When the agent saw it first and last; null while nothing is stored. */
  firstSeenAt: string | null;
  lastSeenAt: string | null;
}

/** What all processes of one name carried within a span. */
export interface Application {
  process: string;
  rxBytes: number;
  txBytes: number;
  /** Of the bytes of all processes of the host, 0 to 1; null when nothing was carried. */
  share: number | null;
  processes: number;
  cpuSeconds: number;
}

export interface ApplicationList extends List<Application> {
  from: string;
  to: string;
  /** Over all applications, also those that are not listed. */
  rxBytes: number;
  txBytes: number;
  gaps: GapEntry[];
}

/** One bucket of a time bar; null stands for unknown. */
export interface TimelineBucket {
  time: string;
  rxRate: number | null;
  txRate: number | null;
  /** Most open connections at any second. */
  connections: number | null;
  cpuPercent: number | null;
  /** Seconds of the bucket that were measured. */
  knownSeconds: number;
}

export interface Timeline extends List<TimelineBucket> {
  from: string;
  to: string;
  bucketSeconds: number;
  gaps: GapEntry[];
}

/** One host as of an instant, or over a span; null stands for unknown. */
export interface HostRecord {
  hostId: number;
  /** Seconds that were measured of the minute of the instant, or of the span; 0: nothing is on record. */
  knownSeconds: number;
  rxRate: number | null;
  txRate: number | null;
  /** Most open connections at any second. */
  connections: number | null;
  cpuPercent: number | null;
  /** Most at any second. */
  memoryUsedBytes: number | null;
  /** Means of each bucket, oldest first. */
  rxRates: (number | null)[];
  txRates: (number | null)[];
}

/** Every host that is not revoked. `asOf` is the end of the minute, or of the span, that the figures are of. */
export interface FleetRecord extends List<HostRecord> {
  /** What the buckets cover. */
  from: string;
  to: string;
  bucketSeconds: number;
  unknown: UnknownSpan[];
}

/** What a deletion of history removed, or would with dryRun. */
export interface HistoryDeletion {
  dryRun: boolean;
  from: string;
  to: string;
  hostIds: number[] | null;
  rows: Record<string, number>;
  total: number;
}

export interface Interface {
  name: string;
  up: boolean;
  addresses: string[];
  hardwareAddress: string;
  mtu: number;
  speedMbit: number | null;
  rxBytes: number;
  txBytes: number;
  rxRate: number | null;
  txRate: number | null;
  rxPackets: number;
  txPackets: number;
  rxErrors: number;
  txErrors: number;
  rxDrops: number;
  txDrops: number;
}

/** What an interface carried within a span, out of whole minutes on record; errors and drops of both directions. null = not known. */
export interface RecordedInterface {
  name: string;
  rxBytes: number | null;
  txBytes: number | null;
  errors: number | null;
  drops: number | null;
  /** Of the span. */
  knownSeconds: number;
}

/** One step of a bandwidth series; null rates stand for a gap. Bytes a second, mean over the step. */
export interface BandwidthPoint {
  time: string;
  rxRate: number | null;
  txRate: number | null;
}

export interface Bandwidth extends List<BandwidthPoint> {
  stepSeconds: number;
  subject: string;
  gaps: GapEntry[];
}

export interface GapEntry {
  from: string;
  to: string;
  reason: string;
  lost: number;
  detail: string;
}

export interface Stats {
  asOf: string;
  hosts: { live: number; stale: number; offline: number };
  connections: { total: number; byState: Partial<Record<StateName, number>> };
  /** Most connections first, at most 10, over the whole fleet. */
  topProcesses: { process: string; connections: number; hosts: number }[];
}

export interface System {
  version: string;
  protocolVersion: number;
  collectorId: string;
  startedAt: string;
  time: string;
  database: { kind: 'embedded' | 'external'; version: string; bytes: number };
  /** `release`: the version that /install.sh installs; null = this collector has no release of the agent to hand out. */
  agents: { connected: number; release: string | null };
  disk: {
    /** The budget; null = none is set. */
    maxBytes: number | null;
    /** Of database and quarantine together; null = not measured yet. */
    usedBytes: number | null;
    quarantineBytes: number | null;
    freeBytes: number | null;
    totalBytes: number | null;
    /** Free space is so low that Postgres may soon not be able to write. */
    lowOnSpace: boolean;
    /** More is used than the budget has, and nothing but today's data could go. */
    overBudget: boolean;
    /** Since the start. */
    droppedPartitions: number;
    droppedBytes: number;
  };
}
