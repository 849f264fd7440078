// Connections of a host that are alike: the same program, side, kind of peer and port; how many, how long and how much.
import type { Connection } from '@foretop/proto/api';
import type { Disguise } from './disguise.ts';
import { beganWithin, endedWithin, mean, rounded, secondsOf } from './measures.ts';
import type { Observation } from './observation.ts';
import type { ProcessGroups } from './process-groups.ts';
import { bounds, type FarEnd, type FarKind, type SnapshotListener, type SnapshotTraffic } from './snapshot.ts';

const mostFarEnds = 16;
const quantiles = 9;
/** How long a connection goes on of which none ended. */
const unendingSeconds = 86_400;
const dnsPort = 53;

type Shares = ReadonlyMap<string, number>;
type Alike = Pick<SnapshotTraffic, 'process' | 'role' | 'peer' | 'protocol' | 'port' | 'stuckIn'>;

export function trafficOf(
  seen: Observation,
  groups: ProcessGroups,
  disguise: Disguise,
  listeners: readonly SnapshotListener[],
) {
  const listening = new Set(listeners.map(({ protocol, port }) => `${protocol}/${port}`));
  const activeShares = activeSharesOf(seen);
  const rows = seen.connections.filter(({ remoteAddress }) => remoteAddress !== null);
  const farEnds = new Map<string, number>();
  const list: FarEnd[] = [];
  let connectionsWithoutPort = 0;

  const alike = (row: Connection): Alike | undefined => {
    const { protocol, localPort, remotePort, direction, state } = row;
    const isInbound =
      direction === 'inbound' || (direction !== 'outbound' && listening.has(`${protocol}/${localPort}`));
    const port = (isInbound ? localPort : remotePort) ?? 0;
    const kind = disguise.kindOf(row.remoteAddress!);
    if (isInbound && kind === 'loopback') return undefined; // its other end is of this host too, and stands for both
    connectionsWithoutPort += port === 0 ? row.connectionCount : 0;
    if (port === 0) return undefined;
    const peer: FarKind = !isInbound && port === dnsPort && kind !== 'loopback' ? 'resolver' : kind;
    const stuckIn = row.endedAt !== null ? 0 : state === 'close-wait' ? 8 : state === 'syn-sent' ? 2 : 0;
    const role = isInbound ? 'accepts' : 'connects';
    return { process: groups.keyOf(row.processId), role, peer, protocol, port, stuckIn };
  };
  const far = (row: Connection): number | undefined => {
    const end = { address: disguise.address(row.remoteAddress!), name: row.name && disguise.name(row.name) };
    const key = JSON.stringify(end);
    const known = farEnds.get(key);
    if (known !== undefined || list.length >= bounds.farEnds) return known;
    farEnds.set(key, list.length);
    return list.push(end) - 1;
  };

  const grouped = Map.groupBy(rows, (row) => JSON.stringify(alike(row) ?? null));
  grouped.delete('null');
  const ordered = [...grouped]
    .toSorted(([a, of], [b, others]) => total(others) - total(of) || (a < b ? -1 : 1))
    .slice(0, bounds.groups);
  const traffic = ordered.map(([text, members]): SnapshotTraffic => {
    const one = JSON.parse(text) as Alike;
    const needsPeers = one.role === 'connects' && (one.peer === 'internet' || one.peer === 'intranet');
    const ends = needsPeers ? [...new Set(byAddress(members).flatMap((row) => far(row) ?? []))] : [];
    return {
      ...one,
      ...standingOf(members, one, seen, activeShares),
      ...passingOf(members, one.role, seen),
      ipv6: rounded(members.filter(({ remoteAddress }) => remoteAddress!.includes(':')).length / members.length),
      farEnds: ends.slice(0, mostFarEnds),
    };
  });
  return { traffic, farEnds: list, connectionsWithoutPort, rareTraffic: grouped.size - traffic.length };
}

const total = (rows: readonly Connection[]) => rows.reduce((sum, { connectionCount }) => sum + connectionCount, 0);
const byAddress = (rows: readonly Connection[]) =>
  rows.toSorted(
    (a, b) => a.remoteAddress!.localeCompare(b.remoteAddress!) || (a.name ?? '').localeCompare(b.name ?? ''),
  );

