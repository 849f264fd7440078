// A flow of a file as the observation of one of its ends.
import type { ConnectionObservation, Endpoint, Outcome } from '../observation.ts';

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
