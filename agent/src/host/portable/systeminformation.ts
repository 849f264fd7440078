// Readers by the package systeminformation, for systems that have none of their own here; rows are checked like any tool's text.
import type { Systeminformation } from 'systeminformation';
import { availableParallelism, networkInterfaces } from 'node:os';
import { limits } from '@foretop/proto';
import { HostError } from '../host-error.ts';
import { parseAddress, parsePort } from './address.ts';
import { redactCommandText } from './arguments.ts';
import type { InterfaceRow, MemoryRow, ProcessRow, SocketRow } from './readings.ts';
import { tcpState, udpState } from './socket-state.ts';

type Connection = Systeminformation.NetworkConnectionsData;
type Process = Systeminformation.ProcessesProcessData;
type Statistics = Systeminformation.NetworkStatsData;
type Details = Systeminformation.NetworkInterfacesData;

/** Only where it is needed: it is large. */
const load = async () => (await import('systeminformation')).default;

/** It answers a failure with an empty list. */
export async function readSockets(): Promise<SocketRow[]> {
  const found = await (await load()).networkConnections();
  if (found.length === 0) throw empty('networkConnections', 'no socket at all; netstat or ss is required');
  return found.flatMap((entry) => socketRow(entry) ?? []);
}

export async function readProcesses(): Promise<ProcessRow[]> {
  const { list } = await (await load()).processes();
  if (list.length === 0) throw empty('processes', 'no process at all; ps is required');
  const cores = availableParallelism();
  return list.flatMap((entry) => processRow(entry, cores) ?? []);
}

export async function readInterfaces(): Promise<InterfaceRow[]> {
  const details = await (await load()).networkInterfaces();
  const rows = (Array.isArray(details) ? details : [details]).filter(({ iface }) => iface);
  if (rows.length === 0) throw empty('networkInterfaces', 'no interface at all');
  const statistics = await (await load()).networkStats(rows.map(({ iface }) => iface).join(','));
  const byName = new Map(rows.map((entry) => [entry.iface, entry]));
  return statistics.flatMap((entry) => interfaceRow(entry, byName.get(entry.iface)) ?? []);
}

export async function readMemory(): Promise<MemoryRow> {
  const { total, available } = await (await load()).mem();
  if (!(total > 0)) throw empty('mem', 'no total');
  return { totalBytes: total, usedBytes: Math.max(0, total - available) };
}

/** Undefined for a row without a usable address. Ports and addresses may be `*` or empty. */
export function socketRow(entry: Connection): SocketRow | undefined {
  const protocol = /^tcp/i.test(entry.protocol) ? 6 : /^udp/i.test(entry.protocol) ? 17 : undefined;
  const family = entry.protocol.endsWith('6') || entry.localAddress.includes(':') ? 6 : 4;
  const everywhere = family === 6 ? '::' : '0.0.0.0';
  const localAddress = parseAddress(entry.localAddress === '*' ? everywhere : entry.localAddress);
  const localPort = parsePort(String(entry.localPort));
  if (protocol === undefined || localAddress === undefined || localPort === undefined) return undefined;
  const remotePort = parsePort(String(entry.peerPort)) ?? 0;
  const remoteAddress = remotePort === 0 ? undefined : parseAddress(entry.peerAddress);
  return {
    protocol,
    state: protocol === 6 ? tcpState(entry.state) : udpState(remoteAddress !== undefined),
    localAddress,
    localPort,
    remoteAddress: remoteAddress ?? new Uint8Array(0),
    remotePort: remoteAddress ? remotePort : 0,
    pid: positive(entry.pid) ?? 0,
    instance: '',
  };
}

const stateLetters: Record<string, string> = {
  running: 'R',
  sleeping: 'S',
  stopped: 'T',
  paging: 'W',
  dead: 'X',
  zombie: 'Z',
  blocked: 'D',
};

/** `cores`: it gives a share of all of them. */
export function processRow(entry: Process, cores: number): ProcessRow | undefined {
  const pid = positive(entry.pid);
  if (pid === undefined) return undefined;
  const startedMs = Date.parse(entry.started.replace(' ', 'T'));
  return {
    pid,
    parentPid: positive(entry.parentPid) ?? 0,
    comm: entry.name.slice(0, limits.commLength),
    executable:
      entry.path && entry.path !== entry.command ? `${entry.path}/${entry.command}`.slice(0, limits.textLength) : '',
    commandLine: redactCommandText(`${entry.command} ${entry.params}`.trim(), 'posix'),
    user: entry.user.slice(0, limits.nameLength),
    state: stateLetters[entry.state] ?? '',
    ...(Number.isNaN(startedMs) ? {} : { startedUnixUs: startedMs * 1e3 }),
    ...(Number.isFinite(entry.cpu) ? { cpuPermille: Math.round(entry.cpu * 10 * cores) } : {}),
    ...(Number.isFinite(entry.memRss) ? { memoryBytes: entry.memRss * 1024 } : {}),
  };
}

export function interfaceRow(entry: Statistics, details: Details | undefined): InterfaceRow | undefined {
  const rxBytes = count(entry.rx_bytes);
  const txBytes = count(entry.tx_bytes);
  if (rxBytes === undefined || txBytes === undefined) return undefined;
  const loopback = details?.internal ?? networkInterfaces()[entry.iface]?.[0]?.internal ?? /^lo\d*$/.test(entry.iface);
  return {
    name: entry.iface,
    up: entry.operstate !== 'down',
    loopback,
    counted:
      !loopback &&
      details?.virtual !== true &&
      !/^(?:veth|br-|bridge|docker|virbr|tap|tun|utun|vlan|gif|stf|awdl|llw)/.test(entry.iface),
    rxBytes,
    txBytes,
    rxErrors: count(entry.rx_errors),
    txErrors: count(entry.tx_errors),
    rxDrops: count(entry.rx_dropped),
    txDrops: count(entry.tx_dropped),
    speedMbit: positive(details?.speed),
    mtu: positive(details?.mtu),
    hardwareAddress: details && /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(details.mac) ? details.mac.toLowerCase() : '',
  };
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function positive(value: unknown): number | undefined {
  const number = count(value);
  return number === 0 ? undefined : number;
}

function empty(what: string, found: string): HostError {
  return new HostError('unreadable', `Reading ${what} of systeminformation failed: it gave ${found}`, {
    retryable: true,
  });
}
