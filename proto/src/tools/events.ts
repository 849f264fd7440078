// What a tool says while it runs, one event at a time. Every text in one came from the network: bounded, and shown escaped.

/** First event of each tool that has a target: where it goes, after resolution and the host's own checks. */
export interface ResolvedEvent {
  kind: 'resolved';
  target: string;
  address: string;
  /** All that the name resolved to. */
  addresses: string[];
}

export interface PingEvent {
  kind: 'ping';
  /** 1, 2, 3 … */
  attempt: number;
  outcome: 'answered' | 'timeout' | 'refused' | 'unreachable';
  rttUs?: number;
  ttl?: number;
  /** Who said so, when it was not the target. */
  from?: string;
}

export interface HopEvent {
  kind: 'hop';
  /** TTL, from 1. */
  hop: number;
  attempt: number;
  outcome: 'answered' | 'timeout' | 'reached' | 'unreachable';
  address?: string;
  rttUs?: number;
  /** Reverse DNS as this host sees it; country and ASN are added by the collector. */
  name?: string;
}

export interface DnsAnswerEvent {
  kind: 'dns-answer';
  resolver: string;
  type: string;
  rcode: string;
  rttUs: number;
  bytes: number;
  flags: { authoritative: boolean; truncated: boolean; recursionAvailable: boolean; authenticData: boolean };
  records: { section: 'answer' | 'authority'; name: string; type: string; ttl: number; data: string }[];
  /** Why there is no answer; absent when there is one. */
  error?: string;
}

export interface PortEvent {
  kind: 'port';
  port: number;
  state: 'open' | 'closed' | 'filtered' | 'open|filtered';
  /** IANA's name. */
  service: string;
  rttUs?: number;
  /** First line that it said, controls as \xNN, at most 200 characters. */
  banner?: string;
}

export interface CertificateEvent {
  kind: 'certificate';
  protocol: string;
  cipher: string;
  /** Whether the host's own trust store accepts the chain for the name. */
  trusted: boolean;
  /** OpenSSL's word for why not. */
  reason?: string;
  nameMatches: boolean;
  chain: {
    subject: string;
    issuer: string;
    names: string[];
    serial: string;
    /** ISO 8601 */
    notBefore: string;
    notAfter: string;
    key: string;
    signature: string;
    sha256: string;
  }[];
  /** "expires in 6 days", "RSA key of 1024 bits", "SHA-1 signature", "TLS 1.0 accepted" … */
  weaknesses: { severity: 'low' | 'medium' | 'high'; text: string }[];
}

export interface HttpEvent {
  kind: 'http';
  url: string;
  status: number;
  statusText: string;
  version: string;
  /** Milliseconds; absent where there was none. */
  phases: { resolve?: number; connect?: number; tls?: number; firstByte: number; body?: number };
  headers: [name: string, value: string][];
  bodyBytes: number;
  remote: string;
}

export interface ProgressEvent {
  kind: 'progress';
  done: number;
  of: number;
  text: string;
}

export interface EndedEvent {
  kind: 'ended';
  outcome: 'completed' | 'cancelled' | 'limit' | 'failed';
  /** For people. */
  detail: string;
  /** What the tool sums up: ping's loss and rtt figures, a scan's counts, a capture's packets and bytes. Numbers only. */
  summary: Record<string, number>;
}

export type ToolEvent =
  | ResolvedEvent
  | PingEvent
  | HopEvent
  | DnsAnswerEvent
  | PortEvent
  | CertificateEvent
  | HttpEvent
  | ProgressEvent
  | EndedEvent;
