// The live lane's frames: a key frame with the whole tables, then what changed since the frame before.
import {
  limits,
  LiveSection,
  type InterfaceSample,
  type LiveConnection,
  type LiveDns,
  type LiveFrame,
  type LiveProcess,
} from '@foretop/proto';
import type { BandwidthReading } from '../collect/collector.ts';
import type { InterfaceReading, Tick, TrackedConnection, TrackedDns, TrackedProcess } from '../collect/tick.ts';
import { dnsAddressesMax, dnsNamesMax, processBytes } from './batch-body.ts';
import { SentConnections, wholeRate } from './live-sent.ts';
import { connectionUpdates, processUpdates } from './live-updates.ts';

export interface LiveFramer {
  /** The next tables start with a key frame. */
  restart(): void;
  bandwidth(reading: BandwidthReading): LiveFrame;
  /** Takes note of every tick, also while nobody watches. */
  observe(tick: Tick): void;
  tables(tick: Tick, sections: ReadonlySet<LiveSection>): LiveFrame[];
  /** What changed of the connections between two ticks; nothing before the first tables. */
  between(connections: Tick['connections'], boottimeUs: number): LiveFrame[];
}

/** Where a frame of processes is cut, bytes: their texts can be long. Half of limits.frameBytes. */
const partBytes = 512 << 10;

/** DNS exchanges that a key frame begins with. */
const recentDnsMax = 100;
/** Of one tick; of more the newest are shown. */
const dnsPerTickMax = 1_000;

/** What the other side has of a process; a change in `row` needs the whole row again. */
interface SentProcess {
  row: string;
  values: string;
}

export function createLiveFramer(): LiveFramer {
  let sequence = 0;
  let keyFrame = true;
  const connections = new SentConnections();
  let processes = new Map<number, SentProcess>();
  let recentDns: TrackedDns[] = [];

  const frame = (boottimeUs: number, content: LiveFrame): LiveFrame => {
    const isKey = keyFrame;
    keyFrame = false;
    return { sequence: ++sequence, boottimeUs, keyFrame: isKey, ...content };
  };

  function connectionParts(open: Tick['connections']): LiveFrame[] {
    const { opened, updated, closed } = connections.take(open);
    return [
      ...chunked(closed).map((closed) => ({ closed })),
      ...chunked(opened).map((rows) => ({ opened: rows.map(liveConnection) })),
      ...chunked(updated).map((rows) => ({ updates: connectionUpdates(rows) })),
    ];
  }

  function processParts(tick: Tick): LiveFrame[] {
    const started: TrackedProcess[] = [];
    const updated: TrackedProcess[] = [];
    const next: typeof processes = new Map();
    for (const [pid, process] of tick.processes) {
      const before = processes.get(pid);
      const now = { row: processRow(process), values: processValues(process) };
      next.set(pid, now);
      if (before?.row !== now.row) started.push(process);
      else if (before.values !== now.values) updated.push(process);
    }
    const exited = [...processes.keys()].filter((pid) => !next.has(pid));
    processes = next;
    const parts: LiveFrame[] = [
      ...chunked(exited).map((exited) => ({ exited })),
      ...chunked(started, (process) => processBytes(process.identity)).map((rows) => ({
        started: rows.map(liveProcess),
      })),
      ...chunked(updated).map((rows) => ({ processUpdates: processUpdates(rows) })),
    ];
    return withLast(parts, { hasProcesses: true });
  }

  function dnsParts(tick: Tick): LiveFrame[] {
    const exchanges = keyFrame ? recentDns : (tick.dns?.slice(-dnsPerTickMax) ?? []);
    return chunked(exchanges, dnsBytes).map((rows) => ({ dns: rows.map(liveDns) }));
  }

  return {
    restart() {
      keyFrame = true;
      connections.clear();
      processes = new Map();
    },
    bandwidth: ({ boottimeUs, rxRate, txRate, loopbackRate }) =>
      frame(boottimeUs, {
        bandwidth: { rxRate: whole(rxRate), txRate: whole(txRate), loopbackRate: whole(loopbackRate) },
      }),
    observe({ dns = [] }) {
      if (dns.length > 0) recentDns = [...recentDns, ...dns.slice(-recentDnsMax)].slice(-recentDnsMax);
    },
    tables(tick, sections) {
      const parts: LiveFrame[] = [];
      if (sections.has(LiveSection.LIVE_SECTION_DNS)) parts.push(...dnsParts(tick));
      if (sections.has(LiveSection.LIVE_SECTION_CONNECTIONS)) {
        parts.push(...withLast(connectionParts(tick.connections), { hasConnections: true }));
      }
      if (sections.has(LiveSection.LIVE_SECTION_PROCESSES)) parts.push(...processParts(tick));
      if (sections.has(LiveSection.LIVE_SECTION_INTERFACES)) {
        parts.push({ interfaces: tick.interfaces.slice(0, limits.interfaces).map(interfaceSample) });
      }
      return parts.map((part) => frame(tick.boottimeUs, part));
    },
    between(open, boottimeUs) {
      const parts = keyFrame ? [] : connectionParts(open);
      return parts.length === 0 ? [] : withLast(parts, { hasConnections: true }).map((part) => frame(boottimeUs, part));
    },
  };
}

