// `netstat -ano` of Windows, for hosts where PowerShell is not allowed: headings and states are in the language of the system.
import { HostError } from '../host-error.ts';
import { type Endpoint, parseEndpoint } from '../portable/address.ts';
import type { SocketRow } from '../portable/readings.ts';
import { TCP_CLOSE, TCP_LISTEN, tcpState, udpState } from '../portable/socket-state.ts';

// Protocol, local, foreign, state (TCP alone; may be two words in some languages), process.
const rowPattern = /^\s*(TCP|UDP)\s+(\S+)\s+(\S+)(?:\s+(\S.*?))?\s+(\d+)\s*$/;

/**
 * A state whose word is not known is 0, but that of a socket without a peer, which listens. Lines that are cut off or no rows
 * are passed over. Throws HostError `malformed` when there is no row at all.
 */
export function parseNetstat(text: string): SocketRow[] {
  const rows = text.split('\n').flatMap((line) => parseRow(line) ?? []);
  if (rows.length > 0) return rows;
  const found = text.trim().slice(0, 120);
  throw new HostError('malformed', `Reading netstat failed: found "${found}", rows of TCP and UDP are required`, {
    retryable: true,
  });
}

function parseRow(line: string): SocketRow | undefined {
  const [, kind, local = '', foreign = '', word = '', pid] = rowPattern.exec(line) ?? [];
  const here = parseEndpoint(local, ':');
  const peer = parseEndpoint(foreign, ':');
  if (!here || here.port === 0 || here.address.length === 0 || !peer) return undefined;
  const hasPeer = peer.port !== 0 && peer.address.length > 0;
  return {
    protocol: kind === 'TCP' ? 6 : 17,
    state: kind === 'TCP' ? stateOf(word, peer) : udpState(hasPeer),
    localAddress: here.address,
    localPort: here.port,
    remoteAddress: hasPeer ? peer.address : new Uint8Array(0),
    remotePort: hasPeer ? peer.port : 0,
    pid: Number(pid),
    instance: '',
  };
}

function stateOf(word: string, peer: Endpoint): number {
  const state = tcpState(word);
  if (state !== 0 || peer.port !== 0) return state;
  return word === '' ? TCP_CLOSE : TCP_LISTEN;
}
