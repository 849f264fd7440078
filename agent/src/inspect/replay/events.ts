// What a replay tells, one object an event: the lines of `foretop-agent replay --json`.
import { DnsKind, DnsRole, DnsTransport, formatAddress, ScanKind } from '@foretop/proto';
import type { ObservedExchange } from '../dns/exchanges.ts';
import type { ObservedHello } from '../hello-inspector.ts';
import type { Scan } from '../scan/scan-tracker.ts';
import type { Flow, FlowSide, FlowState } from './flow.ts';

export interface Endpoint {
  address: string;
  port: number;
}

export interface ConnectionEvent {
  kind: 'connection';
  protocol: 'tcp' | 'udp';
  state: FlowState;
  /** ISO 8601 with microseconds, as all times here. */
  started: string;
  ended: string;
  client: Endpoint;
  server: Endpoint;
  /** Payload that each sent. */
  clientBytes: number;
  serverBytes: number;
  clientPackets: number;
  serverPackets: number;
  retransmittedBytes: number;
  name?: string;
  nameSource?: 'dns' | 'sni';
  alpn?: string;
}

export interface DnsEvent {
  kind: 'dns';
  /** Of the first query; of the answer when no query was seen. */
  time: string;
  service: 'dns' | 'mdns' | 'llmnr';
  transport: 'udp' | 'tcp';
  client: Endpoint;
  server: Endpoint;
  name: string;
  type: number;
  /** How often it was asked; 0 = only the answer was seen. */
  queries: number;
  queryBytes: number;
  answered: boolean;
  truncated: boolean;
  /** The rest only of an answer. */
  rcode?: number;
  latencyUs?: number;
  answerBytes?: number;
  addresses?: string[];
  canonicalNames?: string[];
}

export interface SniEvent {
  kind: 'sni';
  time: string;
  transport: 'tls' | 'quic' | 'gquic';
  client: Endpoint;
  server: Endpoint;
  name: string;
  alpn: string[];
  /** The highest offered: 772 is TLS 1.3; 0 = none. */
  version: number;
}

export interface ScanEvent {
  kind: 'scan';
  scan: 'syn' | 'fin' | 'null' | 'xmas' | 'udp';
  first: string;
  last: string;
  source: string;
  destinations: string[];
  destinationCount: number;
  ports: number[];
  portCount: number;
  packets: number;
}

export interface ErrorEvent {
  kind: 'error';
  message: string;
}

export type ReplayEvent = ConnectionEvent | DnsEvent | SniEvent | ScanEvent | ErrorEvent;

/** 0 where the capture has no clock. Microseconds, which Date does not have. */
export function isoTime(timeUs: number): string {
  const wholeMs = Math.floor(timeUs / 1_000);
  // The largest that Date can show.
  if (wholeMs > 8.64e15) return isoTime(0);
  const micros = String(timeUs % 1_000).padStart(3, '0');
  return new Date(wholeMs).toISOString().replace('Z', `${micros}Z`);
}

const endpoint = ({ address, port }: FlowSide): Endpoint => ({ address: formatAddress(address), port });

/** @param looked what the client had looked the server's address up for; its own hello says more. */
export function connectionEvent(flow: Flow, looked: string | undefined): ConnectionEvent {
  const { client, server } = flow;
  const name = flow.serverName ?? looked;
  return {
    kind: 'connection',
    protocol: flow.protocol === 6 ? 'tcp' : 'udp',
    state: flow.state,
    started: isoTime(flow.firstUs),
    ended: isoTime(flow.lastUs),
    client: endpoint(client),
    server: endpoint(server),
    clientBytes: client.bytes,
    serverBytes: server.bytes,
    clientPackets: client.packets,
    serverPackets: server.packets,
    retransmittedBytes: client.retransmittedBytes + server.retransmittedBytes,
    ...(name !== undefined && {
      name,
      nameSource: flow.serverName === undefined ? ('dns' as const) : ('sni' as const),
    }),
    ...(flow.alpn !== undefined && { alpn: flow.alpn }),
  };
}

const services = {
  [DnsKind.DNS_KIND_UNSPECIFIED]: 'dns',
  [DnsKind.DNS_KIND_DNS]: 'dns',
  [DnsKind.DNS_KIND_MDNS]: 'mdns',
  [DnsKind.DNS_KIND_LLMNR]: 'llmnr',
} as const;

export function dnsEvent(exchange: ObservedExchange): DnsEvent {
  const local = { address: formatAddress(exchange.localAddress), port: exchange.localPort };
  const peer = { address: formatAddress(exchange.peerAddress), port: exchange.peerPort };
  const asks = exchange.role === DnsRole.DNS_ROLE_CLIENT;
  return {
    kind: 'dns',
    time: isoTime(exchange.askedUs),
    service: services[exchange.kind],
    transport: exchange.transport === DnsTransport.DNS_TRANSPORT_TCP ? 'tcp' : 'udp',
    client: asks ? local : peer,
    server: asks ? peer : local,
    name: exchange.name,
    type: exchange.type,
    queries: exchange.queries,
    queryBytes: exchange.queryBytes,
    answered: exchange.answered,
    truncated: exchange.truncated,
    ...(exchange.answered && {
      rcode: exchange.rcode,
      ...(exchange.latencyUs !== undefined && { latencyUs: exchange.latencyUs }),
      answerBytes: exchange.answerBytes,
      addresses: exchange.addresses.map(formatAddress),
      canonicalNames: exchange.canonicalNames,
    }),
  };
}

/** @returns undefined for a hello that names no server. */
export function sniEvent(hello: ObservedHello): SniEvent | undefined {
  if (hello.serverName === undefined) return undefined;
  const local = { address: formatAddress(hello.localAddress), port: hello.localPort };
  const remote = { address: formatAddress(hello.remoteAddress), port: hello.remotePort };
  return {
    kind: 'sni',
    time: isoTime(hello.atUs),
    transport: hello.transport,
    client: hello.direction === 'tx' ? local : remote,
    server: hello.direction === 'tx' ? remote : local,
    name: hello.serverName,
    alpn: hello.alpn,
    version: hello.version,
  };
}

const scanNames = {
  [ScanKind.SCAN_KIND_UNSPECIFIED]: 'syn',
  [ScanKind.SCAN_KIND_SYN]: 'syn',
  [ScanKind.SCAN_KIND_FIN]: 'fin',
  [ScanKind.SCAN_KIND_NULL]: 'null',
  [ScanKind.SCAN_KIND_XMAS]: 'xmas',
  [ScanKind.SCAN_KIND_UDP]: 'udp',
  [ScanKind.SCAN_KIND_HALF_OPEN]: 'syn',
} as const;

export function scanEvent({ kind, firstUs, lastUs, ...scan }: Scan): ScanEvent {
  return { kind: 'scan', scan: scanNames[kind], first: isoTime(firstUs), last: isoTime(lastUs), ...scan };
}
