// A row of Zeek's conn.log as observations.
import { firstEphemeral } from '../../detectors/lib/ports.ts';
import type { Outcome, PacketsObservation, ScanObservation } from '../../observation.ts';
import { addressOf, countOf, portOf, protocolOf, type Row, secondsToUs, timeUsOf } from '../fields.ts';
import { seenByClient } from '../flow-observation.ts';
import { observed, type ReplayRecord } from '../record.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html#type-Conn::Info */
const outcomes: Readonly<Record<string, Outcome>> = {
  S0: 'attempted',
  REJ: 'rejected',
  RSTOS0: 'attempted',
  SH: 'attempted',
  SF: 'established',
  S1: 'established',
  S2: 'established',
  S3: 'established',
  RSTO: 'reset',
  RSTR: 'reset',
  // An answer without its question: somebody else's, or backscatter.
  SHR: 'unknown',
  RSTRH: 'unknown',
  OTH: 'unknown',
};

const echoTypes = { 1: [8, 0], 58: [128, 129] } as const;

/** @returns undefined for a row that cannot be one. */
export function connRecords(row: Row): ReplayRecord[] | undefined {
  const atUs = timeUsOf(row('ts'));
  const client = addressOf(row('id.orig_h'));
  const server = addressOf(row('id.resp_h'));
  if (atUs === undefined || client === undefined || server === undefined) return undefined;
  const protocol = protocolOf(row('proto'), client) || (countOf(row('ip_proto')) ?? 0);
  const uid = row('uid');
  const flow = {
    id: uid ?? `${client}/${atUs}`,
    protocol,
    firstUs: atUs,
    lastUs: atUs + (secondsToUs(row('duration')) ?? 0),
    client: { address: client, port: portOf(row('id.orig_p')) },
    server: { address: server, port: portOf(row('id.resp_p')) },
    clientBytes: countOf(row('orig_bytes')),
    serverBytes: countOf(row('resp_bytes')),
    clientPackets: countOf(row('orig_pkts')),
    serverPackets: countOf(row('resp_pkts')),
  };
  if (protocol === 1 || protocol === 58) return icmpRecords(flow, protocol, uid);
  const history = row('history') ?? '';
  const probe = protocol === 6 ? probeOf(history, row('conn_state'), flow) : undefined;
  const connection = seenByClient({ ...flow, outcome: outcomeOf(row('conn_state'), protocol, flow, history) });
  if (probe === undefined) return [observed(connection, uid)];
  const scan: ScanObservation = {
    kind: 'scan',
    host: client,
    atUs: connection.atUs,
    late: false,
    scan: probe,
    startUs: atUs,
    source: client,
    localAddress: server,
    localPort: flow.server.port,
    ports: 1,
    packets: flow.clientPackets ?? 1,
  };
  return [observed(scan)];
}

type Flow = {
  server: { port: number };
  clientPackets: number | undefined;
  serverPackets: number | undefined;
  serverBytes: number | undefined;
};

function outcomeOf(state: string | undefined, protocol: number, flow: Flow, history: string): Outcome {
  const outcome = outcomes[state ?? ''];
  // The first packets were not seen: who began is a guess.
  if (protocol === 6 && history !== '' && !/^\^?[Ss]/.test(history)) {
    return isAckProbe(history, flow.server.port) ? 'rejected' : 'unknown';
  }
  if (outcome !== undefined) return outcome;
  if ((flow.serverPackets ?? flow.serverBytes ?? 0) > 0) return 'established';
  return flow.clientPackets === undefined ? 'unknown' : 'attempted';
}

/** All that its originator ever sent was one FIN, or a packet without any flag. */
function probeOf(history: string, state: string | undefined, flow: Flow): ScanObservation['scan'] | undefined {
  if (/^F+r*$/.test(history)) return 'fin';
  const isAlone = (flow.clientPackets ?? 0) > 0 && (flow.clientPackets ?? 0) <= 2 && (flow.serverPackets ?? 0) <= 2;
  return history === '' && state === 'OTH' && isAlone ? 'null' : undefined;
}

/** One acknowledgement out of nowhere, which was reset. */
const isAckProbe = (history: string, port: number) => /^A{1,2}r{1,2}$/.test(history) && port < firstEphemeral;

type IcmpFlow = Parameters<typeof seenByClient>[0] extends infer F ? Omit<F & object, 'outcome'> : never;

/** Zeek writes the type as the originator's port, the code as the responder's. */
function icmpRecords(flow: IcmpFlow, protocol: 1 | 58, uid: string | undefined): ReplayRecord[] {
  const [request] = echoTypes[protocol];
  if (flow.client.port !== request) return [];
  const answered = (flow.serverPackets ?? flow.serverBytes ?? 0) > 0;
  const connection = seenByClient({ ...flow, outcome: answered ? 'established' : 'attempted' });
  const [there, back] = [
    packets(connection.atUs, flow, protocol, true),
    packets(connection.atUs, flow, protocol, false),
  ];
  return [connection, there, back].filter((item) => item !== undefined).map((item) => observed(item, uid));
}

function packets(atUs: number, flow: IcmpFlow, protocol: 1 | 58, there: boolean): PacketsObservation | undefined {
  const count = there ? flow.clientPackets : flow.serverPackets;
  const bytes = there ? flow.clientBytes : flow.serverBytes;
  if (count === undefined || bytes === undefined || count === 0) return undefined;
  return {
    kind: 'packets',
    host: flow.client.address,
    atUs,
    late: false,
    startUs: flow.firstUs,
    protocol: protocol === 1 ? 'icmp' : 'icmp6',
    source: there ? flow.client : flow.server,
    destination: there ? flow.server : flow.client,
    packets: count,
    bytes,
    largest: Math.ceil(bytes / count),
  };
}
