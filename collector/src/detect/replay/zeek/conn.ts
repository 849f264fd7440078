// A row of Zeek's conn.log as observations.
import { firstEphemeral } from '../../detectors/lib/ports.ts';
import type { Outcome, ScanObservation } from '../../observation.ts';
import { addressOf, countOf, portOf, protocolOf, type Row, secondsToUs, timeUsOf } from '../fields.ts';
import { echoRecords, probeRecord, seenByClient } from '../flow-observation.ts';
import { observed, type ReplayRecord } from '../record.ts';
import { zeekOutcomes } from './outcomes.ts';

const echoRequest = { 1: 8, 58: 128 } as const;

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
  // Zeek writes the type as the originator's port, the code as the responder's.
  if (protocol === 1 || protocol === 58)
    return flow.client.port === echoRequest[protocol] ? echoRecords(flow, uid) : [];
  const history = row('history') ?? '';
  const probe = protocol === 6 ? probeOf(history, row('conn_state'), flow) : undefined;
  const connection = seenByClient({ ...flow, outcome: outcomeOf(row('conn_state'), protocol, flow, history) });
  if (probe === undefined) return [observed(connection, uid)];
  // Its history does not tell a lone FIN from one with an acknowledgement, which ends a connection.
  return [probeRecord(flow, probe, probe === 'fin' || probe === 'ack')];
}

type Flow = {
  server: { port: number };
  clientPackets: number | undefined;
  serverPackets: number | undefined;
  serverBytes: number | undefined;
};

function outcomeOf(state: string | undefined, protocol: number, flow: Flow, history: string): Outcome {
  const outcome = zeekOutcomes[state ?? ''];
  // The first packets were not seen: who began is a guess.
  if (protocol === 6 && history !== '' && !/^\^?[Ss]/.test(history)) {
    return isAckProbe(history, flow.server.port) ? 'rejected' : 'unknown';
  }
  if (outcome !== undefined) return outcome;
  if ((flow.serverPackets ?? flow.serverBytes ?? 0) > 0) return 'established';
  return flow.clientPackets === undefined ? 'unknown' : 'attempted';
}

/** All that its originator ever sent was one FIN, one acknowledgement, or a packet without any flag. */
function probeOf(history: string, state: string | undefined, flow: Flow): ScanObservation['scan'] | undefined {
  if (/^F+r*$/.test(history)) return 'fin';
  if (/^A{1,2}$/.test(history) && flow.serverPackets === 0 && flow.server.port < firstEphemeral) return 'ack';
  const isAlone = (flow.clientPackets ?? 0) > 0 && (flow.clientPackets ?? 0) <= 2 && (flow.serverPackets ?? 0) <= 2;
  return history === '' && state === 'OTH' && isAlone ? 'null' : undefined;
}

/** One acknowledgement out of nowhere, which was reset. */
const isAckProbe = (history: string, port: number) => /^A{1,2}r{1,2}$/.test(history) && port < firstEphemeral;
