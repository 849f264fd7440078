// `lsof -nP -i -F` of macOS and other systems (lsof(8), "OUTPUT FOR OTHER PROGRAMS"): sockets when netstat cannot tell owners.
import { parseEndpoint, wildcard } from '../portable/address.ts';
import type { SocketRow } from '../portable/readings.ts';
import { tcpState, udpState } from '../portable/socket-state.ts';

/** `f` by name: not every version gives it unasked. */
export const LSOF_FIELDS = 'pfPntT';

interface File {
  family: 4 | 6;
  protocol: string;
  name: string;
  state: string;
}

/** One field a line, its first letter says which: `p` begins a process, `f` a file of it. What is cut off is passed over. */
export function parseLsof(text: string): SocketRow[] {
  const rows: SocketRow[] = [];
  let pid = 0;
  let file: File | undefined;
  const finish = () => {
    const row = file && pid > 0 ? socketRow(file, pid) : undefined;
    if (row) rows.push(row);
    file = undefined;
  };
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    switch (line[0]) {
      case 'p':
        finish();
        pid = /^\d+$/.test(value) ? Number(value) : 0;
        break;
      case 'f':
        finish();
        file = { family: 4, protocol: '', name: '', state: '' };
        break;
      case 't':
        if (file) file.family = value === 'IPv6' ? 6 : 4;
        break;
      case 'P':
        if (file) file.protocol = value;
        break;
      case 'n':
        if (file) file.name = value;
        break;
      case 'T':
        if (file && value.startsWith('ST=')) file.state = value.slice(3);
        break;
    }
  }
  finish();
  return unique(rows);
}

function socketRow(file: File, pid: number): SocketRow | undefined {
  const protocol = file.protocol === 'TCP' ? 6 : file.protocol === 'UDP' ? 17 : undefined;
  const [local = '', remote] = file.name.split('->');
  const here = parseEndpoint(local, ':');
  const peer = remote === undefined ? undefined : parseEndpoint(remote, ':');
  if (protocol === undefined || !here || here.port === 0 || (remote !== undefined && !peer)) return undefined;
  return {
    protocol,
    state: protocol === 6 ? tcpState(file.state) : udpState(peer !== undefined),
    localAddress: here.address.length > 0 ? here.address : wildcard(file.family),
    localPort: here.port,
    remoteAddress: peer?.address ?? new Uint8Array(0),
    remotePort: peer?.port ?? 0,
    pid,
    instance: '',
  };
}

/** A process that holds a socket by two descriptors, or inherited it, shows it again: the first holder stands for all. */
function unique(rows: SocketRow[]): SocketRow[] {
  const seen = new Map<string, SocketRow>();
  for (const row of rows) {
    const ends = `${row.protocol} ${row.localAddress.join('.')} ${row.localPort} ${row.remoteAddress.join('.')} ${row.remotePort}`;
    const key = row.remotePort === 0 ? `${ends} ${row.pid}` : ends;
    if (!seen.has(key)) seen.set(key, row);
  }
  return [...seen.values()];
}
