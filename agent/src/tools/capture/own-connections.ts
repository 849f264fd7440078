// The agent's connections to its collector, as a capture has to know them.
import { tcpEndsOf } from '../../host/open-sockets.linux.ts';
import type { OwnConnections } from '../tool.ts';

/** `workers`: processes that hold the connection; none = this one does. `collectorUrl`: ws: or wss:. Never throws. */
export function ownConnectionsOf(workers: readonly number[], collectorUrl: string | undefined): OwnConnections {
  const collectorPort = collectorUrl === undefined ? undefined : portOf(collectorUrl);
  const pids = workers.length > 0 ? workers : [process.pid];
  try {
    const all = tcpEndsOf(pids);
    return { connections: all.filter(({ remotePort }) => remotePort === collectorPort), collectorPort };
  } catch {
    return { connections: [], collectorPort };
  }
}

function portOf(url: string): number | undefined {
  if (!URL.canParse(url)) return undefined;
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'wss:' ? 443 : 80) : Number(port);
}
