// What each tool is asked to do. Bounds hold on the dashboard, in the collector and, finally, on the host, which trusts nobody else's check.

/** From where on the wire they are named; also the CLI's words. */
export const toolNames = ['ping', 'trace', 'dns', 'scan', 'certificate', 'http', 'watch', 'capture'] as const;
export type ToolName = (typeof toolNames)[number];

/** A name or an address as a person typed it; the host resolves it. At most 253 characters. */
export type Target = string;

export interface PingParameters {
  target: Target;
  protocol: 'icmp' | 'tcp';
  /** TCP only: 1 … 65535. */
  port?: number;
  /** 1 … 100. */
  count: number;
  /** 200 … 10,000. */
  intervalMs: number;
  /** Payload of an ICMP echo: 0 … 1,472. */
  payloadBytes: number;
  family: 'any' | 'ipv4' | 'ipv6';
}

export interface TraceParameters {
  target: Target;
  protocol: 'icmp' | 'udp' | 'tcp';
  /** TCP: destination port (443); UDP: first port (33434). */
  port?: number;
  /** 1 … 64. */
  maxHops: number;
  /** 1 … 5. */
  probesPerHop: number;
  family: 'any' | 'ipv4' | 'ipv6';
}

export interface DnsParameters {
  name: string;
  /** Mnemonics: "A", "AAAA", "MX", "TXT" …, or "TYPE65"; at most 8. */
  types: string[];
  /** Address, with or without port; empty = those that the host uses. */
  resolver: string;
  transport: 'udp' | 'tcp';
  /** Asks for DNSSEC records (DO). */
  dnssec: boolean;
}

export interface ScanParameters {
  target: Target;
  method: 'connect' | 'syn' | 'udp';
  /** "22,80,443,8000-8100"; at most 65,535 ports in all, 4,096 for UDP. */
  ports: string;
  /** Probes a second: 1 … 1,000; the host caps it. */
  rate: number;
  /** Reads what open ports say first. Only for 'connect'. */
  banners: boolean;
}

export interface CertificateParameters {
  target: Target;
  port: number;
  /** Name sent as SNI and checked; empty = the target. */
  serverName: string;
  startTls: 'none' | 'smtp' | 'imap';
}

export interface HttpParameters {
  /** http:// or https:// */
  url: string;
  method: 'GET' | 'HEAD';
  /** At most 5 are followed. */
  followRedirects: boolean;
}

/** Goes on without anybody watching, also over restarts of the agent, until it is cancelled or expires. */
export interface WatchParameters {
  /** 16 hex digits; the subject of its metrics is "watch:ID". */
  id: string;
  target: Target;
  protocol: 'icmp' | 'tcp';
  port?: number;
  /** 1 … 3,600. */
  intervalSeconds: number;
  /** Unix seconds; at most 90 days away. */
  expiresAt: number;
}

export interface CaptureParameters {
  /** An interface's name; empty = all but loopback. */
  interface: string;
  /** tcpdump's syntax, the documented part of it; empty = everything. */
  filter: string;
  /** 'headers' cuts each packet after its transport header (ceiling capture-headers), 'payload' keeps it (capture-payload). */
  content: 'headers' | 'payload';
  /** At most 64 MiB. */
  maxBytes: number;
  /** At most 600. */
  maxSeconds: number;
  /** Payload only: the public key (X25519, raw, base64url) that the packets are encrypted to. */
  recipient?: string;
}

export interface ToolParameters {
  ping: PingParameters;
  trace: TraceParameters;
  dns: DnsParameters;
  scan: ScanParameters;
  certificate: CertificateParameters;
  http: HttpParameters;
  watch: WatchParameters;
  capture: CaptureParameters;
}

/** What is asked for, with its tool's name. */
export type ToolRequest = { [Name in ToolName]: { tool: Name; parameters: ToolParameters[Name] } }[ToolName];