/** By id of the connection: in which share of the looks it carried something. */
function activeSharesOf({ looks }: Observation): Shares {
  const shares = new Map<string, number[]>();
  for (const { id, rxRate, txRate } of looks.flatMap(({ connections }) => connections)) {
    const list = shares.get(id) ?? [];
    list.push((rxRate ?? 0) + (txRate ?? 0) > 0 ? 1 : 0);
    shares.set(id, list);
  }
  return new Map([...shares].map(([id, list]) => [id, mean(list)]));
}

/** From the connecting side, and back. */
function carried(rows: readonly Connection[], role: SnapshotTraffic['role']) {
  const sum = (of: (row: Connection) => number | null) => rows.reduce((all, row) => all + (of(row) ?? 0), 0);
  const [rx, tx] = [sum(({ rxBytes }) => rxBytes), sum(({ txBytes }) => txBytes)];
  return role === 'connects' ? { up: tx, down: rx } : { up: rx, down: tx };
}

/** Those that stay, so that with those that come and go (Little's law: rate by life) as many are open as were. */
function standingOf(rows: readonly Connection[], { role }: Alike, seen: Observation, activeShares: Shares) {
  const seconds = secondsOf(seen);
  const stayed = rows.filter((row) => !beganWithin(row, seen) && !endedWithin(row, seen));
  const { opensPerMinute, lives } = passingOf(rows, role, seen);
  const open = rows.reduce((sum, row) => sum + openSeconds(row, seen), 0) / seconds;
  const standing = Math.max(0, Math.round(open - (opensPerMinute / 60) * mean(lives)));
  const ended = opensPerMinute > 0 ? 0 : rows.filter((row) => endedWithin(row, seen)).length;
  const { up, down } = carried(stayed, role);
  const looked = mean(stayed.flatMap(({ id }) => activeShares.get(id) ?? []));
  const active = up + down === 0 ? 0 : Math.max(looked, 0.02);
  const activeSeconds = stayed.length * seconds * active;
  return {
    standing,
    standingLifeSeconds: ended === 0 ? unendingSeconds : rounded(Math.max(1, (seconds * standing) / ended)),
    standingActive: rounded(active),
    standingUpBytes: active === 0 ? 0 : Math.round(up / activeSeconds),
    standingDownBytes: active === 0 ? 0 : Math.round(down / activeSeconds),
  };
}

function passingOf(rows: readonly Connection[], role: SnapshotTraffic['role'], seen: Observation) {
  const opened = total(rows.filter((row) => beganWithin(row, seen)));
  const { up, down } = carried(
    rows.filter((row) => beganWithin(row, seen) || endedWithin(row, seen)),
    role,
  );
  return {
    opensPerMinute: rounded((opened * 60) / secondsOf(seen)),
    lives: opened === 0 ? [] : quantilesOf(rows, seen),
    upBytes: opened === 0 ? 0 : Math.round(up / opened),
    downBytes: opened === 0 ? 0 : Math.round(down / opened),
  };
}

/** How much of the span it was open. Many that are one row are short: that is why they were folded. */
function openSeconds({ startedAt, endedAt, connectionCount }: Connection, { fromMs, toMs }: Observation): number {
  if (connectionCount > 1) return 0;
  const endMs = endedAt === null ? toMs : Math.min(toMs, Date.parse(endedAt));
  return Math.max(0, endMs - Math.max(fromMs, Date.parse(startedAt))) / 1_000;
}

/** Of those that ended and whose beginning is known; where there are none, all live as long as the recording. */
function quantilesOf(rows: readonly Connection[], seen: Observation): number[] {
  const lives = rows
    .filter((row) => endedWithin(row, seen) && !row.startedBefore)
    .map(({ startedAt, endedAt, connectionCount: count }) => {
      return { seconds: count > 1 ? 0 : Math.max(0, (Date.parse(endedAt!) - Date.parse(startedAt)) / 1_000), count };
    })
    .toSorted((a, b) => a.seconds - b.seconds);
  const ended = lives.reduce((sum, { count }) => sum + count, 0);
  if (ended === 0) return [rounded(secondsOf(seen))];
  const length = Math.min(quantiles, ended);
  return Array.from({ length }, (_, index) => {
    let rank = ((index + 0.5) / length) * ended;
    return rounded(lives.find(({ count }) => (rank -= count) < 0)!.seconds);
  });
}
