// A row of Zeek's dns.log as an observation, and one of ssl.log or quic.log as the name of a flow.
import type { DnsObservation } from '../../observation.ts';
import { addressOf, countOf, portOf, type Row, secondsToUs, timeUsOf } from '../fields.ts';
import { type NameHint, observed, type ReplayRecord } from '../record.ts';

const maxNameLength = 1_024;
const maxAddresses = 64;
/** Header, and type and class of one question. */
const besideName = 12 + 1 + 4;

/** @param id a running number. @returns undefined for a row that cannot be one. */
export function dnsRecords(row: Row, id: string): ReplayRecord[] | undefined {
  const askedUs = timeUsOf(row('ts'));
  const client = addressOf(row('id.orig_h'));
  const server = addressOf(row('id.resp_h'));
  if (askedUs === undefined || client === undefined || server === undefined) return undefined;
  const name = (row('query') ?? '').toLowerCase().replace(/\.$/, '').slice(0, maxNameLength);
  const port = portOf(row('id.resp_p'));
  const rcode = countOf(row('rcode'));
  const answers = (row('answers') ?? '').split(',').filter((answer) => answer !== '');
  const answered = rcode !== undefined || answers.length > 0;
  const rttUs = secondsToUs(row('rtt')) ?? 0;
  const observation: DnsObservation = {
    kind: 'dns',
    host: client,
    atUs: askedUs + rttUs,
    late: false,
    id,
    process: undefined,
    role: 'client',
    service: port === 5_353 ? 'mdns' : port === 5_355 ? 'llmnr' : 'dns',
    transport: row('proto') === 'tcp' ? 'tcp' : 'udp',
    peer: { address: server, port },
    name,
    type: countOf(row('qtype')) ?? 0,
    answered,
    rcode: answered ? (rcode ?? 0) : undefined,
    addresses: answers
      .map(addressOf)
      .filter((address) => address !== undefined)
      .slice(0, maxAddresses),
    // Zeek has no sizes: the least that messages with these names can have.
    queryBytes: name.length + besideName,
    answerBytes: answered ? name.length + besideName + answers.reduce((sum, { length }) => sum + length + 12, 0) : 0,
    count: 1,
  };
  // NetBIOS names (RFC 1002) have the form of DNS messages and are none.
  return port === 137 ? [] : [observed(observation)];
}

export function nameHint(row: Row): NameHint | undefined {
  const atUs = timeUsOf(row('ts'));
  const uid = row('uid');
  const name = row('server_name')?.toLowerCase().slice(0, maxNameLength);
  return atUs === undefined || uid === undefined || name === undefined
    ? undefined
    : { kind: 'name-hint', atUs, uid, name };
}
