// Sockets by Get-NetTCPConnection and Get-NetUDPEndpoint: the same words and numbers in every language of Windows.
import { parseAddress } from '../portable/address.ts';
import type { SocketRow } from '../portable/readings.ts';
import { udpState } from '../portable/socket-state.ts';
import { countOf, dateOf, type JsonRow, parseJsonRows } from './json.ts';

const created = '@{n="Created";e={if($_.CreationTime){$_.CreationTime.ToUniversalTime().ToString("o")}}}';

export const netConnectionsScript = [
  `$t=@(Get-NetTCPConnection -ErrorAction Stop|Select-Object LocalAddress,LocalPort,RemoteAddress,RemotePort,@{n="State";e={[int]$_.State}},OwningProcess,${created})`,
  `$u=@(Get-NetUDPEndpoint -ErrorAction SilentlyContinue|Select-Object LocalAddress,LocalPort,OwningProcess,${created})`,
  'ConvertTo-Json -Compress -Depth 3 -InputObject @{tcp=$t;udp=$u}',
].join(';');

// MSFT_NetTCPConnection.State to the numbers of the Linux kernel. 12 (DeleteTCB) and 100 (Bound) are no connections: a bound
// row stands beside that of each outgoing connection.
const states: Record<number, number> = { 1: 7, 2: 10, 3: 2, 4: 3, 5: 1, 6: 4, 7: 5, 8: 8, 9: 11, 10: 9, 11: 6 };
const NO_ADDRESS = new Uint8Array(0);

/** Rows that are not understood are passed over. Throws HostError `malformed`. */
export function parseNetConnections(text: string): SocketRow[] {
  const [tcp = [], udp = []] = parseJsonRows(text, ['tcp', 'udp']);
  return [...tcp.flatMap((row) => tcpRow(row) ?? []), ...udp.flatMap((row) => udpRow(row) ?? [])];
}

function tcpRow(row: JsonRow): SocketRow | undefined {
  const local = localEnd(row);
  const state = states[countOf(row['State']) ?? 0];
  const remotePort = countOf(row['RemotePort']) ?? 0;
  const remote = typeof row['RemoteAddress'] === 'string' ? parseAddress(row['RemoteAddress']) : undefined;
  if (!local || state === undefined || remotePort > 65_535) return undefined;
  const hasPeer = remotePort !== 0 && remote !== undefined;
  return {
    ...{ protocol: 6, state, ...local },
    remoteAddress: hasPeer ? remote : NO_ADDRESS,
    remotePort: hasPeer ? remotePort : 0,
  };
}

function udpRow(row: JsonRow): SocketRow | undefined {
  const local = localEnd(row);
  return local && { protocol: 17, state: udpState(false), ...local, remoteAddress: NO_ADDRESS, remotePort: 0 };
}

type LocalEnd = Pick<SocketRow, 'localAddress' | 'localPort' | 'pid' | 'instance' | 'startedUnixUs'>;

function localEnd(row: JsonRow): LocalEnd | undefined {
  const localAddress = typeof row['LocalAddress'] === 'string' ? parseAddress(row['LocalAddress']) : undefined;
  const localPort = countOf(row['LocalPort']);
  if (!localAddress || !localPort || localPort > 65_535) return undefined;
  const startedUnixUs = dateOf(row['Created']);
  return {
    localAddress,
    localPort,
    // A TIME_WAIT socket belongs to process 0.
    pid: countOf(row['OwningProcess']) ?? 0,
    instance: startedUnixUs === undefined ? '' : String(startedUnixUs),
    ...(startedUnixUs === undefined ? {} : { startedUnixUs }),
  };
}
