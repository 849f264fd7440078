// What a capture must not see: the connection over which it leaves, or each packet of it would make another one.
import { type Filter, parseFilter } from '@foretop/proto/capture';
import { formatAddress } from '@foretop/proto';
import type { TcpEnds } from '../../host/open-sockets.linux.ts';

/** Of `wanted`, what is not on one of these connections. */
export function withoutConnections(wanted: Filter, own: readonly TcpEnds[]): Filter {
  return own.reduce<Filter>((filter, ends) => ({ kind: 'and', left: not(connection(ends)), right: filter }), wanted);
}

/** Where the connection itself cannot be told: of `wanted`, what has nothing to do with the collector's port. */
export function withoutPort(wanted: Filter, port: number): Filter {
  return { kind: 'and', left: not(parseFilter(`tcp port ${port}`)), right: wanted };
}

const not = (filter: Filter): Filter => ({ kind: 'not', filter });

function connection({ localAddress, localPort, remoteAddress, remotePort }: TcpEnds): Filter {
  const [local, remote] = [formatAddress(localAddress), formatAddress(remoteAddress)];
  const way = (from: string, fromPort: number, to: string, toPort: number) =>
    `(src host ${from} and tcp src port ${fromPort} and dst host ${to} and tcp dst port ${toPort})`;
  return parseFilter(`${way(local, localPort, remote, remotePort)} or ${way(remote, remotePort, local, localPort)}`);
}
