// Connections out of a host's live table, written as the history does.
import { formatAddress, stateName } from '@foretop/proto';
import type { Connection } from '@foretop/proto/api';
import { type LiveConnection, LiveSection } from '@foretop/proto/live';
import type { LiveTables } from '../../live/hub.ts';
import { idText, type Ids } from '../../store/ids.ts';
import type { ConnectionFilter } from '../../store/queries/connection-filter.ts';
import type { ConnectionColumn } from '../../store/queries/connection-sort.ts';
import { connectionMatcher, hasPeer, type LiveIdentity } from './match-connection.ts';
import type { PlaceSource } from './place-filter.ts';
import { containerOf, directionNames, flowHash, nameSourceNames, ownerRuleNames, protocolName } from './names.ts';

export interface ConnectionOrder {
  column: ConnectionColumn;
  descending: boolean;
}

/** Processes too: unit and container are theirs. */
export const connectionSections = [LiveSection.LIVE_SECTION_CONNECTIONS, LiveSection.LIVE_SECTION_PROCESSES];

/** Those that may have a place, each once. */
export function farAddresses({ connections }: LiveTables): string[] {
  return [
    ...new Set(
      connections
        .values()
        .filter(hasPeer)
        .map(({ remoteAddress }) => formatAddress(remoteAddress!)),
    ),
  ];
}

/** Only a search needs the host's name and places. */
export function liveConnections(
  { hostId, name = '' }: { hostId: number; name?: string },
  tables: LiveTables,
  filter: ConnectionFilter,
  ids: Ids,
  places?: Pick<PlaceSource, 'rowPlace'>,
): Connection[] {
  const matches = connectionMatcher(filter, { hostName: name, places });
  const found: Connection[] = [];
  for (const row of tables.connections.values()) {
    const owner = ownerOf(row, tables);
    if (matches(row, owner)) found.push(connectionOf(hostId, tables.bootId, row, owner, ids));
  }
  return found;
}

/** The row's process, unless its pid has become another's since. */
function ownerOf(row: LiveConnection, tables: LiveTables): LiveIdentity | undefined {
  const identity = row.pid ? tables.processes.get(row.pid)?.identity : undefined;
  return identity?.startTicks === row.pidStartTicks ? (identity ?? undefined) : undefined;
}

function connectionOf(
  hostId: number,
  bootId: Uint8Array,
  row: LiveConnection,
  owner: LiveIdentity | undefined,
  ids: Ids,
): Connection {
  const pid = row.pid ? row.pid : null;
  const remoteAddress = hasPeer(row) ? formatAddress(row.remoteAddress!) : null;
  const connection = {
    id: row.id!,
    hostId,
    protocol: protocolName(row.protocol!),
    state: stateName(row.protocol!, row.state!) ?? 'close',
    direction: directionNames[row.direction!] ?? 'unknown',
    localAddress: formatAddress(row.localAddress!),
    localPort: row.localPort!,
    remoteAddress,
    remotePort: remoteAddress === null ? null : row.remotePort!,
    pid,
    process: row.comm ? row.comm : null,
    processId: pid && row.pidStartTicks ? idText(hostId, ids.process(hostId, bootId, pid, row.pidStartTicks)) : null,
    unit: owner?.unit || null,
    container: containerOf(owner?.containerRuntime, owner?.containerId),
    uid: row.uid!,
    startedAt: new Date(row.startedUs! / 1000).toISOString(),
    startedBefore: row.startedBefore!,
    endedAt: null,
    rxBytes: row.rxBytes ?? null,
    txBytes: row.txBytes ?? null,
    rxRate: row.rxRate ?? null,
    txRate: row.txRate ?? null,
    rttUs: row.rttUs ?? null,
    retransmissions: row.retransmissions ?? null,
    name: row.name ? row.name : null,
    nameSource: nameSourceNames[row.nameSource!] ?? 'none',
    alpn: row.alpn ? row.alpn : null,
    ownerRule: ownerRuleNames[row.ownerRule!] ?? 'unknown',
    connectionCount: 1,
    place: null,
  } as const;
  return { ...connection, communityId: flowHash(connection) };
}
