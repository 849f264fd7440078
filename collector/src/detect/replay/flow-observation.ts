// A flow of a file as observations of one of its ends.
import type { ConnectionObservation, Endpoint, Outcome, PacketsObservation, ScanObservation } from '../observation.ts';
import { observed, type ReplayRecord } from './record.ts';

export interface ReplayedFlow {
  id: string;
  protocol: number;
  firstUs: number;
  lastUs: number;
  client: Endpoint;
  server: Endpoint;
  /** Payload, or what the file has nearest to it; undefined = not known. */
  clientBytes: number | undefined;
  serverBytes: number | undefined;
  clientPackets: number | undefined;
  serverPackets: number | undefined;
  outcome: Outcome;
  name?: string;
  nameSource?: 'dns' | 'sni';
}

/** As its client saw it: who acts is the host. */
export function seenByClient(flow: ReplayedFlow): ConnectionObservation {
  const { id, protocol, firstUs, lastUs, client, server, outcome, name = '', nameSource } = flow;
  return {
    kind: 'connection',
    host: client.address,
    atUs: Math.max(firstUs, lastUs),
    late: false,
    id,
    openedUs: firstUs,
    startUs: firstUs,
    first: true,
    openedBefore: false,
    closed: true,
    process: undefined,
    protocol,
    direction: 'outbound',
    outcome,
    local: client,
    remote: server,
    sentBytes: flow.clientBytes,
    receivedBytes: flow.serverBytes,
    sentPackets: flow.clientPackets,
    receivedPackets: flow.serverPackets,
    name,
    nameSource: name === '' ? 'none' : (nameSource ?? 'dns'),
    count: 1,
  };
}

/** The same at the other end: whom it happens to is the host. */
export function seenByServer(observation: ConnectionObservation): ConnectionObservation | undefined {
  const { local, remote } = observation;
  if (remote === undefined || observation.direction !== 'outbound') return undefined;
  return {
    ...observation,
    host: remote.address,
    direction: 'inbound',
    local: remote,
    remote: local,
    sentBytes: observation.receivedBytes,
    receivedBytes: observation.sentBytes,
    sentPackets: observation.receivedPackets,
    receivedPackets: observation.sentPackets,
    name: '',
    nameSource: 'none',
  };
}

/** Datagrams from a service that nobody had asked, as reflectors send them: they happen to whom they came. */
export function unaskedOf(observation: ConnectionObservation): ConnectionObservation | undefined {
  const { protocol, direction, sentPackets, receivedPackets } = observation;
  const isUnasked = protocol === 17 && direction === 'outbound' && sentPackets === 0 && (receivedPackets ?? 0) > 0;
  return isUnasked ? { ...observation, direction: 'inbound', outcome: 'attempted' } : undefined;
}

/** Of what only a scanner sends, as its sender saw it. */
export function probeRecord(
  flow: Omit<ReplayedFlow, 'outcome'>,
  scan: ScanObservation['scan'],
  maybeEnd = false,
): ReplayRecord {
  const { client, server, firstUs, lastUs } = flow;
  return observed({
    kind: 'scan',
    host: client.address,
    atUs: Math.max(firstUs, lastUs),
    late: false,
    scan,
    startUs: firstUs,
    source: client.address,
    localAddress: server.address,
    localPort: server.port,
    ports: 1,
    packets: flow.clientPackets ?? 1,
    maybeEnd,
  });
}

/** Of ICMP echoes: the flow, and the packets of each direction that has any. `uid`: as of an observation. */
export function echoRecords(flow: Omit<ReplayedFlow, 'outcome'>, uid?: string): ReplayRecord[] {
  const { client, server, clientPackets, clientBytes, serverPackets, serverBytes } = flow;
  const answered = (serverPackets ?? serverBytes ?? 0) > 0;
  const connection = seenByClient({ ...flow, outcome: answered ? 'established' : 'attempted' });
  const there = packetsOf(connection, client, server, clientPackets, clientBytes);
  const back = packetsOf(connection, server, client, serverPackets, serverBytes);
  return [connection, there, back].filter((item) => item !== undefined).map((item) => observed(item, uid));
}

function packetsOf(
  { host, atUs, startUs, protocol }: ConnectionObservation,
  source: Endpoint,
  destination: Endpoint,
  packets: number | undefined,
  bytes: number | undefined,
): PacketsObservation | undefined {
  if (packets === undefined || packets <= 0 || bytes === undefined) return undefined;
  const ends = { source, destination };
  const size = { packets, bytes, largest: Math.ceil(bytes / packets) };
  return {
    kind: 'packets',
    host,
    atUs,
    late: false,
    startUs,
    protocol: protocol === 1 ? 'icmp' : 'icmp6',
    ...ends,
    ...size,
  };
}
