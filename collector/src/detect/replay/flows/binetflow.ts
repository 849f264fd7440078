// A row of Argus's bidirectional flows, as the CTU data sets have them, as observations.
import type { Outcome, ScanObservation } from '../../observation.ts';
import { addressOf, countOf, portOf, protocolOf, type Row, secondsToUs, timeUsOf } from '../fields.ts';
import { echoRecords, probeRecord, type ReplayedFlow, seenByClient } from '../flow-observation.ts';
import { observed, type ReplayRecord } from '../record.ts';
import { zeekOutcomes } from '../zeek/outcomes.ts';

/** Ethernet, IPv4 and the shortest head of each: what Argus counts beside the payload. */
const headBytes: Readonly<Record<number, number>> = { 1: 14 + 20 + 8, 6: 14 + 20 + 20, 17: 14 + 20 + 8 };
/** A row takes part in its time from a start; nothing says more than this. */
const ends = ['SrcAddr', 'DstAddr'] as const;

/** @param id a running number. @returns undefined for a row that cannot be one, nothing for what is neither TCP, UDP nor an ICMP echo. */
export function binetflowRecords(row: Row, id: string): ReplayRecord[] | undefined {
  const firstUs = timeUsOf(row('StartTime'));
  const [source, destination] = ends.map((name) => addressOf(row(name)));
  if (firstUs === undefined) return undefined;
  const protocol = protocolOf(row('Proto'), source ?? '');
  // ARP, and protocols whose ends are no addresses.
  if (source === undefined || destination === undefined) return row('SrcAddr') === undefined ? undefined : [];
  const [packets, bytes] = [countOf(row('TotPkts')) ?? 1, countOf(row('TotBytes'))];
  const sourceBytes = countOf(row('SrcBytes'));
  const sourcePackets = countOf(row('SrcPkts')) ?? shareOf(packets, sourceBytes, bytes);
  const sides = [
    { address: source, port: portOf(row('Sport')), packets: sourcePackets, bytes: sourceBytes },
    {
      address: destination,
      port: portOf(row('Dport')),
      packets: packets - sourcePackets,
      bytes: bytes === undefined || sourceBytes === undefined ? undefined : Math.max(0, bytes - sourceBytes),
    },
  ] as const;
  const isBackward = row('Dir')?.trim().startsWith('<-') === true;
  const [client, server] = isBackward ? [sides[1], sides[0]] : sides;
  const state = stateOf(row('State') ?? '', isBackward);
  const payload = (side: Side, flags: string) =>
    side.bytes === undefined || (protocol === 6 && state.flags && !flags.includes('P'))
      ? side.bytes && 0
      : Math.max(0, side.bytes - side.packets * (headBytes[protocol] ?? 34));
  const flow: ReplayedFlow = {
    id,
    protocol,
    firstUs,
    lastUs: firstUs + (secondsToUs(row('Dur')) ?? 0),
    client: { address: client.address, port: client.port },
    server: { address: server.address, port: server.port },
    clientBytes: payload(client, state.client),
    serverBytes: payload(server, state.server),
    clientPackets: client.packets,
    serverPackets: server.packets,
    outcome: outcomeOf(protocol, state, server.packets, row('Dir')?.trim() ?? ''),
  };
  const probe = protocol === 6 ? probeOf(flow, state) : undefined;
  if (probe !== undefined) return [probeRecord(flow, probe)];
  if (protocol === 6 || protocol === 17) return [observed(seenByClient(flow))];
  return (protocol === 1 || protocol === 58) && !isOtherIcmp(state.word) ? echoRecords(flow) : [];
}

interface Side {
  address: string;
  port: number;
  packets: number;
  bytes: number | undefined;
}

interface State {
  word: string;
  /** Whether it names TCP flags of both ends. */
  flags: boolean;
  client: string;
  server: string;
}

function stateOf(text: string, isBackward: boolean): State {
  const word = text.trim();
  const match = /^([FSRPAUEC]*)_([FSRPAUEC]*)$/.exec(word);
  if (!match) return { word, flags: false, client: '', server: '' };
  const [, source = '', destination = ''] = match;
  const [client, server] = isBackward ? [destination, source] : [source, destination];
  return { word, flags: true, client, server };
}

/** Words of Argus, and those of Zeek that some tools write into the column. */
const words: Readonly<Record<string, Outcome>> = {
  CON: 'established',
  EST: 'established',
  FIN: 'established',
  CLO: 'established',
  RST: 'reset',
  REQ: 'attempted',
  INT: 'attempted',
  TIM: 'attempted',
  URP: 'rejected',
  ...zeekOutcomes,
  ESTABLISHED: 'established',
  'NOT ESTABLISHED': 'attempted',
};

function outcomeOf(protocol: number, state: State, serverPackets: number, direction: string): Outcome {
  if (protocol !== 6 || !state.flags) {
    if (direction.includes('?') && protocol === 6) return 'unknown';
    return words[state.word.toUpperCase()] ?? (serverPackets > 0 ? 'established' : 'unknown');
  }
  // No SYN, or an answer to one: the beginning was not seen.
  if (!state.client.includes('S') || (state.client.includes('A') && !state.server.includes('S'))) return 'unknown';
  if (state.server === '') return 'attempted';
  if (state.server.includes('S')) return /R/.test(state.client + state.server) ? 'reset' : 'established';
  return state.server.includes('R') ? 'rejected' : 'established';
}

const probes: Readonly<Record<string, ScanObservation['scan']>> = { F: 'fin', '': 'null', FPU: 'xmas' };

/** A TCP flow that its client began, and never went on with, as no program does. */
function probeOf(flow: ReplayedFlow, state: State): ScanObservation['scan'] | undefined {
  const scan = state.flags && /^(RA?)?$/.test(state.server) ? probes[state.client] : undefined;
  if (scan === undefined || (flow.clientPackets ?? 0) > 3 || (scan === 'null' && state.server !== '')) return undefined;
  return scan;
}

/** States of ICMP that are not echoes, in Argus's words: unreachable, redirect, time exceeded … */
const isOtherIcmp = (word: string) => /^(UR|RED|TXD|TRC|MRQ|NRS|ROB|PAR|SRC|SEC|WAY|TST|IRQ|MAS)/.test(word);

/** The shortest frame of Ethernet: nobody sends more packets than bytes allow. */
const shortestFrame = 60;

/** Of both directions' packets, those of the source: answers are small and may be as many as what they answer. */
function shareOf(packets: number, part: number | undefined, whole: number | undefined): number {
  if (part === undefined || whole === undefined || part >= whole) return packets;
  const least = Math.min(part, whole - part);
  const few = Math.min(Math.floor(packets / 2), Math.max(least > 0 ? 1 : 0, Math.floor(least / shortestFrame)));
  return part <= whole - part ? few : packets - few;
}
