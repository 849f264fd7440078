// Payloads of a capture that are text, for those detectors that read it. The text goes no further than they do.
import type { Transport } from '@foretop/agent/inspect/packet/transport.ts';
import type { Flow } from '@foretop/agent/inspect/replay/flow.ts';
import { formatAddress } from '@foretop/proto';
import type { TextObservation } from '../../observation.ts';

/** So much of each direction of a flow is read. */
const mostBytes = 1_048_576;
/** Of a payload, what is looked at to tell text from anything else, and how much of it has to be text. */
const lookedAtBytes = 256;
const textShare = 0.9;

/** @returns undefined for what is no text, has come before, or comes after much else. */
export function clearText(transport: Transport, flow: Flow, prefix: string): TextObservation | undefined {
  const { payload, timeUs } = transport;
  if (flow.carries === 'dns' || flow.carries === 'quic' || !isText(payload)) return undefined;
  const fromClient = flow.isFromClient(transport);
  const side = fromClient ? flow.client : flow.server;
  if (side.bytes > mostBytes || !isNew(transport, side.next)) return undefined;
  return {
    kind: 'text',
    host: formatAddress(flow.client.address),
    atUs: timeUs,
    late: false,
    connection: `${prefix}${flow.id}${fromClient ? '>' : '<'}`,
    process: undefined,
    peer: { address: formatAddress(flow.server.address), port: flow.server.port },
    text: Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'),
  };
}

/** Not what was sent again: it ends where the stream now ends. */
const isNew = ({ protocol, sequence, payloadBytes }: Transport, next: number | undefined): boolean =>
  protocol === 17 || next === (sequence + payloadBytes) >>> 0;

function isText(payload: Uint8Array): boolean {
  const length = Math.min(payload.length, lookedAtBytes);
  let printable = 0;
  for (let at = 0; at < length; at++) {
    const byte = payload[at]!;
    if ((byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13) printable++;
  }
  return printable >= textShare * length;
}
