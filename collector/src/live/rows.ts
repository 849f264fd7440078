// Rows of an agent's live frames, checked and made absolute: public ids, Unix microseconds, bounded text. A bad row is undefined.
import { limits, stateName } from '@foretop/proto';
import type {
  Direction,
  InterfaceSample,
  LiveConnection,
  LiveProcess,
  NameSource,
  OwnerRule,
} from '@foretop/proto/live';
import { cleanText } from '../store/host-text.ts';
import { type Ids, idText } from '../store/ids.ts';

/** Whose rows these are and how its clock stands to ours. */
export interface HostFrame {
  hostId: number;
  /** 16 bytes. */
  bootId: Uint8Array;
  offsetUs: number;
  ids: Ids;
}

type Count = number | null | undefined;

export const isCount = (value: Count): boolean =>
  value === undefined || value === null || (Number.isSafeInteger(value) && value >= 0);
export const isPort = (value: Count): boolean => (value ?? 0) <= 65_535;
const noBytes = new Uint8Array(0);

/** Unix microseconds of a boottime; never before the epoch, so that it can be sent as unsigned. */
export function absoluteUs(host: Pick<HostFrame, 'offsetUs'>, boottimeUs: Count): number {
  return Math.max(0, Math.round((boottimeUs ?? 0) + host.offsetUs));
}

export function cleanConnection(host: HostFrame, row: LiveConnection): LiveConnection | undefined {
  const { hostId, bootId, ids } = host;
  const protocol = row.protocol ?? 0;
  const cookie = row.cookie ?? 0;
  const localAddress = row.localAddress ?? noBytes;
  const remoteAddress = row.remoteAddress ?? noBytes;
  if (protocol !== 6 && protocol !== 17) return undefined;
  if (stateName(protocol, row.state ?? 0) === undefined) return undefined;
  if (localAddress.length !== 4 && localAddress.length !== 16) return undefined;
  if (remoteAddress.length !== 0 && remoteAddress.length !== 4 && remoteAddress.length !== 16) return undefined;
  if (!isPort(row.localPort) || !isPort(row.remotePort)) return undefined;
  const counts = [cookie, row.startedUs, row.pidStartTicks, row.rxBytes, row.txBytes, row.rxRate, row.txRate];
  if (!counts.every(isCount)) return undefined;
  return {
    handle: row.handle ?? 0,
    id: idText(hostId, ids.connection(hostId, bootId, protocol, cookie, remoteAddress, row.remotePort ?? 0)),
    cookie,
    protocol,
    state: row.state ?? 0,
    direction: cleanDirection(row.direction),
    localAddress,
    localPort: row.localPort ?? 0,
    remoteAddress,
    remotePort: row.remotePort ?? 0,
    pid: row.pid ?? 0,
    pidStartTicks: row.pidStartTicks ?? 0,
    comm: cleanText(row.comm, limits.commLength),
    uid: row.uid ?? 0,
    startedUs: absoluteUs(host, row.startedUs),
    startedBefore: row.startedBefore ?? false,
    ...present('rxBytes', row.rxBytes),
    ...present('txBytes', row.txBytes),
    ...present('rxRate', row.rxRate),
    ...present('txRate', row.txRate),
    ...present('rttUs', row.rttUs),
    ...present('retransmissions', row.retransmissions),
    name: cleanText(row.name, limits.nameLength),
    nameSource: cleanNameSource(row.nameSource),
    alpn: cleanText(row.alpn, limits.nameLength),
    ownerRule: cleanOwnerRule(row.ownerRule),
  };
}

export function cleanProcess(host: HostFrame, row: LiveProcess): LiveProcess | undefined {
  const identity = row.identity;
  if (!identity?.pid) return undefined;
  const counts = [
    identity.startTicks,
    identity.startedUs,
    identity.parentStartTicks,
    row.memoryBytes,
    row.rxRate,
    row.txRate,
  ];
  if (!counts.every(isCount)) return undefined;
  return {
    identity: {
      pid: identity.pid,
      startTicks: identity.startTicks ?? 0,
      startedUs: absoluteUs(host, identity.startedUs),
      parentPid: identity.parentPid ?? 0,
      parentStartTicks: identity.parentStartTicks ?? 0,
      comm: cleanText(identity.comm, limits.commLength),
      executable: cleanText(identity.executable, limits.textLength),
      commandLine: cleanText(identity.commandLine, limits.textLength),
      uid: identity.uid ?? 0,
      user: cleanText(identity.user, limits.nameLength),
      cgroup: cleanText(identity.cgroup, limits.textLength),
      unit: cleanText(identity.unit, limits.nameLength),
      containerRuntime: cleanText(identity.containerRuntime, limits.nameLength),
      containerId: cleanText(identity.containerId, limits.nameLength),
    },
    cpuPermille: row.cpuPermille ?? 0,
    memoryBytes: row.memoryBytes ?? 0,
    threads: row.threads ?? 0,
    connections: row.connections ?? 0,
    descriptors: row.descriptors ?? 0,
    state: cleanText(row.state, 1),
    ...present('rxRate', row.rxRate),
    ...present('txRate', row.txRate),
  };
}

export function cleanInterface(row: InterfaceSample): InterfaceSample | undefined {
  const counts = [row.rxBytes, row.txBytes, row.rxRate, row.txRate, row.rxPackets, row.txPackets];
  const faults = [row.rxErrors, row.txErrors, row.rxDrops, row.txDrops];
  if (!row.name || !counts.every(isCount) || !faults.every(isCount)) return undefined;
  return {
    ...row,
    name: cleanText(row.name, limits.nameLength),
    addresses: (row.addresses ?? []).slice(0, limits.addresses).map((address) => cleanText(address, limits.commLength)),
    hardwareAddress: cleanText(row.hardwareAddress, limits.commLength),
  };
}

/** The key only where the value is known, so that unknown stays apart from 0. */
function present<Key extends string>(key: Key, value: Count): { [K in Key]?: number } {
  return value === undefined || value === null ? {} : ({ [key]: value } as { [K in Key]?: number });
}

/** Enums are open in proto3: a number that means nothing here is taken as the unknown one, 0. */
const cleanDirection = (value: Direction | null | undefined): Direction => ((value ?? 0) <= 3 ? (value ?? 0) : 0);
const cleanNameSource = (value: NameSource | null | undefined): NameSource => ((value ?? 0) <= 3 ? (value ?? 0) : 0);
const cleanOwnerRule = (value: OwnerRule | null | undefined): OwnerRule => ((value ?? 0) <= 7 ? (value ?? 0) : 0);
