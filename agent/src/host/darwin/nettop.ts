// `nettop -L 1 -n -x` of macOS: bytes by flow, each flow under the row of its process.
//
// CSV with a header that names the columns; the second has no name and holds `name.pid` for a process, or
// `tcp4 LOCAL:PORT<->REMOTE:PORT` for a flow (IPv6: a dot before the port). A name may hold dots, spaces and commas.
import { HostError } from '../host-error.ts';
import { parseEndpoint } from '../portable/address.ts';
import type { FlowRow } from '../portable/readings.ts';

/** Rows that are cut off or not understood are passed over. Throws HostError `malformed` without header. */
export function parseNettop(text: string): FlowRow[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.includes('bytes_in,'));
  if (start < 0) {
    const found = text.trim().slice(0, 120);
    throw new HostError('malformed', `Reading nettop failed: found "${found}", a header with bytes_in is required`, {
      retryable: true,
    });
  }
  // Interactive leftovers (backspaces) may stand before the header's first name.
  const columns = lines[start]!.split(',');
  const flows = new Map<string, FlowRow>();
  let pid = 0;
  for (const line of lines.slice(start + 1)) {
    // Another sample: only one is asked for.
    if (line.includes('bytes_in,')) break;
    const row = parseRow(line, columns);
    if (!row) continue;
    if ('pid' in row) pid = row.pid;
    else if (pid > 0) addFlow(flows, { pid, ...row });
  }
  return [...flows.values()];
}

/** A socket bound to several interfaces has a row for each, every one with the socket's bytes: the largest counts. */
function addFlow(flows: Map<string, FlowRow>, flow: FlowRow): void {
  const id = `${flow.pid} ${flow.flow}`;
  const known = flows.get(id);
  if (!known) flows.set(id, flow);
  else if (flow.rxBytes + flow.txBytes > known.rxBytes + known.txBytes) flows.set(id, flow);
}

function parseRow(line: string, columns: readonly string[]): Omit<FlowRow, 'pid'> | { pid: number } | undefined {
  // "108,53 ms" where the decimal sign is a comma.
  const cells = line.replace(/,(\d+),(\d+) ms,/, ',$1.$2 ms,').split(',');
  const surplus = cells.length - columns.length;
  const nameAt = columns.indexOf('');
  if (surplus < 0 || nameAt < 0) return undefined;
  const name = cells.splice(nameAt, surplus + 1).join(',');
  cells.splice(nameAt, 0, name);
  const flow = /^(tcp|udp)[46]+ (.+)<->(.+)$/.exec(name);
  if (!flow) {
    const pid = Number(/\.(\d+)$/.exec(name)?.[1]);
    return pid > 0 ? { pid } : undefined;
  }
  const rxBytes = number(cells[columns.indexOf('bytes_in')]);
  const txBytes = number(cells[columns.indexOf('bytes_out')]);
  if (rxBytes === undefined || txBytes === undefined) return undefined;
  const rttMs = Number.parseFloat(cells[columns.indexOf('rtt_avg')] ?? '');
  const protocol = flow[1] === 'tcp' ? 6 : 17;
  return {
    ...{ flow: name, rxBytes, txBytes, ...endsOf(protocol, flow[2]!, flow[3]!) },
    ...(rttMs > 0 ? { rttUs: Math.round(rttMs * 1e3) } : {}),
  };
}

function endsOf(protocol: 6 | 17, local: string, remote: string): Pick<FlowRow, 'ends'> {
  const here = parseEnd(local);
  const peer = parseEnd(remote);
  if (!here || !peer || peer.port === 0 || peer.address.length === 0 || here.address.length === 0) return {};
  const [localAddress, remoteAddress] = [here.address, peer.address];
  return { ends: { protocol, localAddress, localPort: here.port, remoteAddress, remotePort: peer.port } };
}

/** IPv4 has a colon before the port, IPv6 a dot. */
function parseEnd(text: string) {
  return /^(?:[\d.]+|\*):(?:\d+|\*)$/.test(text) ? parseEndpoint(text, ':') : parseEndpoint(text, '.');
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
