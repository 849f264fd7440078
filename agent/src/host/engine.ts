// What the kernel's own programs tell (tier 1): the contract between the eBPF reader and the collectors above it.
import type { OwnerRule, ScanKind } from '@foretop/proto';

/** The process that a socket belongs to, as the kernel saw it act. Pids are those that EngineOptions.scope asks for. */
export interface SocketOwner {
  pid: number;
  /** At most 15 bytes, of the process's main thread where the kernel tells it, else of the acting thread. */
  comm: string;
  uid: number;
  rule: OwnerRule;
}

/**
 * Counters of one TCP connection, or of one UDP socket with one peer. A cursor over the kernel's memory: valid only inside the
 * callback that got it. Totals since the engine first saw the flow; times are boottime microseconds.
 */
export interface FlowReading {
  /** As in sock_diag's idiag_cookie. */
  readonly cookie: number;
  readonly protocol: 6 | 17;
  readonly localPort: number;
  readonly remotePort: number;
  /** A fresh copy of 4 or 16 bytes; IPv4-mapped addresses are unmapped. */
  localAddress(): Uint8Array;
  remoteAddress(): Uint8Array;
  /** Who opened it; unknown for UDP that was seen in the middle. */
  readonly role: 'active' | 'passive' | 'unknown';
  readonly firstUs: number;
  readonly lastUs: number;
  /** Payload bytes. TCP: what was acknowledged or delivered in order, so that retransmissions do not count. */
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  /** IP bytes with headers and retransmissions, for the coverage. */
  readonly rxIpBytes: number;
  readonly txIpBytes: number;
  /** undefined = the kernel has none: UDP, or a connection that was never established. */
  readonly rttUs: number | undefined;
  readonly retransmissions: number | undefined;
  /** undefined when nobody was seen to act on it: it is older than the engine. */
  owner(): SocketOwner | undefined;
}

export type PayloadKind = 'dns' | 'tls' | 'quic';

/** Bytes copied out of one packet; `bytes` is a view that is valid only inside the callback. */
export interface PayloadCopy {
  kind: PayloadKind;
  cookie: number;
  protocol: 6 | 17;
  /** As seen from this host's socket. */
  direction: 'rx' | 'tx';
  localAddress(): Uint8Array;
  localPort: number;
  remoteAddress(): Uint8Array;
  remotePort: number;
  boottimeUs: number;
  /** TCP: sequence number of the first byte, for reassembly; 0 for UDP. */
  sequence: number;
  bytes: Uint8Array;
  /** Of the packet's payload; larger than bytes.length when it was cut. */
  payloadBytes: number;
  owner(): SocketOwner | undefined;
}

export interface EngineEvents {
  /** The flow has ended and its entries in the kernel's maps are gone; these are its last counters. */
  closed(flow: FlowReading): void;
  payload(copy: PayloadCopy): void;
  /** Asked before each; what finds no room stays in the kernel, whose buffers and maps are bounded. */
  hasRoom?(): boolean;
}

/** Packets to places where nothing answers, from one source to one local port, since the last reading. */
export interface ScanReading {
  kind: ScanKind;
  sourceAddress: Uint8Array;
  localAddress: Uint8Array;
  localPort: number;
  packets: number;
  firstUs: number;
  lastUs: number;
}

export interface EngineCounters {
  /** Events that did not fit the ring buffer. */
  eventsLost: number;
  /** Flows, owners and scan entries that did not fit their maps; a flow again with each packet, since nothing is kept of it. */
  flowsRefused: number;
  ownersRefused: number;
  scansRefused: number;
  /** Entries in the maps now. */
  flows: number;
  owners: number;
  /** IP bytes at sockets that are no flow: handshakes at listeners, answers of the kernel itself, raw sockets, refused flows. */
  otherRxIpBytes: number;
  otherTxIpBytes: number;
}

/** A program or map, probed by itself; without it the engine works and gives less. */
export interface EngineFeature {
  /** "flows", "owners", "accepted", "closes", "dns", "sni", "quic", "scans". */
  name: string;
  available: boolean;
  /** Why not; empty when available. */
  reason: string;
  /** The command or setting that raises it; empty when nothing can. */
  remedy: string;
}

/** What `openKernelEngine` is asked for. */
export interface EngineOptions {
  /**
   * `machine`: sockets of every network namespace, pids of the initial PID namespace. `namespace`: only sockets of the network
   * namespace that the agent runs in, and pids as the agent's own PID namespace numbers them (0 where they cannot be translated).
   */
  scope: 'machine' | 'namespace';
}

export interface KernelEngine extends Disposable {
  readonly features: readonly EngineFeature[];
  /** Visits every flow whose counters changed since the last call, and every flow on the first. */
  readFlows(visit: (flow: FlowReading) => void): void;
  /** Visits flows that began since the last reading, which still visits them. Cheaper than a reading. */
  readNewFlows(visit: (flow: FlowReading) => void): void;
  /** Takes what the kernel has put into the ring buffer, oldest first. Call it often enough that it does not fill. @returns events taken. */
  drain(events: EngineEvents): number;
  /** How full the ring buffer was when it was drained last, 0 to 1. */
  ringFill(): number;
  /** Visits and forgets the scan evidence. */
  readScans(visit: (scan: ScanReading) => void): void;
  /** A number that is another when TCP sockets listen at other ports than before. */
  listeningPorts(): number;
  /** For sockets that have no flow, such as listeners. */
  ownerOf(cookie: number): SocketOwner | undefined;
  /** Visits the cookies that the maps hold, to compare with sock_diag. */
  cookies(visit: (cookie: number) => void): void;
  /** Removes a socket's entries; for those whose release was never seen. */
  forget(cookie: number): void;
  /** What the kernel copies out; off costs nothing. All on at first. */
  capture(kinds: Readonly<Record<PayloadKind, boolean>>): void;
  counters(): EngineCounters;
}
