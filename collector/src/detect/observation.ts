// What detectors see: one fact at a time, the same whether it came from a live host, out of the tables or from a capture file.
// All times are microseconds since the Unix epoch by the collector's clock. Names and texts are a host's claim: bounded, never trusted.

/** Whose observation it is: the host's id as digits; in a replay of a file an address. */
export type HostKey = string;

export interface Endpoint {
  /** As formatAddress writes it; IPv4-mapped addresses as IPv4. */
  address: string;
  port: number;
}

/** The process at this host's end. */
export interface ObservedProcess {
  /** Decimal digits of process.process_id; undefined where only the name is known. */
  id: string | undefined;
  pid: number;
  comm: string;
  /** Path; empty = not known. */
  executable: string;
  parentComm: string;
  user: string;
  unit: string;
  container: string;
}

interface Observed {
  host: HostKey;
  /** When it had been seen: the order in which observations come, but for late ones. */
  atUs: number;
  /** It came late: out of a spool after an outage. */
  late: boolean;
}

/** How the opening of a connection went, as far as this side could see. */
export type Outcome = 'established' | 'attempted' | 'rejected' | 'reset' | 'unknown';

/** What one connection did in one span of at most 300 s, or the whole of it in a replay. */
export interface ConnectionObservation extends Observed {
  kind: 'connection';
  /** Decimal digits of connection_segment.connection_id; in a replay the number of the flow. */
  id: string;
  /** When the connection began (or was first known), and this span's start; the end is atUs. */
  openedUs: number;
  startUs: number;
  /** It is the connection's first span. */
  first: boolean;
  /** It was open before anybody looked: nobody knows when it began, nor what was said before. */
  openedBefore: boolean;
  closed: boolean;
  process: ObservedProcess | undefined;
  /** IANA number: 6, 17, 1, 58 … */
  protocol: number;
  /** Seen from this host. */
  direction: 'outbound' | 'inbound' | 'listening' | 'unknown';
  outcome: Outcome;
  local: Endpoint;
  /** Undefined for sockets without a peer. */
  remote: Endpoint | undefined;
  /** Payload in this span, by this host; undefined = not known. */
  sentBytes: number | undefined;
  receivedBytes: number | undefined;
  sentPackets: number | undefined;
  receivedPackets: number | undefined;
  /** Of the far end; empty = none known. */
  name: string;
  nameSource: 'dns' | 'sni' | 'none';
  /** 1, or how many closed connections this one stands for. */
  count: number;
}

export interface DnsObservation extends Observed {
  kind: 'dns';
  /** Decimal digits of dns_exchange.exchange_id; in a replay a running number. */
  id: string;
  process: ObservedProcess | undefined;
  /** 'client': this host asked. 'server': it was asked. */
  role: 'client' | 'server';
  service: 'dns' | 'mdns' | 'llmnr';
  transport: 'udp' | 'tcp';
  /** The resolver, or in the server's role the asker. */
  peer: Endpoint;
  /** Presentation form, lower case, without the final dot. */
  name: string;
  /** QTYPE. */
  type: number;
  answered: boolean;
  /** Undefined unless answered. */
  rcode: number | undefined;
  addresses: readonly string[];
  /** DNS message sizes; 0 = not seen. */
  queryBytes: number;
  answerBytes: number;
  count: number;
}

/**
 * Packets to places where nothing of this host answers; in a replay the host is the one that sent them (`source`). 'half-open':
 * SYNs to a port where something listens, whose sender does not go on; only from live hosts.
 */
export interface ScanObservation extends Observed {
  kind: 'scan';
  scan: 'syn' | 'fin' | 'null' | 'xmas' | 'ack' | 'udp' | 'half-open';
  startUs: number;
  source: string;
  localAddress: string;
  /** 0 in one that folds many ports, and where the kernel does not tell. */
  localPort: number;
  /** Different ports that it folds, at least. */
  ports: number;
  packets: number;
  /** It may be the end of a connection whose beginning nobody saw: a client ends many at once, each at another host. */
  maybeEnd?: boolean;
}

/** A process was first seen, changed or ended. */
export interface ProcessObservation extends Observed {
  kind: 'process';
  process: ObservedProcess;
  startedUs: number;
  commandLine: string;
  exited: boolean;
  /** The file that it runs is gone from its path ("(deleted)"). */
  deleted: boolean;
}

/** A minute of one process, or (process undefined) of the whole host. */
export interface UsageObservation extends Observed {
  kind: 'usage';
  process: ObservedProcess | undefined;
  /** How many seconds of the minute were seen. */
  seconds: number;
  /** Busy share of all cores, permille, mean over the seconds. */
  cpuPermille: number;
  memoryBytes: number;
  sentBytes: number | undefined;
  receivedBytes: number | undefined;
  connections: number;
}

/** Packets that a capture holds and connections do not tell: ICMP, oversized datagrams, ARP, floods. Only in a replay and from captures. */
export interface PacketsObservation extends Observed {
  kind: 'packets';
  startUs: number;
  protocol: 'icmp' | 'icmp6' | 'udp' | 'tcp' | 'arp' | 'other';
  source: Endpoint;
  destination: Endpoint;
  packets: number;
  bytes: number;
  /** Largest payload of one packet. */
  largest: number;
  /** ICMP: packets that carry what no ping does (data that changes, an answer unlike its question); undefined = not looked at. */
  odd?: number;
  /** ICMP: packets without any payload. */
  empty?: number;
  /** ARP: the hardware address that says the source address is its own, "00:25:b3:bf:91:ee". */
  hardware?: string;
  /** ARP: nobody had asked. */
  unasked?: boolean;
}

/** Clear text that a host's file allowed to be looked at. The text is never stored. */
export interface TextObservation extends Observed {
  kind: 'text';
  connection: string;
  process: ObservedProcess | undefined;
  peer: Endpoint;
  text: string;
}

/** Card numbers that a host found in its own clear text, and masked before it told. Only from live hosts. */
export interface CardObservation extends Observed {
  kind: 'card';
  /** Decimal digits of connection_segment.connection_id; empty = not known. */
  connection: string;
  process: ObservedProcess | undefined;
  inbound: boolean;
  local: Endpoint;
  peer: Endpoint;
  /** First six and last four digits. */
  masked: string;
  issuer: string;
  /** 0.5 … 1 */
  score: number;
  startUs: number;
  count: number;
}

/** What the collector notices about an agent. */
export interface AgentObservation extends Observed {
  kind: 'agent';
  event: 'connected' | 'silent' | 'gap' | 'clock';
  /** The gap's reason; empty for the others. */
  reason: string;
  /** Silent or gap: for how long. Clock: how far the host's wall clock is off. */
  seconds: number;
}

export type Observation =
  | ConnectionObservation
  | DnsObservation
  | ScanObservation
  | ProcessObservation
  | UsageObservation
  | PacketsObservation
  | TextObservation
  | CardObservation
  | AgentObservation;
export type ObservationKind = Observation['kind'];
