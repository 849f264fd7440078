// Resources of the REST API that tell what passed: DNS exchanges, scan evidence, coverage. Part of api.ts.
import type { RowPlace } from './api-places.ts';
import type { Container, GapEntry, List, UnknownSpan } from './api.ts';

export type DnsTransportName = 'udp' | 'tcp';
export type DnsKindName = 'dns' | 'mdns' | 'llmnr';
export type DnsRoleName = 'client' | 'server';

/** One question and its answer; a question that had none within the time-out is one too. */
export interface DnsExchange {
  /** `<hostId>-<16 hex digits>` */
  id: string;
  hostId: number;
  askedAt: string;
  answered: boolean;
  /** From question to answer as the host saw them; null unless both were seen. */
  latencyUs: number | null;
  pid: number | null;
  process: string | null;
  processId: string | null;
  unit: string | null;
  container: Container | null;
  /** Of the socket that it went over; null where that is not known. */
  connectionId: string | null;
  transport: DnsTransportName;
  kind: DnsKindName;
  /** This host's process asked (client), or was asked (server). */
  role: DnsRoleName;
  /** A resolver on the same host asked on behalf of others, whose own questions are rows too. */
  forwarded: boolean;
  /** The resolver; in the server's role, who asked. */
  peerAddress: string;
  peerPort: number;
  /** Presentation form, lower case, without the final dot; `.` is the root. */
  name: string;
  /** Such as AAAA, or TYPE65280 for one without a name (RFC 3597). */
  type: string;
  /** Such as NXDOMAIN, or RCODE25; null without an answer. */
  rcode: string | null;
  truncated: boolean;
  addresses: string[];
  /** Of the addresses, in their order; null = not known. */
  places: (RowPlace | null)[];
  /** CNAME targets in order. */
  canonicalNames: string[];
  queryBytes: number | null;
  answerBytes: number | null;
  /** How many equal exchanges this row folds. */
  count: number;
}

export interface DnsList extends List<DnsExchange> {
  /** The span that the list covers. */
  from: string;
  to: string;
  unknown: UnknownSpan[];
}

/** What a filter finds, counted by what one may filter on next: most first, at most 20 each. Folded exchanges count each. */
export interface DnsFacets {
  asOf: string;
  from: string;
  to: string;
  total: number;
  answered: number;
  /** Of the answers, 0 to 1; null without any. */
  nxdomainShare: number | null;
  latencyP50Us: number | null;
  latencyP95Us: number | null;
  names: { name: string; exchanges: number }[];
  processes: { process: string; exchanges: number }[];
  types: { type: string; exchanges: number }[];
  /** Without those that had no answer. */
  rcodes: { rcode: string; exchanges: number }[];
  hosts: { hostId: number; name: string; exchanges: number }[];
  resolvers: { address: string; exchanges: number }[];
  unknown: UnknownSpan[];
}

export type ScanKindName = 'syn' | 'fin' | 'null' | 'xmas' | 'udp' | 'half-open';

/** Packets from one source to places where nothing of the host answers, or SYNs with which it left it at that (`half-open`). */
export interface ScanEvidence {
  /** `<hostId>-<16 hex digits>` */
  id: string;
  hostId: number;
  /** Of its first and last packet. */
  startedAt: string;
  endedAt: string;
  kind: ScanKindName;
  /** As the packets say, so it can be forged. */
  sourceAddress: string;
  localAddress: string;
  /** null in a row that folds many ports, or of half-open connections at a port that the kernel does not tell. */
  localPort: number | null;
  /** How many different ports, at least. */
  ports: number;
  packets: number;
}

export interface ScanList extends List<ScanEvidence> {
  from: string;
  to: string;
  unknown: UnknownSpan[];
}

/** One step of a host's coverage. */
export interface CoveragePoint {
  time: string;
  /** IP bytes seen at sockets ÷ IP bytes of the interfaces, 0 to 1; null = unknown, or there was no traffic. */
  coverage: number | null;
  socketBytes: number | null;
  interfaceBytes: number | null;
  /** What the host only passed on; in neither of the two. */
  forwardedBytes: number | null;
  eventsLost: number | null;
  /** Seconds of the step that are due and were not measured. */
  missingSeconds: number;
  /** Seconds that came more than 30 s after they were complete. */
  lateSeconds: number;
  /** Seconds that came more than a minute after they were complete: the agent kept them over an outage. */
  backfilledSeconds: number;
}

export interface Coverage extends List<CoveragePoint> {
  from: string;
  to: string;
  stepSeconds: number;
  gaps: GapEntry[];
}
