// Interfaces by Get-NetAdapter and their counters by Get-NetAdapterStatistics. Windows counts nothing for loopback.
import type { InterfaceRow } from '../portable/readings.ts';
import { countOf, type JsonRow, parseJsonRows, textOf } from './json.ts';

const details =
  'Name,MacAddress,MtuSize,ReceiveLinkSpeed,HardwareInterface,@{n="Up";e={[int]$_.InterfaceOperationalStatus -eq 1}}';
const counters = ['Bytes', 'UnicastPackets', 'MulticastPackets', 'BroadcastPackets', 'DiscardedPackets'];
const columns = [
  ...counters.map((name) => `Received${name}`),
  ...counters.map((name) => (name === 'DiscardedPackets' ? `Outbound${name}` : `Sent${name}`)),
  'ReceivedPacketErrors',
  'OutboundPacketErrors',
].join(',');

export const netAdaptersScript = [
  `$a=@(Get-NetAdapter -ErrorAction Stop|Select-Object ${details})`,
  `$s=@(Get-NetAdapterStatistics -ErrorAction Stop|Select-Object Name,${columns})`,
  'ConvertTo-Json -Compress -Depth 3 -InputObject @{adapters=$a;statistics=$s}',
].join(';');

/** Adapters without counters (disabled ones) are left out. Throws HostError `malformed`. */
export function parseNetAdapters(text: string): InterfaceRow[] {
  const [adapters = [], statistics = []] = parseJsonRows(text, ['adapters', 'statistics']);
  const byName = new Map(adapters.map((row) => [textOf(row['Name']), row]));
  return statistics.flatMap((row) => interfaceRow(row, byName.get(textOf(row['Name']))) ?? []);
}

function interfaceRow(row: JsonRow, adapter: JsonRow | undefined): InterfaceRow | undefined {
  const name = textOf(row['Name']);
  const rxBytes = countOf(row['ReceivedBytes']);
  const txBytes = countOf(row['SentBytes']);
  if (name === '' || rxBytes === undefined || txBytes === undefined) return undefined;
  const speed = countOf(adapter?.['ReceiveLinkSpeed']);
  return {
    name,
    up: adapter?.['Up'] === true,
    loopback: false,
    // Hyper-V switches and tunnels carry a card's bytes again.
    counted: adapter?.['HardwareInterface'] === true,
    rxBytes,
    txBytes,
    rxPackets: sum(row, 'Received'),
    txPackets: sum(row, 'Sent'),
    rxErrors: countOf(row['ReceivedPacketErrors']),
    txErrors: countOf(row['OutboundPacketErrors']),
    rxDrops: countOf(row['ReceivedDiscardedPackets']),
    txDrops: countOf(row['OutboundDiscardedPackets']),
    speedMbit: speed === undefined ? undefined : Math.round(speed / 1e6),
    mtu: countOf(adapter?.['MtuSize']),
    hardwareAddress: hardwareAddress(textOf(adapter?.['MacAddress'])),
  };
}

function sum(row: JsonRow, direction: 'Received' | 'Sent'): number | undefined {
  const parts = ['Unicast', 'Multicast', 'Broadcast'].map((kind) => countOf(row[`${direction}${kind}Packets`]));
  return parts.every((part) => part !== undefined) ? parts.reduce((total, part) => total + part, 0) : undefined;
}

/** `00-15-5D-01-02-03` */
function hardwareAddress(text: string): string {
  return /^(?:[0-9A-F]{2}-){5}[0-9A-F]{2}$/i.test(text) ? text.replaceAll('-', ':').toLowerCase() : '';
}
