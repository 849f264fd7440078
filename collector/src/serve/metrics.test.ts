// The text that Prometheus scrapes, read back by a strict parser of the format.
import { describe, expect, test } from 'vitest';
import { fleetMetrics } from './fleet-metrics.ts';
import { metricsText, partMetrics } from './metrics.ts';

interface Parsed {
  type: string;
  samples: { labels: Record<string, string>; value: number }[];
}

/** HELP and TYPE once each and before the samples, which stand together; names, labels and escapes as the format has them. */
function parseMetrics(text: string): Map<string, Parsed> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics = new Map<string, Parsed>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (?:[^\\]|\\\\|\\n)*$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|untyped)$/.exec(line);
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?))$/.exec(line);
    if (help !== null) {
      current = help[1]!;
      if (metrics.has(current)) throw new Error(`${current} comes twice`);
      metrics.set(current, { type: '', samples: [] });
    } else if (type !== null) {
      if (type[1] !== current || metrics.get(current)!.type !== '') throw new Error(`TYPE out of place: ${line}`);
      metrics.get(current)!.type = type[2]!;
    } else if (sample !== null && sample[1] === current && metrics.get(current)!.type !== '') {
      metrics.get(current)!.samples.push({ labels: parseLabels(sample[2] ?? ''), value: Number(sample[3]) });
    } else throw new Error(`not a line of the format: ${line}`);
  }
  for (const [name, { samples }] of metrics) {
    if (new Set(samples.map(({ labels }) => JSON.stringify(labels))).size !== samples.length)
      throw new Error(`${name} has a series twice`);
  }
  return metrics;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const match = /^([a-zA-Z_]\w*)="((?:[^\\"\n]|\\\\|\\"|\\n)*)"(?:,|$)/.exec(rest);
    if (match === null) throw new Error(`not labels: ${rest}`);
    labels[match[1]!] = match[2]!.replace(/\\(.)/g, (_all, letter: string) => (letter === 'n' ? '\n' : letter));
    rest = rest.slice(match[0].length);
  }
  return labels;
}

test('names are snake case under their part, and what is no number is left out', () => {
  const metrics = parseMetrics(
    metricsText(
      partMetrics({
        live: () => ({ agentsConnected: 3, 'odd name': 1, broken: NaN, framesTotal: 2 }),
        http: () => ({ responses_2xx_total: 9 }),
      }),
    ),
  );
  expect(
    Object.fromEntries([...metrics].map(([name, { type, samples }]) => [name, [type, samples[0]!.value]])),
  ).toEqual({
    foretop_live_agents_connected: ['untyped', 3],
    foretop_live_odd_name: ['untyped', 1],
    foretop_live_frames_total: ['counter', 2],
    foretop_http_responses_2xx_total: ['counter', 9],
  });
});

describe('the fleet', () => {
  const hostile = 'a\\b"c\nd{e="f"} 9';
  const hosts = [
    { hostId: 1, name: hostile, revoked: false },
    { hostId: 2, name: 'two', revoked: false },
    { hostId: 3, name: 'three', revoked: false },
    { hostId: 4, name: 'gone', revoked: true },
    { hostId: 5, name: 'quiet', revoked: false },
  ];
  const live = {
    status: (hostId: number) => (hostId === 5 ? 'stale' : 'live') as 'live' | 'stale',
    lastPulse: (hostId: number) => ({ pulse: { rxRate: hostId * 10, txRate: 1, connections: hostId }, receivedUs: 0 }),
  };

  test('is counted by status and summed, and a host cannot forge a line with its name', () => {
    const metrics = parseMetrics(metricsText(fleetMetrics(hosts, live)));
    const byStatus = metrics.get('foretop_fleet_hosts')!.samples.map(({ labels, value }) => [labels['status'], value]);
    expect(Object.fromEntries(byStatus)).toEqual({ live: 3, stale: 1, offline: 0, revoked: 1 });
    expect(metrics.get('foretop_fleet_connections')!.samples).toEqual([{ labels: {}, value: 6 }]);
    expect(metrics.get('foretop_host_receive_bytes_per_second')!.samples[0]).toEqual({
      labels: { host_id: '1', host: hostile },
      value: 10,
    });
    expect(metrics.get('foretop_fleet_hosts_left_out')!.samples[0]!.value).toBe(0);
  });

  test('coverage is left out where it is not known; lost events and what was given up are there', () => {
    const pulse = { hasCoverage: true, coveragePermille: 998, eventsLost: 7, missingSeconds: 3, givenUp: 6 };
    const told = { ...live, lastPulse: (hostId: number) => ({ pulse: hostId === 1 ? pulse : {}, receivedUs: 0 }) };
    const metrics = parseMetrics(metricsText(fleetMetrics(hosts, told)));
    const values = (name: string) => metrics.get(name)!.samples.map(({ value }) => value);
    expect(values('foretop_host_coverage_ratio')).toEqual([0.998]);
    expect(values('foretop_host_events_lost')).toEqual([7, 0, 0]);
    expect(values('foretop_host_given_up')).toEqual([2, 0, 0]);
    expect(values('foretop_host_ledger_seconds').slice(0, 3)).toEqual([3, 0, 0]);
    expect(values('foretop_fleet_events_lost')).toEqual([7]);
    const givenUp = metrics
      .get('foretop_fleet_hosts_given_up')!
      .samples.map(({ labels, value }) => [labels['what'], value]);
    expect(Object.fromEntries(givenUp)).toEqual({ payload: 0, sni: 1, dns: 1, 'live-rate': 0, 'sample-interval': 0 });
  });

  test('hosts beyond the bound have no series, are counted, and are in the totals', () => {
    const metrics = parseMetrics(metricsText(fleetMetrics(hosts, live, 2)));
    expect(metrics.get('foretop_host_connections')!.samples).toHaveLength(2);
    expect(metrics.get('foretop_fleet_hosts_left_out')!.samples[0]!.value).toBe(1);
    expect(metrics.get('foretop_fleet_connections')!.samples[0]!.value).toBe(6);
  });
});
