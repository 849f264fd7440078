// Connections of the history as the API writes them.
import { stateName } from '@foretop/proto';
import type { Connection } from '@foretop/proto/api';
import type { ConnectionRow } from '../../store/queries/connections.ts';
import { containerOf, directionNames, flowHash, nameSourceNames, ownerRuleNames, protocolName } from './names.ts';

export function storedConnection(row: ConnectionRow): Connection {
  const { hostId } = row;
  const connection = {
    id: `${hostId}-${row.id}`,
    hostId,
    protocol: protocolName(row.protocol),
    state: stateName(row.protocol, row.state) ?? 'close',
    direction: directionNames[row.direction] ?? 'unknown',
    localAddress: row.localAddress,
    localPort: row.localPort,
    remoteAddress: row.remoteAddress,
    remotePort: row.remotePort,
    pid: row.pid,
    process: row.process === '' ? null : row.process,
    processId: row.processId === null ? null : `${hostId}-${row.processId}`,
    unit: row.unit,
    container: containerOf(row.containerRuntime, row.containerId),
    uid: row.uid,
    startedAt: row.startedAt.toISOString(),
    startedBefore: row.startedBefore,
    endedAt: row.endedAt?.toISOString() ?? null,
    rxBytes: row.rxBytes,
    txBytes: row.txBytes,
    rxRate: row.rxRate,
    txRate: row.txRate,
    rttUs: row.rttUs,
    retransmissions: row.retransmissions,
    name: row.name,
    nameSource: nameSourceNames[row.nameSource] ?? 'none',
    alpn: row.alpn,
    ownerRule: ownerRuleNames[row.ownerRule] ?? 'unknown',
    connectionCount: row.connectionCount,
    place: null,
  } as const;
  return { ...connection, communityId: flowHash(connection) };
}
