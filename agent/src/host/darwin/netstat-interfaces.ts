// `netstat -ibdnW` of macOS: counters of every interface.
import { HostError } from '../host-error.ts';
import type { InterfaceRow } from '../portable/readings.ts';

/**
 * Only the rows of the link layer count; those of addresses repeat them. A `*` behind the name: down. Interfaces without a
 * hardware address leave that column out, and `Coll` and `Drop` may be missing: so columns are counted from the network on.
 */
export function parseNetstatInterfaces(text: string): InterfaceRow[] {
  const lines = text.split('\n');
  if (!/^Name\s+Mtu\s+Network\s/.test(lines[0] ?? '')) {
    const found = (lines[0] ?? '').slice(0, 120);
    throw new HostError(
      'malformed',
      `Reading netstat -i failed: found "${found}", the header "Name Mtu Network" is required`,
      {
        retryable: true,
      },
    );
  }
  const rows = new Map<string, InterfaceRow>();
  for (const line of lines.slice(1)) {
    const row = parseLink(line);
    if (row && !rows.has(row.name)) rows.set(row.name, row);
  }
  return [...rows.values()];
}

const linkPattern = /^(\S+?)(\*?)\s+(\d+)\s+<Link#\d+>\s+(?:((?:[0-9a-f]{1,2}[:.])+[0-9a-f]{1,2})\s+)?(\d.*)$/i;

function parseLink(line: string): InterfaceRow | undefined {
  const match = linkPattern.exec(line);
  if (!match) return undefined;
  const [, name = '', down, mtu, hardwareAddress = '', rest = ''] = match;
  const counters = rest.trim().split(/\s+/).map(counter);
  const [rxPackets, rxErrors, rxBytes, txPackets, txErrors, txBytes, , drops] = counters;
  if (rxBytes === undefined || txBytes === undefined) return undefined;
  const loopback = /^lo\d+$/.test(name);
  return {
    name,
    up: down === '',
    loopback,
    // Cards and modems; en0's packets pass through utun, bridge and awdl again.
    counted: /^(?:en|pdp_ip)\d+$/.test(name),
    rxBytes,
    txBytes,
    rxPackets,
    txPackets,
    rxErrors,
    txErrors,
    // if_snd.ifq_drops: of the transmit queue.
    txDrops: drops,
    mtu: Number(mtu),
    hardwareAddress: hardwareAddress.includes(':') ? padded(hardwareAddress) : '',
  };
}

function counter(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

/** `0:1c:42:0:0:8` is written with leading zeros elsewhere. */
function padded(address: string): string {
  return address
    .toLowerCase()
    .split(':')
    .map((part) => part.padStart(2, '0'))
    .join(':');
}
