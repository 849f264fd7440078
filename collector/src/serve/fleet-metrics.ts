// What the fleet does, for /metrics: hosts by status, and the last pulse of each live host up to a bounded number of them.
import type { Pulse } from '@foretop/proto';
import type { HostStatusName } from '@foretop/proto/api';
import type { LiveHub } from '../live/hub.ts';
import type { Metric } from './metrics.ts';
import { givenUpNames, sacrifices } from './query/names.ts';

/** Each host is a label value in somebody's time series database. */
export const mostMetricHosts = 500;

export interface MetricHost {
  hostId: number;
  name: string;
  revoked: boolean;
}

/** A live host and its last pulse. */
interface Told {
  host: MetricHost;
  pulse: Pulse;
}

type Live = Pick<LiveHub, 'status' | 'lastPulse'>;

/** Hosts beyond the bound are those enrolled last; the totals hold them too. */
export function fleetMetrics(hosts: readonly MetricHost[], live: Live, most = mostMetricHosts): Metric[] {
  const counts: Record<HostStatusName, number> = { live: 0, stale: 0, offline: 0, revoked: 0 };
  const pulses: Told[] = [];
  for (const host of hosts) {
    const status = host.revoked ? 'revoked' : live.status(host.hostId);
    counts[status]++;
    const pulse = status === 'live' ? live.lastPulse(host.hostId)?.pulse : undefined;
    if (pulse !== undefined) pulses.push({ host, pulse });
  }
  const shown = pulses.slice(0, most);
  const total = (value: (entry: Told) => number) => pulses.reduce((sum, entry) => sum + value(entry), 0);
  const gauge = (name: string, help: string, samples: Metric['samples']): Metric => ({
    name,
    help,
    type: 'gauge',
    samples,
  });
  const ofEach = (name: string, help: string, value: (entry: Told) => number): Metric =>
    gauge(
      name,
      help,
      shown.map((entry) => ({
        labels: { host_id: String(entry.host.hostId), host: entry.host.name },
        value: value(entry),
      })),
    );
  const givenUp = (name: string) =>
    pulses.filter(({ pulse }) => givenUpNames(pulse.givenUp ?? 0).includes(name)).length;
  const seconds = ({ pulse }: Told) =>
    Object.entries({
      missing: pulse.missingSeconds ?? 0,
      late: pulse.lateSeconds ?? 0,
      backfilled: pulse.backfilledSeconds ?? 0,
    });
  const connections = ({ pulse }: Told) => pulse.connections ?? 0;
  const received = ({ pulse }: Told) => pulse.rxRate ?? 0;
  const transmitted = ({ pulse }: Told) => pulse.txRate ?? 0;
  return [
    gauge(
      'foretop_fleet_hosts',
      'Enrolled hosts by status.',
      Object.entries(counts).map(([status, value]) => ({ labels: { status }, value })),
    ),
    gauge('foretop_fleet_connections', 'Open connections of all live hosts.', [{ value: total(connections) }]),
    gauge('foretop_fleet_receive_bytes_per_second', 'Received by all live hosts, loopback left out.', [
      { value: total(received) },
    ]),
    gauge('foretop_fleet_transmit_bytes_per_second', 'Transmitted by all live hosts, loopback left out.', [
      { value: total(transmitted) },
    ]),
    gauge('foretop_fleet_hosts_left_out', `Live hosts beyond the ${most} that have series of their own.`, [
      { value: pulses.length - shown.length },
    ]),
    ofEach('foretop_host_connections', 'Open connections of a live host.', connections),
    ofEach('foretop_host_receive_bytes_per_second', 'Received by a live host, loopback left out.', received),
    ofEach('foretop_host_transmit_bytes_per_second', 'Transmitted by a live host, loopback left out.', transmitted),
    ofEach('foretop_host_cpu_ratio', 'CPU use of a live host, 0 to 1.', ({ pulse }) => (pulse.cpuPermille ?? 0) / 1000),
    ofEach('foretop_host_memory_used_bytes', 'Memory used on a live host.', ({ pulse }) => pulse.memoryUsedBytes ?? 0),
    ofEach(
      'foretop_host_coverage_ratio',
      "Share of a live host's traffic that was seen at sockets, 0 to 1; left out where it is not known.",
      ({ pulse }) => (pulse.hasCoverage === true ? (pulse.coveragePermille ?? 0) / 1000 : NaN),
    ),
    ofEach(
      'foretop_host_events_lost',
      'Events that the kernel of a live host could not hand over, since its agent started.',
      ({ pulse }) => pulse.eventsLost ?? 0,
    ),
    ofEach(
      'foretop_host_given_up',
      'How many things the agent of a live host does without at the moment to stay within its budget.',
      ({ pulse }) => givenUpNames(pulse.givenUp ?? 0).length,
    ),
    gauge(
      'foretop_host_ledger_seconds',
      'Seconds of a live host that are missing, came late, or after an outage, since its agent started.',
      shown.flatMap((entry) =>
        seconds(entry).map(([kind, value]) => ({
          labels: { host_id: String(entry.host.hostId), host: entry.host.name, kind },
          value,
        })),
      ),
    ),
    gauge('foretop_fleet_events_lost', 'Events lost on all live hosts, since their agents started.', [
      { value: total(({ pulse }) => pulse.eventsLost ?? 0) },
    ]),
    gauge(
      'foretop_fleet_hosts_given_up',
      'Live hosts whose agents do without something to stay within their budget.',
      sacrifices.map((name) => ({ labels: { what: name }, value: givenUp(name) })),
    ),
  ];
}
