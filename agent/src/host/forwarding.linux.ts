// How many IP packets this network namespace passed on for others, and how large packets are on average.
import { RereadFile } from './linux/procfs.ts';

/** Totals since the namespace began. */
export interface ForwardingCounters {
  forwardedPackets: number;
  receivedPackets: number;
  receivedBytes: number;
}

export interface ForwardingReader extends Disposable {
  /** undefined while this host does not forward at all. Throws HostError. */
  read(): ForwardingCounters | undefined;
}

/** How often it is asked whether the host forwards at all, in readings. */
const ASK_EVERY = 10;

export function openForwarding(root = '/proc/net'): ForwardingReader {
  const files = ['snmp', 'netstat', 'snmp6'].map((name) => open(`${root}/${name}`));
  const [snmp, netstat, snmp6] = files;
  const text = (file: RereadFile | undefined) => file?.read().toString('latin1') ?? '';
  let readings = 0;
  let forwards = false;
  return {
    read() {
      const ask = readings++ % ASK_EVERY === 0;
      if (!ask && !forwards) return undefined;
      const counters = parseForwarding(text(snmp), text(netstat), text(snmp6));
      forwards = counters.forwards || counters.forwardedPackets > 0;
      return forwards ? counters : undefined;
    },
    [Symbol.dispose]: () => files.forEach((file) => file?.[Symbol.dispose]()),
  };
}

/** Names as in RFC 4293 and net/ipv4/proc.c, net/ipv6/proc.c. What is not there counts as 0. */
export function parseForwarding(
  snmp: string,
  netstat: string,
  snmp6: string,
): ForwardingCounters & { forwards: boolean } {
  const ip = columns(snmp, 'Ip');
  const extended = columns(netstat, 'IpExt');
  const six = new Map(snmp6.split('\n').map((line) => line.split(/\s+/) as [string, string]));
  const of6 = (name: string) => Number(six.get(name) ?? 0) || 0;
  return {
    // 1 = forwarding, 2 = not; of IPv6 only the packets tell.
    forwards: ip.get('Forwarding') === 1,
    forwardedPackets: (ip.get('ForwDatagrams') ?? 0) + of6('Ip6OutForwDatagrams'),
    receivedPackets: (ip.get('InReceives') ?? 0) + of6('Ip6InReceives'),
    receivedBytes: (extended.get('InOctets') ?? 0) + of6('Ip6InOctets'),
  };
}

/** Two lines begin with the prefix: names, then numbers. */
function columns(text: string, prefix: string): Map<string, number> {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${prefix}: `))
    .map((line) => line.split(' ').slice(1));
  return new Map(names.map((name, at) => [name, Number(values[at]) || 0]));
}

function open(path: string): RereadFile | undefined {
  try {
    return new RereadFile(path);
  } catch {
    return undefined; // A kernel without IPv6 has no snmp6.
  }
}
