// The lines of the fleet's grid: hosts in their order, or by group with the group's sums, so many to a line as fit.
import type { HostStatusName } from '@foretop/proto/api';
import { statusWords } from '../lib/live/status.ts';
import { badness, lampOf, sumOf, type ShownHost } from './fleet-view.ts';

export const groupings = ['none', 'name', 'status'] as const;
export type Grouping = (typeof groupings)[number];

export interface FleetGroup {
  label: string;
  hosts: ShownHost[];
  /** Of the hosts that are known; null when none is. */
  rxRate: number | null;
  txRate: number | null;
  /** Hosts that are neither live nor on record. */
  missing: number;
}

export interface FleetLine {
  key: string;
  /** On the first line of a group. */
  group: FleetGroup | undefined;
  /** None on a line that only names its group. */
  hosts: ShownHost[];
}

const others = 'others';

/** `web-07` is of the group `web`: hosts have no other sign of what they are for. */
export const namePrefix = (name: string): string => name.replace(/[-_. ]?\d+$/, '') || name;

/** Groups in the order of their first host; with `worstFirst` the ones with most missing hosts before. Groups of one by name are one group, the last. */
export function groupsOf(
  hosts: readonly ShownHost[],
  by: Exclude<Grouping, 'none'>,
  worstFirst: boolean,
): FleetGroup[] {
  const label = (host: ShownHost) => (by === 'name' ? namePrefix(host.name) : statusLabel(host));
  const found = [...Map.groupBy(hosts, label)];
  const single = by === 'name' && found.length > 1 ? found.filter(([, members]) => members.length === 1) : [];
  const named = found.filter((entry) => !single.includes(entry)).map(([name, members]) => groupOf(name, members));
  if (single.length > 0)
    named.push(
      groupOf(
        others,
        single.flatMap(([, members]) => members),
      ),
    );
  if (by === 'status') return named.toSorted((a, b) => worstOf(a) - worstOf(b));
  return worstFirst ? named.toSorted((a, b) => b.missing - a.missing || worstOf(a) - worstOf(b)) : named;
}

const statusLabel = (host: ShownHost) =>
  host.record ? (host.record.lamp === 'gap' ? 'With a gap' : 'On record') : statusWords[host.status as HostStatusName];

const worstOf = (group: FleetGroup) => Math.min(...group.hosts.map((host) => badness[lampOf(host, false)]));

function groupOf(label: string, hosts: ShownHost[]): FleetGroup {
  const group: FleetGroup = { label, hosts, rxRate: null, txRate: null, missing: 0 };
  for (const host of hosts) {
    group.rxRate = sumOf(group.rxRate, host.rxRate);
    group.txRate = sumOf(group.txRate, host.txRate);
    if (!['live', 'record'].includes(lampOf(host, false))) group.missing++;
  }
  return group;
}

/** On a narrow page a group's name has a line of its own. */
export function linesOf(groups: readonly FleetGroup[], columns: number, namedApart: boolean): FleetLine[] {
  const lines: FleetLine[] = [];
  for (const group of groups) {
    if (namedApart) lines.push({ key: `${group.label}-name`, group, hosts: [] });
    lines.push(...chunks(group.hosts, columns, group.label, namedApart ? undefined : group));
  }
  return lines;
}

/** Hosts without groups. */
export const plainLines = (hosts: readonly ShownHost[], columns: number): FleetLine[] =>
  chunks(hosts, columns, '', undefined);

function chunks(
  hosts: readonly ShownHost[],
  columns: number,
  name: string,
  group: FleetGroup | undefined,
): FleetLine[] {
  return Array.from({ length: Math.ceil(hosts.length / columns) }, (_, index) => ({
    key: `${name}-${index}`,
    group: index === 0 ? group : undefined,
    hosts: hosts.slice(index * columns, (index + 1) * columns),
  }));
}

/** The host that a step from `selected` leads to: sideways in order, up and down to the line before or after. */
export function hostBeside(
  lines: readonly FleetLine[],
  selected: number | undefined,
  step: { line: number; place: number },
): number | undefined {
  const filled = lines.filter((line) => line.hosts.length > 0);
  const at = filled.findIndex((line) => line.hosts.some((host) => host.key === selected));
  if (at < 0) return filled[0]?.hosts[0]?.key;
  const place = filled[at]!.hosts.findIndex((host) => host.key === selected);
  if (step.line === 0) {
    const all = filled.flatMap((line) => line.hosts);
    const index = all.findIndex((host) => host.key === selected) + step.place;
    return all[Math.min(all.length - 1, Math.max(0, index))]!.key;
  }
  const line = filled[Math.min(filled.length - 1, Math.max(0, at + step.line))]!;
  return line.hosts[Math.min(place, line.hosts.length - 1)]!.key;
}
