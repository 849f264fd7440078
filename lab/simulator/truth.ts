// What is really so in the simulated world at this moment, to compare with what Foretop shows.
import { formatAddress, stateName } from '@foretop/proto';
import type { TrackedConnection } from '../../agent/src/collect/tick.ts';
import type { AgentLink } from './agent-link.ts';
import type { AttackTruth } from './attacks.ts';
import type { RowCounts } from './counts.ts';
import type { HostState } from './fleet-state.ts';
import type { HostTotals, SimulatedHost } from './host.ts';
import type { World } from './world.ts';

/** Listening and unconnected sockets are in it, with remoteAddress null, as in the API. */
export interface TrueConnection {
  protocol: 'tcp' | 'udp';
  state: string;
  localAddress: string;
  localPort: number;
  remoteAddress: string | null;
  remotePort: number | null;
  pid: number;
  process: string;
  /** Unix time, µs. */
  startedUs: number;
  startedBefore: boolean;
  /** TCP payload since the start; null for UDP and for listening sockets. */
  rxBytes: number | null;
  txBytes: number | null;
}

export interface HostTruth {
  index: number;
  name: string;
  profile: string;
  /** undefined = not yet enrolled. */
  hostId: number | undefined;
  bootUnixUs: number;
  wallSkewUs: number;
  online: boolean;
  connected: boolean;
  refused: string | undefined;
  /** Neither listening, nor unconnected, nor in TIME_WAIT: what the pulse says. */
  openConnections: number;
  processes: number;
  totals: HostTotals;
  /** Everything that was sealed = acknowledged + dropped + still in the spool. */
  sealed: RowCounts;
  acknowledged: RowCounts;
  dropped: RowCounts;
  /** Hex. */
  epoch: string;
  sealedSequence: number;
  acknowledgedSequence: number;
  /** Absent when not asked for. */
  open?: TrueConnection[];
}

export interface FleetTruth {
  /** How far the simulation is, Unix time in µs. All of it describes this instant. */
  nowUs: number;
  run: number;
  hosts: HostTruth[];
  attacks: AttackTruth[];
}

export function hostTruth(
  host: SimulatedHost,
  link: AgentLink,
  state: HostState,
  world: World,
  withOpen: boolean,
): HostTruth {
  const { spool } = link;
  if (withOpen) world.sync(host);
  return {
    index: host.index,
    name: host.name,
    profile: host.profile.name,
    hostId: state.hostId,
    bootUnixUs: host.bootUnixUs,
    wallSkewUs: host.wallSkewUs,
    online: world.online(host),
    connected: link.isConnected(),
    refused: link.refused(),
    openConnections: host.openConnections,
    processes: host.processes.size,
    totals: { ...host.totals },
    sealed: { ...host.sealed },
    acknowledged: { ...spool.acknowledged },
    dropped: { ...spool.dropped },
    epoch: Buffer.from(host.epoch).toString('hex'),
    sealedSequence: host.sequence,
    acknowledgedSequence: spool.acknowledgedSequence,
    ...(withOpen
      ? { open: Array.from(host.connections.values(), (connection) => trueConnection(connection, host)) }
      : {}),
  };
}

function trueConnection(connection: TrackedConnection, { bootUnixUs }: SimulatedHost): TrueConnection {
  const { protocol, state, localAddress, remoteAddress, localPort, remotePort, pid, comm } = connection;
  const hasPeer = remoteAddress.length > 0;
  return {
    protocol: protocol === 6 ? 'tcp' : 'udp',
    state: stateName(protocol, state) ?? 'unknown',
    localAddress: formatAddress(localAddress),
    localPort,
    remoteAddress: hasPeer ? formatAddress(remoteAddress) : null,
    remotePort: hasPeer ? remotePort : null,
    pid,
    process: comm,
    startedUs: connection.startedUs + bootUnixUs,
    startedBefore: connection.startedBefore,
    rxBytes: connection.rxBytes ?? null,
    txBytes: connection.txBytes ?? null,
  };
}
