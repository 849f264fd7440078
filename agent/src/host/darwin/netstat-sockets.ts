// `netstat -anlWv` of macOS: every socket with its process, and on newer systems its bytes.
//
// A row is printed by inet.c of Apple's network_cmds; three layouts are in use, told apart by the header: columns `pid` and
// `epid` with and without `rxbytes` and `txbytes` before, and one column `process:pid` whose name may hold spaces and colons.
import { HostError } from '../host-error.ts';
import { type Endpoint, parseEndpoint, wildcard } from '../portable/address.ts';
import type { SocketRow } from '../portable/readings.ts';
import { tcpState, udpState } from '../portable/socket-state.ts';

interface Layout {
  bytes: boolean;
  named: boolean;
}

// proto recv-q send-q local foreign, then the rest.
const rowPattern = /^(tcp|udp)(4|6|46)\s+\d+\s+\d+\s+(\S+)\s+(\S+)\s+(.*)$/;
// "state options gencnt" behind the process, all hexadecimal.
const tail = String.raw`\s+[0-9a-f]{5}\s+[0-9a-f]{8}(?:\s+([0-9a-f]{16}))?`;

/** Rows that are cut off or not understood are passed over. Throws HostError `malformed` without a header that names processes. */
export function parseNetstatSockets(text: string): SocketRow[] {
  const lines = text.split('\n');
  const header = lines.find((line) => line.startsWith('Proto '));
  if (!header || !/\bpid\b/.test(header)) {
    const found = (header ?? lines[0] ?? '').slice(0, 120);
    throw new HostError('malformed', `Reading netstat failed: found "${found}", a header with "pid" is required`, {
      retryable: true,
    });
  }
  const pattern = detailsPattern({ bytes: header.includes('rxbytes'), named: header.includes('process:pid') });
  return lines.flatMap((line) => parseRow(line, pattern) ?? []);
}

/** Groups: state, received, transmitted, pid, gencnt. */
function detailsPattern({ bytes, named }: Layout): RegExp {
  const counters = bytes ? String.raw`(?<rx>\d+)\s+(?<tx>\d+)\s+` : '';
  const owner = named ? String.raw`.*?:(?<pid>\d+)` : String.raw`(?<pid>\d+)\s+\d+`;
  return new RegExp(String.raw`^(?:(?<state>[A-Z][A-Z_0-9]*)\s+)?${counters}\d+\s+\d+\s+${owner}${tail}`);
}

function parseRow(line: string, pattern: RegExp): SocketRow | undefined {
  const [, kind, family, local, foreign, rest = ''] = rowPattern.exec(line) ?? [];
  const here = parseEndpoint(local ?? '', '.');
  const peer = parseEndpoint(foreign ?? '', '.');
  const match = pattern.exec(rest);
  if (!here || !peer || !match?.groups) return undefined;
  const { state, rx, tx, pid } = match.groups;
  const protocol = kind === 'tcp' ? 6 : 17;
  const hasPeer = peer.port !== 0 && peer.address.length > 0;
  // A socket that was made and neither bound nor connected.
  if (here.port === 0 && !hasPeer) return undefined;
  return {
    protocol,
    state: protocol === 6 ? tcpState(state ?? '') : udpState(hasPeer),
    localAddress: addressOr(here, family === '4' ? 4 : 6),
    localPort: here.port,
    remoteAddress: hasPeer ? peer.address : new Uint8Array(0),
    remotePort: hasPeer ? peer.port : 0,
    pid: Number(pid),
    instance: match[match.length - 1] ?? '',
    ...(rx !== undefined && hasPeer ? { rxBytes: Number(rx), txBytes: Number(tx) } : {}),
  };
}

function addressOr(endpoint: Endpoint, family: 4 | 6): Uint8Array {
  return endpoint.address.length > 0 ? endpoint.address : wildcard(family);
}
