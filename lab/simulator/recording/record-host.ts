// From what was observed of a host to its snapshot: grouped, counted, and under other names.
import type { Connection, Process } from '@foretop/proto/api';
import { createDisguise, type Disguise } from './disguise.ts';
import { beganWithin, endedWithin, isOpen, mean, rounded, secondsOf } from './measures.ts';
import type { Observation } from './observation.ts';
import { processGroups, type ProcessGroups } from './process-groups.ts';
import {
  bounds,
  type Shape,
  type Snapshot,
  snapshotFormat,
  type SnapshotListener,
  type SnapshotQuestions,
} from './snapshot.ts';
import { trafficOf } from './traffic-groups.ts';

/** The same observation gives the same snapshot. */
export function snapshotOf(seen: Observation): Snapshot {
  const { host, looks } = seen;
  const disguise = disguiseFor(seen);
  const groups = processGroups(seen, disguise);
  const { listeners, listenersWithoutProcess } = listenersOf(seen, groups);
  const { traffic, farEnds, connectionsWithoutPort, rareTraffic } = trafficOf(seen, groups, disguise, listeners);
  const interfaces = seen.interfaces
    .filter(({ name }) => name !== 'lo')
    .toSorted((a, b) => b.rxBytes + b.txBytes - a.rxBytes - a.txBytes)
    .slice(0, 64)
    .map(({ name, mtu, speedMbit }) => ({ name: disguise.interfaceName(name), mtu, speedMbit }));
  const system = {
    os: host.os.replaceAll(/[^ -~]/g, '').slice(0, 120),
    kernel: /^\d+(\.\d+){0,2}/.exec(host.kernel)?.[0] ?? '',
    arch: host.arch.slice(0, 64),
    cpus: host.cpus,
    memoryGb: rounded(host.memoryBytes / 2 ** 30),
  };
  const questions = questionsOf(seen, groups, disguise);
  const counted = { listening: listeners.length, processes: mean(looks.map((look) => groups.kept(look.processes))) };
  return {
    ...{ format: snapshotFormat, seconds: rounded(secondsOf(seen)), system, shape: shapeOf(seen, disguise, counted) },
    ...{ interfaces, processes: groups.processes, listeners, farEnds, traffic, questions },
    replaced: disguise.replaced(),
    leftOut: { kernelThreads: groups.leftOut, listenersWithoutProcess, connectionsWithoutPort, rareTraffic },
  };
}

function disguiseFor(seen: Observation): Disguise {
  const { host, looks, connections, processes, questions, interfaces } = seen;
  const rows = [...connections, ...looks.flatMap((look) => look.connections)];
  const remote = rows.flatMap(({ remoteAddress }) => (remoteAddress === null ? [] : [remoteAddress]));
  const own = [...host.addresses, ...interfaces.flatMap((one) => one.addresses)].map((text) => text.split('/')[0]!);
  const ran: Process[] = [...processes, ...looks.flatMap((look) => look.processes)];
  return createDisguise({
    own,
    seen: [
      ...own,
      ...remote,
      ...rows.map(({ localAddress }) => localAddress),
      ...questions.flatMap((one) => one.addresses),
    ],
    addresses: rows
      .filter(({ direction }) => direction !== 'inbound')
      .flatMap(({ remoteAddress }) => remoteAddress ?? []),
    names: [...rows.flatMap(({ name }) => name ?? []), ...questions.map(({ name }) => name)],
    containers: ran.flatMap(({ container }) => container?.id ?? []),
    words: [host.name, host.name.split('.')[0]!, ...ran.filter(({ uid }) => uid >= 1_000).map(({ user }) => user)],
  });
}

/** Both ends of a connection within the host count as the connecting one does: the other may be remembered long after it. */
function shapeOf(seen: Observation, disguise: Disguise, counted: Pick<Shape, 'listening' | 'processes'>): Shape {
  const minutes = secondsOf(seen) / 60;
  const ends = ({ remoteAddress, direction, connectionCount }: Connection) => {
    if (disguise.kindOf(remoteAddress!) !== 'loopback') return connectionCount;
    return direction === 'inbound' ? 0 : 2 * connectionCount;
  };
  const sum = (of: readonly Connection[]) => of.reduce((total, row) => total + ends(row), 0);
  const rows = seen.connections.filter(({ remoteAddress }) => remoteAddress !== null);
  return {
    openConnections: rounded(mean(seen.looks.map(({ connections }) => sum(connections.filter(isOpen))))),
    listening: counted.listening,
    processes: rounded(counted.processes),
    opensPerMinute: rounded(sum(rows.filter((row) => beganWithin(row, seen))) / minutes),
    closesPerMinute: rounded(sum(rows.filter((row) => endedWithin(row, seen))) / minutes),
    questionsPerMinute: rounded(seen.questions.reduce((total, { count }) => total + count, 0) / minutes),
  };
}

/** What listened when the recording ended; one at both loopback addresses is one. */
function listenersOf({ looks, connections }: Observation, groups: ProcessGroups) {
  const found = new Map<string, SnapshotListener>();
  let listenersWithoutProcess = 0;
  for (const row of looks.at(-1)?.connections ?? []) {
    if (row.direction !== 'listen' || row.localPort === 0) continue;
    const process = groups.keyOf(row.processId);
    if (!groups.runs(process)) {
      listenersWithoutProcess++;
      continue;
    }
    const { protocol, localPort: port } = row;
    const local = row.localAddress === '::1' || row.localAddress.startsWith('127.');
    const known = found.get(`${protocol}/${port}`);
    if (known) known.local &&= local;
    else found.set(`${protocol}/${port}`, { process, protocol, port, local, acceptedBy: process });
  }
  for (const listener of found.values()) {
    const accepted = connections.filter(
      ({ direction, localPort, protocol }) =>
        direction === 'inbound' && localPort === listener.port && protocol === listener.protocol,
    );
    const acceptors = Map.groupBy(accepted, ({ processId }) => groups.keyOf(processId));
    const [most] = [...acceptors].filter(([key]) => groups.runs(key)).toSorted(([, a], [, b]) => b.length - a.length);
    if (most) listener.acceptedBy = most[0];
  }
  const listeners = [...found.values()].toSorted((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
  return { listeners: listeners.slice(0, bounds.groups), listenersWithoutProcess };
}

function questionsOf(seen: Observation, groups: ProcessGroups, disguise: Disguise): SnapshotQuestions[] {
  const minutes = secondsOf(seen) / 60;
  return [...Map.groupBy(seen.questions, ({ processId }) => groups.keyOf(processId))]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([process, rows]) => {
      const sum = (of: typeof rows) => of.reduce((total, { count }) => total + count, 0);
      const names = [...new Set(rows.map(({ name }) => disguise.name(name)))].toSorted().slice(0, bounds.names);
      const missing = rounded(sum(rows.filter(({ rcode }) => rcode === 'NXDOMAIN')) / sum(rows));
      const unanswered = rounded(sum(rows.filter(({ answered }) => !answered)) / sum(rows));
      return { process, perMinute: rounded(sum(rows) / minutes), names, missing, unanswered };
    })
    .slice(0, bounds.groups);
}
