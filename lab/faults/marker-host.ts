// A host made up so that every record can be found again: each look closes one connection that is named by its own time,
// a flood of short ones, and moves bytes on long ones at a fixed rate.
import { appendFileSync } from 'node:fs';
import { Direction } from '@foretop/proto';
import type { HostCollector } from '../../agent/src/collect/collector.ts';
import type { Tick, TrackedConnection } from '../../agent/src/collect/tick.ts';
import type { Clock } from '../../agent/src/host/clock.ts';

export const longConnections = 50;
export const bytesPerMicrosecond = 3;
export const floodPerTick = 200;
export const floodBytes = 1_000;
/** Remote ports by which the three kinds are told apart. */
export const markerPort = 7001;
export const floodPort = 7002;
export const longPort = 7003;

export interface MarkerHostOptions {
  clock: Clock;
  bootId: Uint8Array;
  machineId: Uint8Array;
  /** boottimeUs at which the long connections opened, whatever run of the agent this is. */
  sinceUs: number;
  /** Gets a line with boottimeUs before each look is handed over. */
  truthFile: string;
}

export function openMarkerHost(options: MarkerHostOptions): HostCollector {
  const { clock, bootId, machineId, sinceUs, truthFile } = options;
  let handle = longConnections;
  let previousUs = 0;
  let loadClosed = 0;

  const short = (nowUs: number, cookie: number, remotePort: number, bytes: number): TrackedConnection => ({
    ...connectionOf(++handle, cookie, remotePort, nowUs - 1_000, nowUs),
    txBytes: bytes,
    closedUs: nowUs,
  });
  const long = (number: number, nowUs: number): TrackedConnection => ({
    ...connectionOf(number, number, longPort, sinceUs, nowUs),
    txBytes: (nowUs - sinceUs) * bytesPerMicrosecond,
  });

  function tick(): Tick {
    const nowUs = clock.boottimeUs();
    appendFileSync(truthFile, `${nowUs}\n`);
    const connections = new Map(
      Array.from({ length: longConnections }, (_, index) => [index + 1, long(index + 1, nowUs)]),
    );
    const flood = Array.from({ length: floodPerTick }, () =>
      short(nowUs, 2 ** 40 + nowUs * 1_000 + (loadClosed++ % 1_000), floodPort, floodBytes),
    );
    const closed = [short(nowUs, nowUs, markerPort, nowUs), ...flood];
    const look = {
      ...emptyLook,
      boottimeUs: nowUs,
      previousUs: previousUs || nowUs,
      connections,
      opened: closed,
      closed,
    };
    previousUs = nowUs;
    return look;
  }

  return {
    clock,
    bootId,
    machineId,
    tier: 2,
    scope: 'machine',
    facts: () => ({ name: 'marker', os: 'made up', platform: 'linux', arch: 'x64' }),
    sources: () => [],
    tick,
    glance: () => undefined,
    bandwidth: () => ({ boottimeUs: clock.boottimeUs(), rxRate: 0, txRate: 0, loopbackRate: 0 }),
    inspect: () => {},
    relieve: () => {},
    [Symbol.dispose]: () => {},
  };
}

const emptyLook = {
  processes: new Map(),
  started: [],
  exited: [],
  interfaces: [],
  failures: [],
  host: {
    cpuPermille: 0,
    memoryUsedBytes: 0,
    memoryTotalBytes: 0,
    rxRate: 0,
    txRate: 0,
    loopbackRate: 0,
    openConnections: longConnections,
    processes: 0,
  },
} satisfies Partial<Tick>;

function connectionOf(
  handle: number,
  cookie: number,
  remotePort: number,
  startedUs: number,
  nowUs: number,
): TrackedConnection {
  return {
    handle,
    cookie,
    protocol: 6,
    state: 1,
    direction: Direction.DIRECTION_OUTBOUND,
    localAddress: Uint8Array.of(10, 0, 0, 1),
    localPort: 40_000,
    remoteAddress: Uint8Array.of(10, 0, 0, 2),
    remotePort,
    uid: 0,
    inode: 0,
    startedUs,
    startedBefore: false,
    pid: 4242,
    pidStartTicks: 1,
    comm: 'marker',
    rxBytes: 0,
    lastSeenUs: nowUs,
  };
}
