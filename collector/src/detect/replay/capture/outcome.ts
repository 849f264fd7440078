// How the opening of a captured flow went, and which flows are probes that no program sends.
import type { Flow } from '@foretop/agent/inspect/replay/flow.ts';
import { firstEphemeral } from '../../detectors/lib/ports.ts';
import type { Outcome, ScanObservation } from '../../observation.ts';

const tcpFlags = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;

export function outcomeOf(flow: Flow): Outcome {
  const { client, server, state } = flow;
  // Answers whose questions were not seen: the capture began in between, or they belong to somebody who forged our address.
  if (client.packets === 0) return 'unknown';
  if (flow.protocol === 17) return state === 'rejected' ? 'rejected' : state === 'seen' ? 'attempted' : 'established';
  if ((flow.firstFlags & tcpFlags.syn) === 0) return isAckProbe(flow) ? 'rejected' : 'unknown';
  // It went on without an answer that we saw: only one of the two directions was captured.
  if (state === 'attempted' && (client.bytes > 0 || client.isFinished)) return 'unknown';
  if (state === 'attempted' || state === 'rejected') return state;
  // Its SYN was answered, and it never came back to that.
  if (client.packets === 1 && server.bytes === 0 && state === 'established') return 'attempted';
  return state === 'reset' ? 'reset' : 'established';
}

/** One acknowledgement out of nowhere (or two), which was reset: how one maps the rules of a firewall. */
function isAckProbe({ firstFlags, client, server, state }: Flow): boolean {
  return (
    (firstFlags === tcpFlags.ack || firstFlags === (tcpFlags.fin | tcpFlags.ack)) &&
    state === 'reset' &&
    client.packets <= 2 &&
    client.bytes === 0 &&
    server.bytes === 0 &&
    server.packets > 0 &&
    server.packets <= client.packets &&
    server.port < firstEphemeral
  );
}

/** The same without any answer. It may as well be the last of a connection that was made before. */
const isLoneAck = ({ protocol, firstFlags, client, server }: Flow): boolean =>
  protocol === 6 &&
  firstFlags === tcpFlags.ack &&
  client.packets > 0 &&
  client.packets <= 2 &&
  client.bytes === 0 &&
  server.packets === 0 &&
  server.port < firstEphemeral;

export function probeOf(flow: Flow): ScanObservation['scan'] | undefined {
  if (isLoneAck(flow)) return 'ack';
  if (flow.state !== 'probed') return undefined;
  if (flow.firstFlags === 0) return 'null';
  return flow.firstFlags === tcpFlags.fin ? 'fin' : 'xmas';
}
