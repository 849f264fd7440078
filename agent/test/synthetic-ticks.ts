// Ticks of a host that does not exist, for tests of what follows the collector.
import { Direction } from '@foretop/proto';
import type {
  InterfaceReading,
  ProcessIdentity,
  Tick,
  TrackedConnection,
  TrackedProcess,
} from '../src/collect/tick.ts';

export const secondUs = 1_000_000;
export const bootId = Uint8Array.from({ length: 16 }, (_, index) => index + 1);

export function connection(overrides: Partial<TrackedConnection> = {}): TrackedConnection {
  const handle = overrides.handle ?? 1;
  return {
    handle,
    cookie: 1_000 + handle,
    protocol: 6,
    state: 1,
    direction: Direction.DIRECTION_OUTBOUND,
    localAddress: Uint8Array.of(10, 0, 0, 1),
    localPort: 40_000 + (handle % 20_000),
    remoteAddress: Uint8Array.of(10, 0, 0, 2),
    remotePort: 443,
    uid: 0,
    inode: handle,
    startedUs: 0,
    startedBefore: false,
    pid: 100,
    pidStartTicks: 5,
    comm: 'curl',
    lastSeenUs: 0,
    ...overrides,
  };
}

export function process(
  pid: number,
  overrides: Partial<TrackedProcess> = {},
  identity: Partial<ProcessIdentity> = {},
): TrackedProcess {
  return {
    identity: {
      ...{ pid, startTicks: pid * 10, startedUs: 0, parentPid: 1, parentStartTicks: 0, comm: `p${pid}` },
      ...{ executable: `/bin/p${pid}`, commandLine: `p${pid} -v`, uid: 0, user: 'root', cgroup: '/' },
      ...{ unit: 'app.service', containerRuntime: '', containerId: '' },
      ...{ exited: false, exitedUs: 0 },
      ...identity,
    },
    ...{ cpuUs: 0, cpuPermille: 0, memoryBytes: 1_000, threads: 1, descriptors: 3, state: 'S', connections: 0 },
    ...overrides,
  };
}

export function networkInterface(name: string, overrides: Partial<InterfaceReading> = {}): InterfaceReading {
  return {
    ...{ name, up: true, loopback: false, counted: true, rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 },
    ...{ rxErrors: 0, txErrors: 0, rxDrops: 0, txDrops: 0, rxRate: 0, txRate: 0, speedMbit: 1_000, mtu: 1_500 },
    ...{ addresses: ['10.0.0.1/24'], hardwareAddress: '02:00:00:00:00:01' },
    ...overrides,
  };
}

export function tick(boottimeUs: number, overrides: Partial<Tick> = {}): Tick {
  const connections = overrides.connections ?? new Map();
  return {
    boottimeUs,
    previousUs: boottimeUs - secondUs,
    connections,
    opened: [],
    closed: [],
    processes: new Map(),
    started: [],
    exited: [],
    interfaces: [],
    host: {
      ...{
        cpuPermille: 100,
        memoryUsedBytes: 2 ** 30,
        memoryTotalBytes: 2 ** 32,
        rxRate: 0,
        txRate: 0,
        loopbackRate: 0,
      },
      ...{ openConnections: connections.size, processes: 0 },
    },
    failures: [],
    ...overrides,
  };
}

export function byHandle(...list: TrackedConnection[]): Map<number, TrackedConnection> {
  return new Map(list.map((entry) => [entry.handle, entry]));
}
