// Opens what a capture reads from: the socket of one interface, or of all but loopback, with a filter that leaves the agent's own connection out.
import { compileFilter, FilterFault, type Filter } from '@foretop/proto/capture';
import type { CaptureParameters } from '@foretop/proto/tools';
import {
  type CaptureSocket,
  findInterface,
  missingForPackets,
  openCaptureSocket,
  requirePacketSockets,
} from '../../host/linux/capture-socket.ts';
import type { OwnConnections } from '../tool.ts';
import { ToolRefusal } from '../tool-refusal.ts';
import { type LinkType, linkTypeOf, linkTypes, mostAdded } from './frame.ts';
import { withoutConnections, withoutPort } from './own-traffic.ts';

/** Taken from the kernel of each packet: no chain of headers is longer, and little of what is not wanted gets here. */
const headersBytes = 512;
/** What the longest frame comes to, with what is put back. */
const payloadBytes = 65_535 - mostAdded;
const ringBytes = 4 << 20;

export interface OpenCapture extends Disposable {
  socket: CaptureSocket;
  /** Of the interface. */
  name: string;
  linkType: LinkType;
  /** Most that is kept of a packet. */
  snapBytes: number;
  /** What else is to be known of what was not captured. */
  note: string;
}

/** What is missing on this host is found before anything is offered. Throws ToolRefusal. */
export function requireCapture(parameters: CaptureParameters, filter: Filter): void {
  if (process.platform !== 'linux')
    throw new ToolRefusal('not-supported', `Packets are captured on Linux only; this is ${process.platform}.`);
  const nothingOwn: OwnConnections = { connections: [], collectorPort: undefined };
  refusing(() => {
    requirePacketSockets();
    planOf(parameters, filter, nothingOwn);
  });
}

/** Throws ToolRefusal. */
export function openCapture(parameters: CaptureParameters, filter: Filter, own: OwnConnections): OpenCapture {
  return refusing(() => {
    const { interfaceIndex, linkType, program, keptBytes, note } = planOf(parameters, filter, own);
    const isCooked = linkType === linkTypes.cooked;
    const socket = openCaptureSocket({ interface: interfaceIndex, isCooked, program, ringBytes });
    const name = parameters.interface === '' ? 'any' : parameters.interface;
    return {
      socket,
      name,
      linkType,
      snapBytes: keptBytes + mostAdded,
      note,
      [Symbol.dispose]: () => socket[Symbol.dispose](),
    };
  });
}

function planOf(parameters: CaptureParameters, filter: Filter, own: OwnConnections) {
  const found = parameters.interface === '' ? undefined : findInterface(parameters.interface);
  if (parameters.interface !== '' && !found)
    throw new ToolRefusal('no-such-target', `This host has no interface '${parameters.interface}'.`);
  const linkType = linkTypeOf(found);
  const keptBytes = parameters.content === 'headers' ? headersBytes : payloadBytes;
  const { wanted, note } = withoutOwn(filter, own);
  const program = compileFilter(wanted, {
    begins: linkType === linkTypes.ethernet ? 'ethernet' : 'network',
    snapBytes: keptBytes,
    loopback: found ? 'once' : 'never',
  });
  return { interfaceIndex: found?.index ?? 0, linkType, program, keptBytes, note };
}

function withoutOwn(filter: Filter, { connections, collectorPort }: OwnConnections): { wanted: Filter; note: string } {
  if (connections.length > 0) return { wanted: withoutConnections(filter, connections), note: '' };
  if (collectorPort === undefined) return { wanted: filter, note: '' };
  const note = `; without all of TCP port ${collectorPort}, since the agent's own connection could not be told from others`;
  return { wanted: withoutPort(filter, collectorPort), note };
}

/** In the words of refusals. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ToolRefusal) throw error;
    if (error instanceof FilterFault) throw new ToolRefusal('malformed', error.message, { cause: error });
    throw new ToolRefusal('not-supported', missingForPackets(error), { cause: error });
  }
}