/** Cuts rows into parts that fit a frame. */
function chunked<Row>(rows: Row[], bytesOf: (row: Row) => number = () => 0): Row[][] {
  const parts: Row[][] = [];
  let part: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += bytesOf(row);
    if (part.length > 0 && (part.length >= limits.liveRowsPerFrame || bytes > partBytes)) {
      parts.push(part);
      part = [];
      bytes = bytesOf(row);
    }
    part.push(row);
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** A table is complete as of its last part, which also tells that nothing changed. */
function withLast(parts: LiveFrame[], mark: LiveFrame): LiveFrame[] {
  const last = parts.at(-1);
  return last ? [...parts.slice(0, -1), { ...last, ...mark }] : [mark];
}

const processRow = ({ identity, state }: TrackedProcess) =>
  `${identity.startTicks},${identity.comm},${identity.executable},${identity.commandLine},${identity.cgroup},${state}`;
const processValues = (p: TrackedProcess) =>
  `${p.cpuPermille},${p.memoryBytes},${p.threads},${p.connections},${p.descriptors},${wholeRate(p.rxRate)},${wholeRate(p.txRate)}`;

function liveConnection(c: TrackedConnection): LiveConnection {
  const { handle, cookie, protocol, state, direction, localAddress, localPort, remoteAddress, remotePort } = c;
  const { pid, pidStartTicks, comm, uid, startedUs, startedBefore, rxBytes, txBytes, rttUs, retransmissions } = c;
  const { name, nameSource, alpn, ownerRule } = c;
  return {
    ...{ handle, cookie, protocol, state, direction, localAddress, localPort, remoteAddress, remotePort },
    ...{ pid, pidStartTicks, comm, uid, startedUs, startedBefore, rxBytes, txBytes, rttUs, retransmissions },
    ...{ name, nameSource, alpn, ownerRule },
    rxRate: wholeRate(c.rxRate),
    txRate: wholeRate(c.txRate),
  };
}

function liveDns({ exchange, pid, pidStartTicks, comm }: TrackedDns): LiveDns {
  const { askedUs, answered, latencyUs, transport, kind, role, peerAddress, peerPort, name, type, rcode } = exchange;
  return {
    ...{ askedUs, answered, latencyUs, pid, pidStartTicks, comm, transport, kind, role, peerAddress, peerPort },
    ...{ name, type, rcode, truncated: exchange.truncated },
    addresses: exchange.addresses.slice(0, dnsAddressesMax),
    canonicalNames: exchange.canonicalNames.slice(0, dnsNamesMax),
  };
}

/** On the wire at most. */
function dnsBytes({ exchange: { name, addresses, canonicalNames } }: TrackedDns): number {
  return 150 + 3 * (name.length + canonicalNames.join('').length) + 18 * addresses.length;
}

function liveProcess(process: TrackedProcess): LiveProcess {
  const { identity, memoryBytes, threads, connections, descriptors, state } = process;
  return {
    ...{ identity, memoryBytes, threads, connections, descriptors, state },
    cpuPermille: whole(process.cpuPermille),
    rxRate: wholeRate(process.rxRate),
    txRate: wholeRate(process.txRate),
  };
}

function interfaceSample(reading: InterfaceReading): InterfaceSample {
  const { name, up, rxBytes, txBytes, rxPackets, txPackets, rxErrors, txErrors, rxDrops, txDrops } = reading;
  const { speedMbit, mtu, hardwareAddress } = reading;
  return {
    ...{ name, up, rxBytes, txBytes, rxPackets, txPackets, rxErrors, txErrors, rxDrops, txDrops },
    ...{ speedMbit, mtu, hardwareAddress },
    addresses: reading.addresses.slice(0, limits.addresses),
    rxRate: whole(reading.rxRate),
    txRate: whole(reading.txRate),
  };
}

const whole = (value: number) => Math.round(value);
