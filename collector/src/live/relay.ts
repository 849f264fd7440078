// What one viewer gets of a watched host: the sections it asked for, and at first a key frame out of the collector's own tables.
import { limits } from '@foretop/proto';
import { type LiveFrame, LiveSection } from '@foretop/proto/live';
import type { CleanFrame, HostTables } from './tables.ts';

export type SectionSet = ReadonlySet<LiveSection>;

const { LIVE_SECTION_BANDWIDTH: bandwidth, LIVE_SECTION_CONNECTIONS: connections } = LiveSection;
const { LIVE_SECTION_PROCESSES: processes, LIVE_SECTION_INTERFACES: interfaces, LIVE_SECTION_DNS: dns } = LiveSection;

/** The sections that mean something, each once. */
export function sectionSet(sections: readonly LiveSection[]): SectionSet {
  return new Set([bandwidth, connections, processes, interfaces, dns].filter((section) => sections.includes(section)));
}

/** Whether the tables hold everything that these sections need, so that a viewer can start from them. DNS is no table: it has no whole. */
export function isComplete(tables: HostTables, sections: SectionSet): boolean {
  return (
    (!sections.has(connections) || tables.connectionsComplete) &&
    (!sections.has(processes) || tables.processesComplete) &&
    (!sections.has(interfaces) || tables.interfaces.length > 0)
  );
}

/** The part of a frame that belongs to these sections; undefined when that is nothing. */
export function onlySections(frame: CleanFrame, sections: SectionSet): LiveFrame | undefined {
  const part: LiveFrame = { boottimeUs: frame.boottimeUs, keyFrame: frame.keyFrame };
  let empty = !frame.keyFrame;
  if (sections.has(bandwidth) && frame.bandwidth) {
    part.bandwidth = frame.bandwidth;
    empty = false;
  }
  if (sections.has(interfaces) && frame.interfaces.length > 0) {
    part.interfaces = frame.interfaces;
    empty = false;
  }
  if (sections.has(dns) && frame.dns.length > 0) {
    part.dns = frame.dns;
    empty = false;
  }
  if (sections.has(connections)) {
    const { opened, closed, hasConnections, updates } = frame;
    Object.assign(part, { opened, closed, hasConnections }, updates && { updates });
    empty &&= !hasConnections && !updates && opened.length === 0 && closed.length === 0;
  }
  if (sections.has(processes)) {
    const { started, exited, hasProcesses, processUpdates } = frame;
    Object.assign(part, { started, exited, hasProcesses }, processUpdates && { processUpdates });
    empty &&= !hasProcesses && !processUpdates && started.length === 0 && exited.length === 0;
  }
  return empty ? undefined : part;
}

/** The tables as a key frame, in parts of bounded size; the last part says that they are complete. */
export function keyFrames(tables: HostTables, sections: SectionSet, latest: CleanFrame | undefined): LiveFrame[] {
  const size = limits.liveRowsPerFrame;
  const rows = sections.has(connections) ? [...tables.connections.values()] : [];
  const running = sections.has(processes) ? [...tables.processes.values()] : [];
  const count = Math.max(1, Math.ceil(rows.length / size), Math.ceil(running.length / size));
  const parts: LiveFrame[] = Array.from({ length: count }, (_, part) => ({
    boottimeUs: tables.boottimeUs,
    keyFrame: part === 0,
    opened: rows.slice(part * size, (part + 1) * size),
    started: running.slice(part * size, (part + 1) * size),
  }));
  parts[0]!.interfaces = sections.has(interfaces) ? tables.interfaces : [];
  parts[0]!.dns = sections.has(dns) ? tables.dns : [];
  if (sections.has(bandwidth) && latest?.bandwidth) parts[0]!.bandwidth = latest.bandwidth;
  parts.at(-1)!.hasConnections = sections.has(connections);
  parts.at(-1)!.hasProcesses = sections.has(processes);
  return parts;
}
